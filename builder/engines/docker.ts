import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { architectureOf } from '../../core/model/platform.ts';
import { cacheOf } from '../../core/model/project.ts';
import { PushFailedError } from '../errors.ts';
import { exists, run } from '../process.ts';
import { manifestDigest } from '../registry.ts';
import { annotate } from './annotate.ts';
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

/** What a builder of `docker buildx` can do. */
interface Abilities {
  driver: string;
  /** Docker's older image store keeps neither annotations nor OCI manifests, and exports no cache. */
  hasContainerdStore: boolean;
  /** Not from Docker's own store, where files must have the times that they have in its layers. */
  rewritesTimestamps: boolean;
}

const containerAbilities: Abilities = {
  driver: 'docker-container',
  hasContainerdStore: true,
  rewritesTimestamps: true,
};
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
  const found = await run('docker', ['buildx', 'inspect', '--bootstrap'], { env, signal }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'EACCES') return undefined;
      throw error;
    },
  );
  if (found?.code !== 0) return undefined;
  const driver = /^Driver:\s*(\S+)/m.exec(found.stdout)?.[1] ?? '';
  const version = /^Build[Kk]it(?: version)?:\s*v?(\S+)/m.exec(found.stdout)?.[1];
  if (version === undefined || !/^Status:\s*running/m.test(found.stdout)) return undefined;
  // A person's own builder is of the version that the person chose.
  const pinned = driver === 'docker' ? buildkit : undefined;
  if (pinned === undefined && !knowsNamedContexts(version)) return undefined;
  const abilities = pinned === undefined ? await abilitiesOf(driver, version, surroundings) : containerAbilities;
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
    name: pinned === undefined ? `BuildKit ${version} (${driver})` : `BuildKit ${pinned.image}`,
    readsSyntax: true,
    platforms: platformsIn(found.stdout),
    confinement: {
      isConfined: true,
      description: `containers of ${abilities.driver === 'docker' ? 'Docker' : 'BuildKit'}`,
    },
    parts: pinned === undefined ? [] : [pinned.image],
    build: (job) => buildAndPush(abilities, job, pinned),
    ...containers,
  };
}

/** `Platforms: linux/amd64*, linux/amd64/v2, linux/arm64`: a star is at those that its owner has chosen. */
function platformsIn(inspected: string): string[] {
  const named = /^Platforms:(.*)$/m.exec(inspected)?.[1] ?? '';
  return named
    .split(',')
    .map((name) => name.trim().replace(/\*$/, ''))
    .filter(Boolean);
}

async function abilitiesOf(
  driver: string,
  version: string,
  { env, signal }: { env: Readonly<Record<string, string>>; signal: AbortSignal },
): Promise<Abilities> {
  const hasContainerdStore =
    driver !== 'docker' ||
    (await run('docker', ['info', '--format={{json .DriverStatus}}'], { env, signal })).stdout.includes(
      'io.containerd.snapshotter',
    );
  return { driver, hasContainerdStore, rewritesTimestamps: driver !== 'docker' && rewritesTimestamps(version) };
}

async function buildAndPush(
  abilities: Abilities,
  job: BuildJob,
  pinned: PinnedBuildkit | undefined,
): Promise<BuiltImage> {
  const { workspace, candidate, log, signal } = job;
  // The daemon's own BuildKit has the daemon's network; in a container it has one of its own.
  if (!job.isTrusted && abilities.driver === 'docker')
    refuseRemoteSources(job.summary.remoteSources, "Docker's daemon");
  const metadata = join(workspace, 'metadata.json');
  const env: Record<string, string> = {
    ...job.env,
    ...(await dockerConfiguration(workspace, job.env, candidate.registry)),
    // Of an engine that cannot rewrite the times at the end, the steps have to write the right ones.
    ...(abilities.rewritesTimestamps ? {} : { SOURCE_DATE_EPOCH: secondsOf(job) }),
    BUILDX_METADATA_PROVENANCE: 'disabled',
  };
  const { registry, repository } = candidate;
  if (pinned !== undefined) env.BUILDX_BUILDER = await startBuildkit(pinned, { env, signal });
  const hasCache =
    job.sharesCache &&
    abilities.hasContainerdStore &&
    (await manifestDigest(registry, cacheOf(repository), cacheTagOf(job), signal)) !== undefined;
  const steps = new StepCounter();
  try {
    const { code } = await run('docker', buildArguments(abilities, job, { metadata, hasCache }), {
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
    if (abilities.driver === 'docker') {
      await exists('docker', ['image', 'rm', '--force', candidateName(candidate)], {
        env,
        signal: AbortSignal.timeout(10_000),
      });
    }
  }
  const digest = abilities.hasContainerdStore
    ? metadataSchema.parse(JSON.parse(await readFile(metadata, 'utf8')))['containerimage.digest']
    : await annotate(candidate, job.labels, signal);
  return { image: `${registry.host}/${repository}@${digest}`, cacheUse: steps.use, push: async () => digest };
}

function buildArguments(abilities: Abilities, job: BuildJob, files: { metadata: string; hasCache: boolean }): string[] {
  const { candidate, labels, pins, frontend, dockerfile, context } = job;
  const name = candidateName(candidate);
  const cache = `type=registry,ref=${candidate.registry.host}/${cacheOf(candidate.repository)}:${cacheTagOf(job)}`;
  const output = ['type=image', `name=${name}`, 'push=true'];
  if (abilities.hasContainerdStore) output.push('oci-mediatypes=true');
  if (abilities.driver !== 'docker') output.push('store=false');
  // Only the export knows the commit's time. As an argument it goes into each WORKDIR, so that with every commit this step and all that
  // follow it run again. https://github.com/moby/buildkit/pull/5960
  if (abilities.rewritesTimestamps) output.push('rewrite-timestamp=true', `source-date-epoch=${secondsOf(job)}`);
  return [
    'buildx',
    'build',
    '--progress=plain',
    // Attestations would make the image an index, which ECR does not scan.
    '--provenance=false',
    '--sbom=false',
    ...(job.noCache || !job.sharesCache ? ['--no-cache'] : []),
    ...Object.entries(labels).map(([key, value]) => `--label=${key}=${value}`),
    ...(abilities.hasContainerdStore
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

/**
 * Since BuildKit 0.10; Docker's daemon, which reports its own version instead, has it since 23.
 * https://docs.docker.com/build/buildkit/#buildkit (development builds report no version and are assumed to support everything)
 */
function knowsNamedContexts(version: string): boolean {
  return version.startsWith('0.0.0') || atLeast(version, [0, 10], [23, 0]);
}

function rewritesTimestamps(version: string): boolean {
  return version.startsWith('0.0.0') || atLeast(version, [0, 13], [26, 0]);
}

function atLeast(version: string, buildkit: [number, number], docker: [number, number]): boolean {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  const [leastMajor, leastMinor] = major >= 17 ? docker : buildkit;
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}
