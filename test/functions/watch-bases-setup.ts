import type { ServerResponse } from 'node:http';
import { createCheckRegistries } from '../../functions/bases/check-registries.ts';
import { createWatchedImages } from '../../functions/bases/watched-images.ts';
import { createWatchBases } from '../../functions/watch-bases.ts';
import { createPublicFetch } from '../../services/http/public-fetch.ts';
import type { RegistryCredentials } from '../../services/registry/registry-credentials.ts';
import { createBaseWatchLock } from '../../services/tables/base-watch-lock.ts';
import { startHost } from '../services/http.ts';
import { type CrashPoints, createCrashPoints } from './crash-points.ts';
import { setUpServices, silentLogger, type TestServices } from './services-setup.ts';

export const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`;

export type Answer = string | ((response: ServerResponse) => void);

/** A registry that names the digests that the test sets, `<repository>:<tag>` each. */
export async function startNamedRegistry(images: Record<string, Answer> = {}) {
  const server = await startHost(({ path }, response) => {
    const [, repository, tag] = /^\/v2\/(.+)\/manifests\/(.+)$/.exec(path) ?? [];
    const answer = images[`${repository}:${tag}`];
    if (typeof answer === 'function') answer(response);
    else response.writeHead(answer ? 200 : 404, answer ? { 'docker-content-digest': answer } : {}).end();
  });
  const host = new URL(server.url).host;
  return {
    host,
    images,
    /** What was asked for, since the last question. */
    asked: () => server.requests.splice(0).map(({ method, path }) => `${method} ${path}`),
    requests: server.requests,
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** watch-bases with everything around it, in front of registries of the tests' own. */
export async function setUpWatchBases<Around extends TestServices = TestServices>({
  crashes = createCrashPoints(),
  ownHost = 'own.example',
  pullCredentials = async () => undefined,
  around,
}: {
  crashes?: CrashPoints;
  ownHost?: string;
  pullCredentials?: RegistryCredentials;
  around?: Around;
} = {}) {
  const world = around ?? ((await setUpServices()) as Around);
  const bases = crashes.guard(world.bases);
  let runs = 0;

  /** A run of the function, as a process of its own. */
  async function watch(seconds = 60): Promise<void> {
    runs += 1;
    const watchBases = createWatchBases({
      bases,
      openLock: (holder) => crashes.guard(createBaseWatchLock(world.client, 'bases', holder)),
      ownRegistry: async () => ({
        host: ownHost,
        url: `http://${ownHost}`,
        credentials: { user: 'AWS', password: 'secret' },
      }),
      watchedImages: createWatchedImages({
        dependents: crashes.guard(world.dependents),
        projects: crashes.guard(world.projects),
        repositoryPrefix: 'slipway/',
      }),
      checkRegistries: createCheckRegistries({
        bases,
        pullCredentials,
        fetchBeside: () => createPublicFetch({ privateHosts: ['127.0.0.1', 'localhost'] }),
        logger: silentLogger,
      }),
      triggers: crashes.guard(world.triggers),
      logger: silentLogger,
    });
    await watchBases(new Date(Date.now() + 45_000 + seconds * 1000), `run-${runs}`);
  }

  return Object.assign(world, {
    watch,

    /** A project whose newest candidate was built on these images. */
    async dependsOn(job: string, on: Record<string, string>): Promise<void> {
      const name = `demo/${job}:latest`;
      await world.track({ name, appId: 'demo', jobId: job });
      await this.built(job, on);
    },

    /** A build of the project has used these images; `none` stands for one that was not there. */
    async built(job: string, on: Record<string, string>, app = 'demo'): Promise<void> {
      const name = `${app}/${job}:latest`;
      const sequence = await world.projects.nextSequence(name, { id: '0000000000000001', ref: 'refs/heads/main' });
      const base = ([image, digest]: [string, string]) => ({
        reference: image,
        image: image.replace(/@.*/, ''),
        digest,
        own: image.startsWith(`${ownHost}/`),
      });
      const build = await world.queue(`${job}-${sequence}`.padStart(16, '0'), { project: name, sequence });
      const there = Object.entries(on)
        .filter(([, digest]) => digest !== 'none')
        .map(base);
      const missing = Object.entries(on)
        .filter(([, digest]) => digest === 'none')
        .map(base)
        .map(({ digest: _, ...rest }) => rest);
      await world.recordBases(build, {
        outcome: 'failed',
        error: 'x',
        message: 'x',
        bases: there,
        missingBases: missing,
      });
      await world.builds.close(build, 'failed');
    },

    /** What was announced since the last call. */
    announced: () =>
      world.sent
        .splice(0)
        .flatMap((trigger) =>
          trigger.type === 'bases-changed'
            ? [
                trigger.bases
                  .map(
                    ({ image, previous, digest }) =>
                      `${image.slice(image.indexOf('/') + 1)} ${previous.slice(-1)}→${digest.slice(-1)}`,
                  )
                  .sort(),
              ]
            : [],
        ),
  });
}

export type WatchBasesSetup = Awaited<ReturnType<typeof setUpWatchBases>>;
