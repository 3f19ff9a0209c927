import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { run } from '../process.ts';
import { replaceFile } from '../replace-file.ts';
import { confinement } from './confinement.ts';
import { limits } from './limits.ts';
import type { Store } from './store.ts';
import { trialProgram } from './trial-program.ts';

/** How Buildah and Podman keep `RUN` instructions, and commands in an image, from the machine. */
const isolationSchema = z.object({
  /** `oci`: containers. `chroot`: a folder as the root, with the machine's own root user: no confinement. */
  kind: z.enum(['oci', 'chroot']),
  /** What listens on this machine's loopback cannot be reached from containers. */
  hasOwnNetwork: z.boolean(),
  /** The runtime does without control groups where it cannot use those that it sees, as in many containers. */
  hidesCgroups: z.boolean(),
});

export type Isolation = z.infer<typeof isolationSchema>;

interface Surroundings {
  env: Readonly<Record<string, string>>;
  signal: AbortSignal;
  /** Whether it is tried again: a runtime may have been installed since. */
  isRetried?: boolean | undefined;
}

const chroot: Isolation = { kind: 'chroot', hasOwnNetwork: false, hidesCgroups: false };

/** In the engine's own mount namespace. */
const withoutCgroups = ['sh', '-c', 'mount -t tmpfs -o ro,size=4k slipway /sys/fs/cgroup && exec "$@"', 'sh'];

/** The best isolation that works here. Tried once per boot, and never inferred from a build's output, which the build could forge. */
export async function findIsolation(store: Store, { env, signal, isRetried }: Surroundings): Promise<Isolation> {
  if (env.BUILDAH_ISOLATION === 'chroot') return chroot;
  const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => randomUUID())).trim();
  const record = join(await store.shared(), `isolation-${store.program}-${boot}.json`);
  const known = isRetried ? undefined : await readFile(record, 'utf8').catch(() => undefined);
  if (known !== undefined) return isolationSchema.parse(JSON.parse(known));

  const folder = await mkdtemp(join(tmpdir(), 'slipway-trial-'));
  try {
    await writeFile(join(folder, 'trial'), trialProgram(), { mode: 0o755 });
    await writeFile(join(folder, 'Dockerfile'), 'FROM scratch\nCOPY trial /trial\nRUN ["/trial"]\n');
    for (const isolation of candidates(await confinement(env, signal))) {
      if (await works(isolation, { store, folder, env, signal })) return await recorded(isolation, record);
    }
    return await recorded(chroot, record);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function recorded(isolation: Isolation, record: string): Promise<Isolation> {
  await replaceFile(record, JSON.stringify(isolation));
  return isolation;
}

/** From the best to the weakest. */
function candidates(confined: readonly string[]): Isolation[] {
  return [true, false].flatMap((hasOwnNetwork) =>
    (confined.length > 0 ? [false, true] : [false]).map((hidesCgroups): Isolation => {
      return { kind: 'oci', hasOwnNetwork, hidesCgroups };
    }),
  );
}

async function works(
  isolation: Isolation,
  { store, folder, env, signal }: Surroundings & { store: Store; folder: string },
): Promise<boolean> {
  const options = ['--no-cache', '--force-rm', '--quiet', ...buildOptions(isolation), ...(await limits())];
  const prefix = await enginePrefix(isolation, { env, signal });
  const [program = '', ...args] = await store.command(prefix, ['build', ...options, '--', folder]);
  return (await run(program, args, { env, signal })).code === 0;
}

/** Begins the command of an engine: it ends with the build, and every process that it has started ends with it. */
export async function enginePrefix({ hidesCgroups }: Isolation, { env, signal }: Surroundings): Promise<string[]> {
  return [...(await confinement(env, signal)), ...(hidesCgroups ? withoutCgroups : [])];
}

/** The options of `build`. */
export function buildOptions(isolation: Isolation): string[] {
  return [
    ...commonOptions(isolation),
    // Whoever may call it is outside of a chroot again. https://man7.org/linux/man-pages/man2/chroot.2.html
    ...(isolation.kind === 'chroot' ? ['--cap-drop=CAP_SYS_CHROOT'] : [networkOption(isolation)]),
  ];
}

/** The options of `run`. */
export function runOptions(isolation: Isolation, hasNetwork: boolean): string[] {
  const network = hasNetwork ? networkOption(isolation) : '--network=none';
  return [...commonOptions(isolation), ...(isolation.kind === 'chroot' ? [] : [network])];
}

function commonOptions(isolation: Isolation): string[] {
  return [`--isolation=${isolation.kind}`, ...runtimeOptions(isolation)];
}

/** The options for the runtime of containers. */
export function runtimeOptions({ hidesCgroups }: Isolation): string[] {
  return hidesCgroups ? ['--runtime-flag=cgroup-manager=disabled'] : [];
}

function networkOption({ hasOwnNetwork }: Isolation): string {
  return `--network=${hasOwnNetwork ? 'private' : 'host'}`;
}

/** For the log. */
export function describeIsolation({ kind, hasOwnNetwork }: Isolation): string {
  if (kind === 'chroot') return 'nothing but chroot, with the rights of root on this machine and its network';
  return `containers with ${hasOwnNetwork ? 'a network of their own' : "this machine's network"}`;
}
