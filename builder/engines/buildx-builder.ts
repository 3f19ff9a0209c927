import { run } from '../process.ts';

type Environment = Readonly<Record<string, string>>;

/** A builder of `docker buildx`, and what it can do. */
export interface BuildxBuilder {
  /** `docker` is the BuildKit in Docker's daemon. https://docs.docker.com/build/builders/drivers/ */
  driver: string;
  /** Of BuildKit, or of the daemon that has it. */
  version: string;
  platforms: string[];
  /** Docker's older image store keeps neither annotations nor OCI manifests, and exports no cache. */
  hasContainerdStore: boolean;
  /** Not from Docker's own store, where files must have the times that they have in its layers. */
  rewritesTimestamps: boolean;
  /** Whether it is in this machine's network itself, and not in that of a container. */
  hasMachineNetwork: boolean;
}

/** What BuildKit can do in a container that was made for it, whatever the daemon's own can. */
export const inContainer = {
  driver: 'docker-container',
  hasContainerdStore: true,
  rewritesTimestamps: true,
  hasMachineNetwork: false,
} as const satisfies Partial<BuildxBuilder>;

type SelectedBuilder = Omit<BuildxBuilder, 'hasContainerdStore'>;

/** The builder that is selected; undefined where buildx is not installed or the builder does not run. */
export async function selectedBuilder(env: Environment, signal: AbortSignal): Promise<SelectedBuilder | undefined> {
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
  return {
    driver,
    version,
    platforms: platformsIn(found.stdout),
    rewritesTimestamps: driver !== 'docker' && rewritesTimestamps(version),
    hasMachineNetwork: hasMachineNetwork(driver, found.stdout),
  };
}

/**
 * Since BuildKit 0.10; Docker's daemon, which reports its own version instead, has it since 23.
 * https://docs.docker.com/build/buildkit/#buildkit (development builds report no version and are assumed to support everything)
 */
export function knowsNamedContexts({ version }: SelectedBuilder): boolean {
  return version.startsWith('0.0.0') || atLeast(version, [0, 10], [23, 0]);
}

/** `Platforms: linux/amd64*, linux/amd64/v2, linux/arm64`: a star is at those that its owner has chosen. */
function platformsIn(inspected: string): string[] {
  const named = /^Platforms:(.*)$/m.exec(inspected)?.[1] ?? '';
  return named
    .split(',')
    .map((name) => name.trim().replace(/\*$/, ''))
    .filter(Boolean);
}

/** With what only Docker's daemon knows of its own builder. */
export async function withStore(
  selected: SelectedBuilder,
  env: Environment,
  signal: AbortSignal,
): Promise<BuildxBuilder> {
  if (selected.driver !== 'docker') return { ...selected, hasContainerdStore: true };
  const { stdout } = await run('docker', ['info', '--format={{json .DriverStatus}}'], { env, signal });
  return { ...selected, hasContainerdStore: stdout.includes('io.containerd.snapshotter') };
}

function rewritesTimestamps(version: string): boolean {
  return version.startsWith('0.0.0') || atLeast(version, [0, 13], [26, 0]);
}

/** https://docs.docker.com/build/builders/drivers/docker-container/#custom-network */
function hasMachineNetwork(driver: string, inspected: string): boolean {
  switch (driver) {
    case 'docker':
      return true;
    case 'docker-container':
      return /^Driver Options:.*\bnetwork="host"/m.test(inspected);
    case 'remote':
      // A BuildKit that does not say which network it has is taken for one that has the machine's.
      return !/\bworker\.network:\s*(?!host$)\S+$/m.test(inspected);
    default:
      return false;
  }
}

function atLeast(version: string, buildkit: [number, number], docker: [number, number]): boolean {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  const [leastMajor, leastMinor] = major >= 17 ? docker : buildkit;
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}
