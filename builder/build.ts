import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DockerfileSummary } from '../core/bases/dockerfile.ts';
import type { Authored } from '../core/model/build.ts';
import type { BuildRequest, BuildResult } from '../core/model/builder-contract.ts';
import { describeCacheUse } from '../core/model/cache-use.ts';
import type { PackageList } from '../core/model/package-list.ts';
import { type Platform, partTag } from '../core/model/platform.ts';
import { repositoriesOf } from '../core/model/project.ts';
import { parseProjectName } from '../core/model/project-name.ts';
import type { ScannerReports } from '../core/scanners/report.ts';
import type { BaseSearch, ResolvedBase } from './bases.ts';
import type { BuildSession } from './build-session.ts';
import { readProjectTest } from './cccp-file.ts';
import { findDockerfile } from './dockerfile.ts';
import { readerDescription } from './engines/confinement.ts';
import type { Pin } from './engines/engine.ts';
import { toolEnvironment } from './engines/environment.ts';
import { findEngine } from './engines/find-engine.ts';
import type { PinnedBuildkit } from './engines/pinned-buildkit.ts';
import { BuildNotConfinedError, PushFailedError } from './errors.ts';
import { imageLabels } from './labels.ts';
import type { BuildLog } from './log.ts';
import { listContents, packagesLine } from './packages/keep-packages.ts';
import { type NamedImages, pinBases, withoutPin } from './pin-bases.ts';
import { builtFor } from './platform.ts';
import { runPrebuild } from './prebuild.ts';
import type { Redaction } from './redaction.ts';
import { manifestDigest, readConfiguration } from './registry.ts';
import { scanImage, scannerTimeout } from './scan.ts';
import { beginSbom } from './scanners/sbom.ts';
import type { ScanSubject } from './scanners/scanner.ts';
import { readSecrets } from './secrets.ts';
import { fetchSource } from './source.ts';

export interface BuildOptions {
  log: BuildLog;
  session: BuildSession;
  signal: AbortSignal;
  environment: NodeJS.ProcessEnv;
  /** Hosts that may have private addresses, although strangers name them. */
  privateHosts: readonly string[];
  /** The platform of this builder, where the build has several; undefined where it has one. */
  platform: Platform | undefined;
  /** What prebuild scripts run in. */
  prebuildImage: string;
  /** The BuildKit that builds where Docker's daemon is not somebody's own. */
  buildkit: PinnedBuildkit;
  /** Whether builds run even where nothing keeps them from this machine. */
  trustsBuilds: boolean;
  /** By the host of an outside registry: the prefix under which ECR's pull-through cache has its images. */
  pullThrough: BaseSearch['pullThrough'];
  /** The prefix of the names of the builds' secrets. */
  secretsPrefix: string;
  redaction: Redaction;
  /** Stores the list of the packages in the image. */
  onPackages: (packages: PackageList) => Promise<void>;
  /** Stores the scanners' reports. */
  onScanners: (reports: ScannerReports) => Promise<void>;
  keepSbom: ScanSubject['keepSbom'];
  /** Receives who wrote the commit, also for a build that fails later. */
  onSource: (authored: Authored) => void;
  /** Receives what the Dockerfile depends on, also for a build that fails later or because of it. */
  onBases: (named: NamedImages) => void;
}

/**
 * From a commit to a candidate in the registry.
 * @throws an error of `errors.ts`, or the signal's reason
 */
export async function build(request: BuildRequest, options: BuildOptions): Promise<BuildResult & { outcome: 'built' }> {
  const { log, platform, privateHosts, signal } = options;
  const workspace = await mkdtemp(join(tmpdir(), 'slipway-build-'));
  try {
    using opened = new DisposableStack();
    const { env, secrets, source, registry, engine } = await start(request, options, { workspace, opened });
    const { repositoryPrefix } = request;
    const search = { own: registry, repositoryPrefix, privateHosts, pullThrough: options.pullThrough, signal };
    const call = { workspace, registry, env, log, signal };
    const { prebuild } = request;
    if (prebuild) {
      log.heading('prebuild');
      await runPrebuild({ prebuild, folder: source.folder, image: options.prebuildImage, search, engine, call });
    }
    const test = await readProjectTest(source.folder, request, log);
    const given = { engine, platform, secrets, log };
    const { context, dockerfile, summary, mounted } = await findDockerfile(source.folder, request, given);

    log.heading('bases');
    const { bases, frontend } = await pinBases(summary, { engine, platform, search, onBases: options.onBases });
    for (const base of bases)
      log.line(`${base.reference} is ${base.pinned}${base.own ? ' (a release of this pipeline)' : ''}`);
    if (bases.length === 0) log.line('none');
    const pinned = new Map(bases.map((base) => [base.reference, base]));

    log.heading('build');
    log.line(`${request.dockerfile} in ${request.context}`);
    const finalBase = summary.finalBase === undefined ? undefined : pinned.get(summary.finalBase);
    const tag = platform === undefined ? request.id : partTag(request.id, platform);
    const candidate = { registry, repository: request.candidate, tag };
    const { image, cacheUse, push } = await engine.build({
      workspace,
      context,
      dockerfile,
      summary,
      pins: pinsOf(summary, pinned),
      frontend,
      buildArgs: request.buildArgs ?? {},
      secrets,
      // No engine counts the value of a secret: a step that mounts one would be the same after another has taken its place.
      noCache: request.noCache || mounted.some(({ id }) => Object.hasOwn(secrets, id)),
      isTrusted: options.trustsBuilds,
      sharesCache: request.cache !== 'none',
      labels: imageLabels(request, source.committedAt, finalBase),
      createdAt: source.committedAt,
      platform,
      candidate,
      env,
      log,
      signal,
    });
    if (cacheUse) log.line(describeCacheUse(cacheUse));
    log.heading('push');
    await using _held = await engine.hold(image, call);
    // It takes longer than any other scanner, and needs the image's files alone.
    await using generation = beginSbom({ engine, image }, { workspace, registry, env, signal }, scannerTimeout);
    const digest = await push();
    if ((await manifestDigest(registry, candidate.repository, digest, signal)) !== digest) {
      throw new PushFailedError(`The image was pushed, but the registry ${registry.host} does not have ${digest}.`);
    }
    log.line(`${registry.host}/${candidate.repository}@${digest}`);

    log.heading('packages');
    log.line(`the image's files are read by ${readerDescription}`);
    const configuration = readConfiguration(registry, candidate.repository, digest, signal);
    const { packages, programs } = await listContents({ engine, image, configuration, call });
    log.line(packagesLine(packages));
    await options.onPackages(packages);

    log.heading('scan');
    const reports = await scanImage(
      {
        engine,
        image,
        reference: `${registry.host}/${candidate.repository}@${digest}`,
        release: `${registry.host}/${repositoriesOf(parseProjectName(request.project), request.repositoryPrefix).release}`,
        createdAt: source.committedAt,
        architecture: builtFor(platform).architecture,
        labels: async () => (await configuration).labels,
        packages,
        programs,
        checkout: source.folder,
        dockerfile,
        dockerfileName: request.dockerfile,
        keepSbom: options.keepSbom,
        test,
        generatedSbom: generation.made,
      },
      { call: { workspace, registry, env, signal }, log },
    );
    await options.onScanners(reports);
    return {
      outcome: 'built',
      digest,
      commit: request.source.commit,
      committedAt: source.committedAt.toISOString(),
      authored: source.authored,
      bases: bases.map(withoutPin),
      engine: engine.name,
      cacheUse,
    };
  } finally {
    await rm(workspace, { recursive: true, force: true });
  }
}

/** Fetches the source and its secrets, signs in to the registry, and finds the engine. */
async function start(
  request: BuildRequest,
  options: BuildOptions,
  { workspace, opened }: { workspace: string; opened: DisposableStack },
) {
  const { log, platform, privateHosts, session, signal } = options;
  const env = toolEnvironment(options.environment);
  log.heading('fetch');
  log.line(`${request.source.url} ${request.source.ref} ${request.source.commit}`);
  const credential = request.source.hasSecret ? await session.source() : undefined;
  const secrets = await readSecrets(request, { ...options, workspace });
  const login = session.registry(signal).then((own) => opened.use(own));
  const [source, registry, engine] = await together([
    fetchSource(request.source, workspace, { env, log, privateHosts, credential, signal }),
    login,
    login.then(({ url }) => {
      // A registry over plain HTTP is on this machine, and then Docker's daemon is its owner's.
      const buildkit = url.startsWith('https:') ? options.buildkit : undefined;
      return findEngine({ env, signal, cacheOwner: cacheOwnerOf(request, platform), buildkit });
    }),
  ]);
  log.line(`${engine.name}; commands of the build run in ${engine.confinement.description}`);
  options.onSource(source.authored);
  if (!engine.confinement.isConfined && !options.trustsBuilds) throw new BuildNotConfinedError(engine.name);
  return { env, secrets, source, registry, engine };
}

/** The images to put in place of the names in the Dockerfile. */
function pinsOf({ bases }: DockerfileSummary, pinned: ReadonlyMap<string, ResolvedBase>): Pin[] {
  return bases.flatMap(({ written, reference }) => {
    const image = pinned.get(reference)?.pinned;
    return image === undefined ? [] : [{ written, reference, image }];
  });
}

/** Builds of pull requests share no layers with the others: anybody can open one. */
function cacheOwnerOf({ project, cache = 'shared' }: BuildRequest, platform: Platform | undefined): string {
  return [project, cache, ...(platform === undefined ? [] : [platform])].join(' ');
}

/** Like `Promise.all`, but it throws only when everything has ended: the workspace is removed next. */
async function together<T extends readonly unknown[]>(work: { [K in keyof T]: Promise<T[K]> }): Promise<T> {
  await Promise.allSettled(work);
  return (await Promise.all(work)) as unknown as T;
}
