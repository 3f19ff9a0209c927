import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DockerfileFailedError, PushFailedError } from '../errors.ts';
import { failedInstruction } from '../failure.ts';
import { run } from '../process.ts';
import { confinement } from './confinement.ts';
import { authFile, type BuildJob, candidateName, type Engine, namedContexts } from './engine.ts';
import { isolation } from './isolation.ts';
import { limits } from './limits.ts';
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
  return {
    name: `${program} ${version}`,
    readsSyntax: false,
    async build(job) {
      await tidied;
      return buildAndPush(store, job);
    },
  };
}

async function buildAndPush(store: Store, job: BuildJob): Promise<string> {
  const { workspace, candidate, log, signal } = job;
  const paths = {
    registries: join(workspace, 'registries.conf'),
    auth: join(workspace, 'auth.json'),
    image: join(workspace, 'image-id'),
    digest: join(workspace, 'digest'),
    temporary: join(workspace, 'tmp'),
  };
  await mkdir(paths.temporary);
  await writeFile(paths.auth, authFile(candidate.registry), { mode: 0o600 });
  await writeFile(paths.registries, registriesFile(job));
  const env = {
    ...job.env,
    TMPDIR: paths.temporary,
    CONTAINERS_REGISTRIES_CONF: paths.registries,
    REGISTRY_AUTH_FILE: paths.auth,
  };
  const prefix = await confinement(env, signal);
  const engine = async (args: string[]) => {
    const [program = '', ...rest] = await store.command(prefix, args);
    return run(program, rest, { env, signal, cwd: workspace, log });
  };

  const built = await engine(await buildArguments(store, job, paths.image));
  if (built.code !== 0) {
    const hint = job.summary.hasHeredoc && /Unknown instruction/i.test(log.recent.join('\n')) ? `${noHeredoc} ` : '';
    throw new DockerfileFailedError(`${hint}${failedInstruction(log.recent)}`);
  }
  log.heading('push');
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
  return (await readFile(paths.digest, 'utf8')).trim();
}

async function buildArguments(store: Store, job: BuildJob, imageFile: string): Promise<string[]> {
  const { summary, pins, labels, createdAt, candidate, dockerfile, context } = job;
  const seconds = Math.floor(createdAt.getTime() / 1000);
  return [
    'build',
    `--isolation=${summary.hasRun ? await isolation(store, job) : 'chroot'}`,
    ...(summary.hasRun ? await limits() : []),
    '--layers',
    '--force-rm',
    '--format=oci',
    '--identity-label=false',
    `--timestamp=${seconds}`,
    ...(summary.args.has('SOURCE_DATE_EPOCH') ? [`--build-arg=SOURCE_DATE_EPOCH=${seconds}`] : []),
    // Every base is pinned by digest, so what is there already is right.
    '--pull=false',
    `--iidfile=${imageFile}`,
    // The project's last image keeps its layers in the store for the next build; the one before it loses the name and is cleared.
    `--tag=localhost/slipway/${candidate.repository}:last`,
    // Without these, Buildah notes the step of its cache that the image was made from, so that the digest depends on the cache.
    ...(summary.finalBase === undefined
      ? [`--annotation=${baseAnnotation}.name=`, `--annotation=${baseAnnotation}.digest=`]
      : []),
    ...Object.entries(labels).flatMap(([key, value]) => [`--label=${key}=${value}`, `--annotation=${key}=${value}`]),
    // Buildah looks for `FROM ${BASE}` under the text as it stands, and for `COPY --from=${BASE}` with the variable put in.
    ...namedContexts(
      pins.flatMap(({ written, reference, image }) => [written, reference].map((name) => [name, image] as const)),
    ),
    `--file=${dockerfile}`,
    '--',
    context,
  ];
}

/** Every other registry keeps TLS: `--tls-verify=false` would switch it off for all of them. */
function registriesFile({ candidate: { registry }, pins }: BuildJob): string {
  const plain = new Set<string>();
  if (registry.url.startsWith('http:')) plain.add(registry.host);
  for (const { image } of pins) {
    const host = image.slice(0, image.indexOf('/'));
    if (/^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?$/.test(host)) plain.add(host);
  }
  return [...plain].map((host) => `[[registry]]\nlocation = ${JSON.stringify(host)}\ninsecure = true\n`).join('\n');
}
