import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { architectureOf } from '../../core/model/platform.ts';
import { cacheOf } from '../../core/model/project.ts';
import { PushFailedError } from '../errors.ts';
import { exists, run } from '../process.ts';
import { manifestDigest } from '../registry.ts';
import { annotate } from './annotate.ts';
import { type BuildxBuilder, inContainer, knowsNamedContexts, selectedBuilder, withStore } from './buildx-builder.ts';
import { endsWithBuilder } from './confinement.ts';
import { dockerConfiguration } from './docker-config.ts';
import { type BuildJob, type BuiltImage, candidateName, choices, type Engine, namedContexts } from './engine.ts';
import { buildFailure, pushFailure } from './failed-instruction.ts';
import { type PinnedBuildkit, startBuildkit } from './pinned-buildkit.ts';
import { refuseRemoteSources } from './remote-sources.ts';
import { shortLivedContainers } from './short-lived-containers.ts';
import { StepCounter } from './step-counter.ts';

/** The layers of each platform are others. */
const cacheTagOf = ({ platform }: Pick<BuildJob, 'platform'>): string =>
  platform === undefined ? 'cache' : `cache-${architectureOf(platform)}`;

const metadataSchema = z.object({ 'containerimage.digest': z.string() });

/**
 * Docker with BuildKit; undefined where buildx is not installed, has no builder that works, or one that knows no named contexts.
 * @param surroundings.buildkit what builds in place of the daemon's own BuildKit
 */
export async function findDocker(surroundings: {
  env: Readonly<Record<string, string>>;
  signal: AbortSignal;
  buildkit: PinnedBuildkit | undefined;
}): Promise<Engine | undefined> {
  const { env, signal, buildkit } = surroundings;
  const selected = await selectedBuilder(env, signal);
  if (selected === undefined) return undefined;
  // A person's own builder is of the version that the person chose.
  const pinned = selected.driver === 'docker' ? buildkit : undefined;
  if (pinned === undefined && !knowsNamedContexts(selected)) return undefined;
  const builder = pinned === undefined ? await withStore(selected, env, signal) : { ...selected, ...inContainer };
  const containers = shortLivedContainers({
    command: async (args) => ['docker', ...args],
    prepare: async ({ workspace, env: own, registry }) => ({
      ...own,
      ...(await dockerConfiguration(workspace, own, registry)),
    }),
    user: `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`,
    async letGo(image, call) {
      // The daemon pulled it only for this, and would keep the image of every build. An image that another build is reading stays.
      await exists('docker', ['image', 'rm', image], { env: call.env, signal: AbortSignal.timeout(10_000) });
    },
  });
  return {
    name: pinned === undefined ? `BuildKit ${selected.version} (${selected.driver})` : `BuildKit ${pinned.image}`,
    readsSyntax: true,
    platforms: builder.platforms,
    confinement: { isConfined: true, description: describeContainers(builder) },
    parts: pinned === undefined ? [] : [pinned.image],
    build: (job) => buildAndPush(builder, job, pinned),
    ...containers,
  };
}

/** For the log. Docker's daemon is in the machine's network, but not its containers. */
function describeContainers({ driver, hasMachineNetwork }: BuildxBuilder): string {
  if (driver === 'docker') return 'containers of Docker';
  return `containers of BuildKit${hasMachineNetwork ? " with this machine's network" : ''}`;
}

async function buildAndPush(
  builder: BuildxBuilder,
  job: BuildJob,
  pinned: PinnedBuildkit | undefined,
): Promise<BuiltImage> {
  const { workspace, candidate, log, signal } = job;
  if (!job.isTrusted && builder.hasMachineNetwork)
    refuseRemoteSources(job.summary.remoteSources, builder.driver === 'docker' ? "Docker's daemon" : 'this BuildKit');
  const metadata = join(workspace, 'metadata.json');
  const env: Record<string, string> = {
    ...job.env,
    ...(await dockerConfiguration(workspace, job.env, candidate.registry)),
    // Of an engine that cannot rewrite the times at the end, the steps have to write the right ones.
    ...(builder.rewritesTimestamps ? {} : { SOURCE_DATE_EPOCH: secondsOf(job) }),
    BUILDX_METADATA_PROVENANCE: 'disabled',
  };
  const { registry, repository } = candidate;
  if (pinned !== undefined) env.BUILDX_BUILDER = await startBuildkit(pinned, { env, signal });
  const hasCache =
    job.sharesCache &&
    builder.hasContainerdStore &&
    (await manifestDigest(registry, cacheOf(repository), cacheTagOf(job), signal)) !== undefined;
  const steps = new StepCounter();
  try {
    // BuildKit would build on for a client that outlives the builder.
    const [program = '', ...prefix] = [...(await endsWithBuilder(env, signal)), 'docker'];
    const { code } = await run(program, [...prefix, ...buildArguments(builder, job, { metadata, hasCache })], {
      env,
      signal,
      cwd: workspace,
      log: steps.counting(log),
    });
    if (code !== 0) {
      const refused = pushFailure(log.recent);
      if (refused !== undefined) throw new PushFailedError(refused);
      throw buildFailure(log.recent);
    }
  } finally {
    // The daemon's own store keeps what it pushed. Its layers stay in BuildKit's cache, which is bounded.
    if (builder.driver === 'docker') {
      await exists('docker', ['image', 'rm', '--force', candidateName(candidate)], {
        env,
        signal: AbortSignal.timeout(10_000),
      });
    }
  }
  const digest = builder.hasContainerdStore
    ? metadataSchema.parse(JSON.parse(await readFile(metadata, 'utf8')))['containerimage.digest']
    : await annotate(candidate, job.labels, signal);
  return { image: `${registry.host}/${repository}@${digest}`, cacheUse: steps.use, push: async () => digest };
}

function buildArguments(
  builder: BuildxBuilder,
  job: BuildJob,
  files: { metadata: string; hasCache: boolean },
): string[] {
  const { candidate, labels, pins, frontend, dockerfile, context } = job;
  const name = candidateName(candidate);
  const cache = `type=registry,ref=${candidate.registry.host}/${cacheOf(candidate.repository)}:${cacheTagOf(job)}`;
  const output = ['type=image', `name=${name}`, 'push=true'];
  if (builder.hasContainerdStore) output.push('oci-mediatypes=true');
  if (builder.driver !== 'docker') output.push('store=false');
  // Only the export knows the commit's time. As an argument it goes into each WORKDIR, so that with every commit this step and all that
  // follow it run again. https://github.com/moby/buildkit/pull/5960
  if (builder.rewritesTimestamps) output.push('rewrite-timestamp=true', `source-date-epoch=${secondsOf(job)}`);
  return [
    'buildx',
    'build',
    '--progress=plain',
    // Attestations would make the image an index, which ECR does not scan.
    '--provenance=false',
    '--sbom=false',
    ...(job.noCache || !job.sharesCache ? ['--no-cache'] : []),
    ...Object.entries(labels).map(([key, value]) => `--label=${key}=${value}`),
    ...(builder.hasContainerdStore
      ? [
          ...Object.entries(labels).map(([key, value]) => `--annotation=${key}=${value}`),
          ...(files.hasCache ? [`--cache-from=${cache}`] : []),
          ...(job.sharesCache
            ? [`--cache-to=${cache},mode=max,image-manifest=true,oci-mediatypes=true,ignore-error=true`]
            : []),
        ]
      : []),
    // Of an argument that is there twice the last one counts: the pipeline's own come after the project's.
    ...choices(job),
    ...(job.summary.args.has('SOURCE_DATE_EPOCH') ? [`--build-arg=SOURCE_DATE_EPOCH=${secondsOf(job)}`] : []),
    // BuildKit knows a step's result by all that went into it. What steps leave in cache mounts is known by a name that anybody may
    // take. https://docs.docker.com/reference/dockerfile/#buildkit-built-in-build-args
    `--build-arg=BUILDKIT_CACHE_MOUNT_NS=${job.sharesCache ? candidate.repository : candidate.tag}`,
    ...(frontend === undefined ? [] : [`--build-arg=BUILDKIT_SYNTAX=${frontend}`]),
    ...namedContexts(pins.map(({ reference, image }) => [reference, image] as const)),
    `--metadata-file=${files.metadata}`,
    `--output=${output.join(',')}`,
    `--file=${dockerfile}`,
    '--',
    context,
  ];
}

/** The commit's time. */
function secondsOf({ createdAt }: BuildJob): string {
  return String(Math.floor(createdAt.getTime() / 1000));
}
