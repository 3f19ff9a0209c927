import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { mounts } from '../../core/bases/run-options.ts';
import { DockerfileFailedError, DockerfileInvalidError, PushFailedError } from '../errors.ts';
import { runnablePlatforms } from '../platform.ts';
import { type OutputLog, run } from '../process.ts';
import { triggersOf } from './base-triggers.ts';
import { buildahContainers } from './buildah-containers.ts';
import { containersEnvironment, storeLogin } from './containers-environment.ts';
import { type BuildJob, type BuiltImage, candidateName, choices, type Engine, namedContexts } from './engine.ts';
import { buildFailure } from './failed-instruction.ts';
import {
  buildOptions,
  describeIsolation,
  enginePrefix,
  findIsolation,
  type Isolation,
  runtimeOptions,
} from './isolation.ts';
import { limits } from './limits.ts';
import { refuseRemoteSources } from './remote-sources.ts';
import { isAtLeast, refuseUnsafeMounts, resolvesMountsSafely } from './safe-mounts.ts';
import { shortLivedContainers } from './short-lived-containers.ts';
import { StepCounter } from './step-counter.ts';
import { Store } from './store.ts';

const baseAnnotation = 'org.opencontainers.image.base';

/** https://github.com/containers/buildah/blob/main/CHANGELOG.md, 1.33 */
const knowsHeredoc = { buildah: [1, 33], podman: [4, 8] } as const;
const noHeredoc =
  'This Dockerfile has here-documents (<<), which Buildah before 1.33 and Podman before 4.8 do not know. Write the commands without them, or build with a newer version.';

/** https://github.com/containers/buildah/blob/main/docs/buildah-build.1.md, `--file` */
const preprocessed = (name: string) =>
  `The Dockerfile is called ${JSON.stringify(name)}, and Buildah and Podman give one whose name ends in ".in" to the C preprocessor, which puts other files of this machine into it. Give it another name, and push again.`;

type Program = 'podman' | 'buildah';

interface Surroundings {
  env: Readonly<Record<string, string>>;
  signal: AbortSignal;
  /** Whose layers may be used again, and who may use the layers of this build. */
  cacheOwner: string;
  isRetried?: boolean | undefined;
}

/** Podman or Buildah with what is known of it on this machine. */
interface Tool {
  program: Program;
  version: string;
  store: Store;
  isolation: Isolation;
}

/** Podman and Buildah, which build with the same code and the same options; undefined where the program is not installed. */
export async function findBuildah(
  program: Program,
  { env, signal, cacheOwner, isRetried }: Surroundings,
): Promise<Engine | undefined> {
  const found = await run(program, ['--version'], { env, signal }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'EACCES') return undefined;
    throw error;
  });
  if (found?.code !== 0) return undefined;
  const version = /\d+(?:\.\d+)+/.exec(found.stdout)?.[0] ?? '';
  const store = new Store(program, env, cacheOwner);
  await store.tidy(signal);
  const isolation = await findIsolation(store, { env, signal, isRetried });
  const containers =
    program === 'buildah'
      ? buildahContainers(store, isolation)
      : shortLivedContainers({
          command: async (args) => {
            const { hidesCgroups } = isolation;
            // What starts a container here starts every one so, a build's and one that runs by itself.
            const prefix = hidesCgroups ? await enginePrefix(isolation, { env, signal }) : [];
            return store.command(prefix, [...runtimeOptions(isolation), ...args]);
          },
          prepare: (call, image) => containersEnvironment(call, [image]),
          hold: () => store.hold(),
          // A rootless Podman's root is the person who runs it.
          user: '0:0',
          options: limits,
        });
  return {
    name: `${program} ${version}`,
    readsSyntax: false,
    platforms: await runnablePlatforms(),
    confinement: { isConfined: isolation.kind !== 'chroot', description: describeIsolation(isolation) },
    parts: [],
    build: (job) => build({ program, version, store, isolation }, job),
    ...containers,
  };
}

async function build(tool: Tool, job: BuildJob): Promise<BuiltImage> {
  const { workspace, candidate, dockerfile, log, signal, summary } = job;
  const { program, version, store, isolation } = tool;
  // It would take the text for instructions, which nobody has checked.
  if (summary.hasHeredoc && !isAtLeast(version, knowsHeredoc[program])) throw new DockerfileFailedError(noHeredoc);
  const paths = { image: join(workspace, 'image-id'), digest: join(workspace, 'digest') };
  if (summary.ambiguity !== undefined) {
    throw new DockerfileInvalidError(
      `The Dockerfile cannot be built by ${program}, which may read other instructions in it than Docker does. ${summary.ambiguity} Correct it, and push again.`,
    );
  }
  if (dockerfile.endsWith('.in')) throw new DockerfileInvalidError(preprocessed(basename(dockerfile)));
  const images = job.pins.map(({ image }) => image);
  const env = await containersEnvironment({ ...job, registry: candidate.registry }, images);
  const prefix = await enginePrefix(isolation, { env, signal });
  const ask = async (args: string[], output?: 'log', printed: OutputLog = log) => {
    const [name = '', ...rest] = await store.command(prefix, args);
    return run(name, rest, { env, signal, cwd: workspace, log: output && printed });
  };
  const triggered = await triggersOf(store, images, { ask, recent: log.recent });
  const runOptions = [...summary.runOptions, ...triggered.runOptions];
  if (!job.isTrusted) {
    refuseRemoteSources([...summary.remoteSources, ...triggered.remoteSources], program);
    if (!resolvesMountsSafely(program, version))
      await refuseUnsafeMounts(runOptions, { context: job.context, engine: `${program} ${version}` });
  }

  const steps = new StepCounter();
  const args = await buildArguments(isolation, job, { imageFile: paths.image, runOptions });
  const built = await ask(args, 'log', steps.counting(log));
  if (built.code !== 0) throw buildFailure(log.recent);
  const image = (await readFile(paths.image, 'utf8')).trim();
  return {
    image,
    cacheUse: steps.use,
    async push() {
      // The build may have taken longer than the login that it began with.
      await storeLogin(workspace, candidate.registry);
      const pushed = await ask(
        ['push', `--digestfile=${paths.digest}`, '--', image, `docker://${candidateName(candidate)}`],
        'log',
      );
      if (pushed.code !== 0) {
        throw new PushFailedError(
          `The image was built, but the registry ${candidate.registry.host} did not take it: ${log.recent.at(-1) ?? 'no reason given'}.`,
        );
      }
      return (await readFile(paths.digest, 'utf8')).trim();
    },
  };
}

async function buildArguments(
  isolation: Isolation,
  job: BuildJob,
  { imageFile, runOptions }: { imageFile: string; runOptions: readonly string[] },
): Promise<string[]> {
  const { summary, pins, labels, createdAt, candidate, dockerfile, context } = job;
  const seconds = Math.floor(createdAt.getTime() / 1000);
  // Buildah identifies a cached step by its text, even where the step mounts a file that has changed.
  const sharesLayers = job.sharesCache && !mounts(runOptions);
  return [
    'build',
    ...buildOptions(isolation),
    ...(await limits()),
    `--layers=${sharesLayers}`,
    ...(job.noCache || !sharesLayers ? ['--no-cache'] : []),
    '--force-rm',
    '--format=oci',
    '--identity-label=false',
    `--timestamp=${seconds}`,
    ...choices(job),
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
