import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DockerfileFailedError, PullLimitedError, PushFailedError } from '../errors.ts';
import { run } from '../process.ts';
import { buildahContainers } from './buildah-containers.ts';
import { confinement } from './confinement.ts';
import { containersEnvironment, storeLogin } from './containers-environment.ts';
import { type BuildJob, type BuiltImage, candidateName, type Engine, namedContexts } from './engine.ts';
import { failedInstruction, pullLimit } from './failed-instruction.ts';
import { isolation } from './isolation.ts';
import { limits } from './limits.ts';
import { shortLivedContainers } from './short-lived-containers.ts';
import { Store } from './store.ts';

const baseAnnotation = 'org.opencontainers.image.base';

/** https://github.com/containers/buildah/blob/main/CHANGELOG.md, 1.33 */
const noHeredoc =
  'This Dockerfile has here-documents (<<), which Buildah before 1.33 and Podman before 4.8 do not know.';

type Program = 'podman' | 'buildah';

interface Surroundings {
  env: Readonly<Record<string, string>>;
  signal: AbortSignal;
}

/** Podman and Buildah, which build with the same code and the same options; undefined where the program is not installed. */
export async function findBuildah(program: Program, { env, signal }: Surroundings): Promise<Engine | undefined> {
  const found = await run(program, ['--version'], { env, signal }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'EACCES') return undefined;
    throw error;
  });
  if (found?.code !== 0) return undefined;
  const version = /\d+(?:\.\d+)+/.exec(found.stdout)?.[0] ?? '';
  const store = new Store(program, env);
  // While the source is fetched: what former builds left in the store is cleared.
  const tidied = store.tidy(signal);
  tidied.catch(() => undefined);
  const containers =
    program === 'buildah'
      ? buildahContainers(store)
      : shortLivedContainers({
          command: (args) => store.command([], args),
          prepare: (call, image) => containersEnvironment(call, [image]),
          hold: () => store.hold(),
          // A rootless Podman's root is the person who runs it.
          user: '0:0',
          options: limits,
        });
  return {
    name: `${program} ${version}`,
    readsSyntax: false,
    async build(job) {
      await tidied;
      return buildAndPush(store, job);
    },
    async hold(image, call) {
      await tidied;
      return containers.hold(image, call);
    },
    async files(image, paths, call, use) {
      await tidied;
      return containers.files(image, paths, call, use);
    },
    async run(container, call) {
      await tidied;
      return containers.run(container, call);
    },
  };
}

async function buildAndPush(store: Store, job: BuildJob): Promise<BuiltImage> {
  const { workspace, candidate, log, signal } = job;
  const paths = { image: join(workspace, 'image-id'), digest: join(workspace, 'digest') };
  const env = await containersEnvironment(
    { ...job, registry: candidate.registry },
    job.pins.map(({ image }) => image),
  );
  const prefix = await confinement(env, signal);
  const engine = async (args: string[]) => {
    const [program = '', ...rest] = await store.command(prefix, args);
    return run(program, rest, { env, signal, cwd: workspace, log });
  };

  const built = await engine(await buildArguments(store, job, paths.image));
  if (built.code !== 0) {
    const limit = pullLimit(log.recent);
    if (limit !== undefined) throw new PullLimitedError(limit);
    const hint = job.summary.hasHeredoc && /Unknown instruction/i.test(log.recent.join('\n')) ? `${noHeredoc} ` : '';
    throw new DockerfileFailedError(`${hint}${failedInstruction(log.recent)}`);
  }
  log.heading('push');
  // The build may have taken longer than the login that it began with.
  await storeLogin(workspace, candidate.registry);
  const image = (await readFile(paths.image, 'utf8')).trim();
  const pushed = await engine([
    'push',
    `--digestfile=${paths.digest}`,
    '--',
    image,
    `docker://${candidateName(candidate)}`,
  ]);
  if (pushed.code !== 0) {
    throw new PushFailedError(
      `The image was built, but the registry ${candidate.registry.host} did not take it: ${log.recent.at(-1) ?? 'no reason given'}. ` +
        'Nothing is wrong with the Dockerfile: have the build started again.',
    );
  }
  return { digest: (await readFile(paths.digest, 'utf8')).trim(), image };
}

async function buildArguments(store: Store, job: BuildJob, imageFile: string): Promise<string[]> {
  const { summary, pins, labels, createdAt, candidate, dockerfile, context } = job;
  const seconds = Math.floor(createdAt.getTime() / 1000);
  return [
    'build',
    `--isolation=${summary.hasRun ? await isolation(store, job) : 'chroot'}`,
    ...(summary.hasRun ? await limits() : []),
    // Buildah identifies a cached step by its text, even where the step mounts a file that has changed: no other build may use it.
    `--layers=${job.sharesCache}`,
    ...(job.noCache || !job.sharesCache ? ['--no-cache'] : []),
    '--force-rm',
    '--format=oci',
    '--identity-label=false',
    `--timestamp=${seconds}`,
    ...(summary.args.has('SOURCE_DATE_EPOCH') ? [`--build-arg=SOURCE_DATE_EPOCH=${seconds}`] : []),
    // Every base is pinned by digest, so an image that is in the store already is the right one.
    '--pull=false',
    `--iidfile=${imageFile}`,
    // The project's last image keeps its layers in the store for the next build; the one before it loses its name and is removed.
    `--tag=localhost/slipway/${candidate.repository}:${job.sharesCache ? 'last' : 'judged'}`,
    // Without these, Buildah records which cached step the image was made from, so that the digest depends on the cache.
    ...(summary.finalBase === undefined
      ? [`--annotation=${baseAnnotation}.name=`, `--annotation=${baseAnnotation}.digest=`]
      : []),
    ...Object.entries(labels).flatMap(([key, value]) => [`--label=${key}=${value}`, `--annotation=${key}=${value}`]),
    // Buildah looks up `FROM ${BASE}` by the text as written, and `COPY --from=${BASE}` with the variable replaced.
    ...namedContexts(
      pins.flatMap(({ written, reference, image }) => [written, reference].map((name) => [name, image] as const)),
    ),
    `--file=${dockerfile}`,
    '--',
    context,
  ];
}
