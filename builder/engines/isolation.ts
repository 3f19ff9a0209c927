import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { run } from '../process.ts';
import { confinement } from './confinement.ts';
import { limits } from './limits.ts';
import type { Store } from './store.ts';
import { trialProgram } from './trial-program.ts';

/** How Buildah and Podman keep `RUN` instructions, and commands in an image, from the machine. */
const isolationSchema = z.object({
  /** `oci`: containers. `chroot`: a folder as the root, with the machine's own root user: no confinement. */
  kind: z.enum(['oci', 'chroot']),
  /** Root in a build's containers is a user of the machine who owns nothing. */
  hasUserNamespace: z.boolean(),
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

const chroot: Isolation = { kind: 'chroot', hasUserNamespace: false, hasOwnNetwork: false, hidesCgroups: false };

/** Users that no distribution assigns: https://systemd.io/UIDS-GIDS/ */
const unusedUsers = '0:1879048192:65536';

/** In the engine's own mount namespace, like the next. */
const withoutCgroups = ['sh', '-c', 'mount -t tmpfs -o ro,size=4k slipway /sys/fs/cgroup && exec "$@"', 'sh'];

/** The runtime prepares containers there, and reaches it as a user who may not enter the builder's folders. */
const reachableTemporary = [
  ...['sh', '-c'],
  'mkdir -p /run/slipway && mount --bind "$TMPDIR" /run/slipway && export TMPDIR=/run/slipway && exec "$@"',
  'sh',
];

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
    const temporary = join(folder, 'tmp');
    await mkdir(temporary);
    const surroundings = { env: { ...env, TMPDIR: temporary }, signal };
    for (const isolation of candidates(await confinement(env, signal))) {
      if (!(await works(isolation, { store, folder, ...surroundings }))) continue;
      await writeFile(record, JSON.stringify(isolation));
      return isolation;
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  await writeFile(record, JSON.stringify(chroot));
  return chroot;
}

/** From the best to the weakest. */
function candidates(confined: readonly string[]): Isolation[] {
  const kind = 'oci';
  const either = [true, false];
  // Without root the program has a user namespace of its own for everything.
  const users = process.getuid?.() !== 0 ? [true] : confined.length > 0 ? either : [false];
  return users.flatMap((hasUserNamespace) =>
    either.flatMap((hasOwnNetwork) =>
      (confined.length > 0 ? [false, true] : [false]).map((hidesCgroups): Isolation => {
        return { kind, hasUserNamespace, hasOwnNetwork, hidesCgroups };
      }),
    ),
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
export async function enginePrefix(isolation: Isolation, { env, signal }: Surroundings): Promise<string[]> {
  return [
    ...(await confinement(env, signal)),
    ...(isolation.hidesCgroups ? withoutCgroups : []),
    ...(isMapped(isolation) ? reachableTemporary : []),
  ];
}

function isMapped({ hasUserNamespace }: Isolation): boolean {
  return hasUserNamespace && process.getuid?.() === 0;
}

/** The options of `build`. */
export function buildOptions(isolation: Isolation): string[] {
  return [
    ...commonOptions(isolation),
    // Whoever may call it is outside of a chroot again. https://man7.org/linux/man-pages/man2/chroot.2.html
    ...(isolation.kind === 'chroot' ? ['--cap-drop=CAP_SYS_CHROOT'] : [networkOption(isolation)]),
    ...(isMapped(isolation) ? [`--userns-uid-map=${unusedUsers}`, `--userns-gid-map=${unusedUsers}`] : []),
  ];
}

/** The options of `run`. */
export function runOptions(isolation: Isolation, hasNetwork: boolean): string[] {
  const network = hasNetwork ? networkOption(isolation) : '--network=none';
  return [...commonOptions(isolation), ...(isolation.kind === 'chroot' ? [] : [network])];
}

function commonOptions({ kind, hidesCgroups }: Isolation): string[] {
  return [`--isolation=${kind}`, ...(hidesCgroups ? ['--runtime-flag=cgroup-manager=disabled'] : [])];
}

function networkOption({ hasOwnNetwork }: Isolation): string {
  return `--network=${hasOwnNetwork ? 'private' : 'host'}`;
}

/** For the log. */
export function describeIsolation({ kind, hasUserNamespace, hasOwnNetwork }: Isolation): string {
  if (kind === 'chroot') return 'nothing but chroot, with the rights of root on this machine and its network';
  const users = hasUserNamespace ? 'with users of their own' : "with this machine's users";
  return `containers ${users} and ${hasOwnNetwork ? 'a network of their own' : "this machine's network"}`;
}
