import { exists } from '../process.ts';

const die = ['setpriv', '--pdeathsig=KILL', '--'];
const namespaces = ['--pid', '--fork', '--kill-child', '--mount-proc', '--'];

/**
 * The prefix of an engine's command that ends every process of a build with it. In a PID namespace of its own, every process that a
 * `RUN` instruction leaves behind ends with the engine, and cannot see or signal the machine's other processes; its mounts
 * end with its mount namespace. The namespace ends with the builder, however that ends. Needs root and util-linux; without
 * them, only the engine's process group is ended. `alone` also removes the network, for commands that need none.
 */
export async function confinement(
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
  { alone = false } = {},
): Promise<string[]> {
  const whole = [...die, 'unshare', ...(alone ? ['--net'] : []), ...namespaces];
  const [program = '', ...args] = [...whole, 'true'];
  if (process.getuid?.() === 0 && (await exists(program, args, { env, signal }))) return whole;
  return [];
}

/**
 * The prefix of a builder's program that reads untrusted users' files: it has no network, and limits (in bytes) where the
 * machine has `prlimit`.
 */
export async function readerConfinement(
  env: Readonly<Record<string, string>>,
  signal: AbortSignal,
  { memory, file }: { memory: number; file: number },
): Promise<string[]> {
  const bounds = ['prlimit', `--data=${memory}`, `--fsize=${file}`, '--core=0', '--'];
  const canBound = await exists('prlimit', ['--version'], { env, signal });
  return [...(await confinement(env, signal, { alone: true })), ...(canBound ? bounds : [])];
}
