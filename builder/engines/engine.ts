import type { DockerfileSummary } from '../../core/bases/dockerfile.ts';
import type { CacheUse } from '../../core/model/cache-use.ts';
import type { Platform } from '../../core/model/platform.ts';
import type { Registry } from '../../services/registry/registry-client.ts';
import type { Logins } from '../build-session.ts';
import type { BuildLog } from '../log.ts';
import type { Finished, OutputLog } from '../process.ts';

/** A program that builds images from Dockerfiles. */
export interface Engine {
  /** With its version: `buildah 1.28.2`. */
  readonly name: string;
  /** Whether it fetches the image that `# syntax=` names. */
  readonly readsSyntax: boolean;
  /** The platforms whose commands it can run: `linux/amd64`. */
  readonly platforms: readonly string[];
  /** What keeps a build's commands from this machine, as the log says it, and whether that keeps untrusted ones from it. */
  readonly confinement: { readonly isConfined: boolean; readonly description: string };
  /** Images that the engine itself may pull and run, so that the build's login must open them. */
  readonly parts: readonly string[];
  /**
   * Builds an image for the build's tag in the candidate repository.
   * @throws DockerfileFailedError, PushFailedError
   */
  build(job: BuildJob): Promise<BuiltImage>;
  /**
   * Keeps an image ready until it is released: the callers in the meantime share the cost of reading its files or of starting a
   * container.
   */
  hold(image: string, call: EngineCall): Promise<AsyncDisposable>;
  /**
   * Lends a folder that has the named files and folders of an image, `.` for all, and perhaps more. They are for reading alone; nothing of the
   * image runs. Links in it may point anywhere.
   */
  files<Value>(image: string, paths: readonly string[], call: EngineCall, use: Borrower<Value>): Promise<Value>;
  /**
   * Runs a command in a new container of an image instead of the image's own command, and removes the container. A command that cannot
   * be started also ends with a code other than 0, and with the engine's message on stderr.
   * @throws OutputLimitError, EngineCallFailedError, or the signal's reason
   */
  run(container: Container, call: EngineCall): Promise<Finished>;
}

export interface BuiltImage {
  /** What the engine knows the image by; its files can be read already. */
  image: string;
  cacheUse: CacheUse | undefined;
  /**
   * Has it in the candidate repository, where an engine that pushes what it builds has it already. Returns its digest there.
   * @throws PushFailedError
   */
  push(): Promise<string>;
}

export type Borrower<Value> = (folder: string) => Promise<Value>;

export type EngineRegistry = Registry & { readonly logins?: Logins };

/** What every call of an engine needs. */
export interface EngineCall {
  /** A folder for the engine's own files, which is removed after the build. */
  workspace: string;
  /** The registry that the builder's credentials open, with the logins to others. */
  registry: EngineRegistry;
  env: Readonly<Record<string, string>>;
  /** Where a command's output is written, instead of to the result. */
  log?: OutputLog | undefined;
  signal: AbortSignal;
}

export interface Container {
  /** `host/repository@sha256:…`, or what `build` returned. */
  image: string;
  command: readonly [program: string, ...args: string[]];
  /** A folder of this machine that the container sees at `target`, and may write to unless it is read-only. */
  folder?: { source: string; target: string; isReadOnly?: boolean };
  /** The image's own where nothing is said. */
  workingFolder?: string;
  /** Besides the image's own. */
  environment: Readonly<Record<string, string>>;
  hasNetwork: boolean;
  /**
   * Who the command is: the image's own user, root, or, where nothing is said, who can write to the folder in such a way that the
   * builder can remove it.
   */
  user?: 'image' | 'root';
  /** What it may do besides what any user may; nothing is usual. */
  capabilities?: readonly Capability[];
  /** Whether its root file system is read-only except `/tmp`; an engine that cannot do this gives it a copy of its own to write to. */
  isReadOnly?: boolean;
  /** How many bytes it may print; see `RunOptions`. */
  outputLimit?: number | undefined;
}

/**
 * What root may do in a container as engines usually make them, but for what the network and devices need, and for chroot: under
 * Buildah's isolation of that name, who may call it is outside again (https://man7.org/linux/man-pages/man2/chroot.2.html).
 */
export const rootCapabilities = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'SETGID',
  'SETUID',
  'SETPCAP',
  'SETFCAP',
] as const;

export type Capability = (typeof rootCapabilities)[number] | 'DAC_READ_SEARCH' | 'NET_BIND_SERVICE';

/** What a container may use where the engine can keep it. */
export const containerLimits = { memory: '2g', processes: 4096 } as const;

export interface Pin {
  written: string;
  reference: string;
  image: string;
}

export interface BuildJob {
  /** A folder for the engine's own files, which is removed after the build. */
  workspace: string;
  /** Real paths. */
  context: string;
  dockerfile: string;
  summary: DockerfileSummary;
  /** The images that the Dockerfile names: as it writes them, with variables put in, and `host/repository@sha256:…`. */
  pins: readonly Pin[];
  /** The frontend that `# syntax=` names, pinned; for engines that read it. */
  frontend?: string | undefined;
  /** The values of ARGs. */
  buildArgs: Readonly<Record<string, string>>;
  /** The files with the values of secrets, by the ids that the Dockerfile names. */
  secrets: Readonly<Record<string, string>>;
  /** Runs every step again, whatever is in the cache. */
  noCache: boolean;
  /** Whether whoever runs the builder trusts everything that is built. */
  isTrusted: boolean;
  /** Where it is false, the build neither reads nor writes the cache that it would share with other builds. */
  sharesCache: boolean;
  labels: Readonly<Record<string, string>>;
  createdAt: Date;
  /** The one of several that this build is for; absent where there is but one. */
  platform?: Platform | undefined;
  candidate: { registry: EngineRegistry; repository: string; tag: string };
  /** The environment of the engine's processes. */
  env: Readonly<Record<string, string>>;
  log: BuildLog;
  signal: AbortSignal;
}

/** `host/repository:tag` of the candidate. */
export function candidateName({ registry, repository, tag }: BuildJob['candidate']): string {
  return `${registry.host}/${repository}:${tag}`;
}

/**
 * The file in which Docker, Podman, Buildah and BuildKit look for credentials: the login to our registry, and those to others by what the
 * engine looks for, from the name of the image.
 */
export function authFile(
  { host, credentials, logins = {} }: Pick<EngineRegistry, 'host' | 'credentials' | 'logins'>,
  keyOf: (image: string) => string,
): string {
  const named = Object.entries(logins).map(([image, login]) => [keyOf(image), login] as const);
  const all = [...named, ...(credentials ? [[host, credentials] as const] : [])];
  const auths = all.map(([key, { user, password }]) => [
    key,
    { auth: Buffer.from(`${user}:${password}`).toString('base64') },
  ]);
  return JSON.stringify({ auths: Object.fromEntries(auths) });
}

/** The options that say which stage is built, for which platform, with which values of ARGs, and which secrets its steps may mount. */
export function choices({
  summary,
  platform,
  buildArgs,
  secrets,
}: Pick<BuildJob, 'summary' | 'platform' | 'buildArgs' | 'secrets'>): string[] {
  return [
    ...(summary.target === undefined ? [] : [`--target=${summary.target}`]),
    ...(platform === undefined ? [] : [`--platform=${platform}`]),
    ...Object.entries(buildArgs).map(([name, value]) => `--build-arg=${name}=${value}`),
    ...Object.entries(secrets).map(([id, path]) => `--secret=id=${id},src=${path}`),
  ];
}

/** The options that replace names by pinned images. */
export function namedContexts(pins: Iterable<readonly [name: string, image: string]>): string[] {
  return [...new Map(pins)].map(([name, image]) => `--build-context=${name}=docker-image://${image}`);
}
