import { lchown } from 'node:fs/promises';
import { exists } from '../process.ts';

type Environment = Readonly<Record<string, string>>;

const die = ['setpriv', '--pdeathsig=KILL', '--'];
const namespaces = ['--pid', '--fork', '--kill-child', '--mount-proc', '--'];

/**
 * The prefix of an engine's command that ends every process of a build with it. In a PID namespace of its own, every process that a
 * `RUN` instruction leaves behind ends with the engine, and cannot see or signal the machine's other processes; its mounts
 * end with its mount namespace. The namespace ends with the builder, however that ends. Needs root and util-linux; without
 * them, only the engine's process group is ended.
 */
export async function confinement(env: Environment, signal: AbortSignal): Promise<string[]> {
  const whole = [...die, 'unshare', ...namespaces];
  return isRoot() && (await works(whole, env, signal)) ? whole : [];
}

/** The prefix of a program that ends with the builder, however that ends; without util-linux it goes on. */
export async function endsWithBuilder(env: Environment, signal: AbortSignal): Promise<string[]> {
  return (await works(die, env, signal)) ? die : [];
}

/** Nobody: a user that owns nothing. https://systemd.io/UIDS-GIDS/ */
const nobody = 65534;
const readAll = 'dac_read_search';

/** What a confined reader may have, in bytes. */
export interface ReaderLimits {
  memory: number;
  file: number;
}

/** A program that reads untrusted users' files has no confinement here, and is not started without. The message is for people. */
export class ReaderNotConfinedError extends Error {
  override readonly name = 'ReaderNotConfinedError';

  constructor() {
    super(
      'This machine cannot confine a program that reads untrusted files: that needs setpriv, unshare and prlimit (package util-linux), and root or user namespaces.',
    );
  }
}

/**
 * The prefix of a program of the builder that reads untrusted users' files: it has limits, no network, sees no other process, and ends with
 * the builder. As root, it runs as the user nobody, who may read every file and write only its own.
 * @throws ReaderNotConfinedError
 */
export async function readerConfinement(
  env: Environment,
  signal: AbortSignal,
  limits: ReaderLimits,
): Promise<string[]> {
  const bounds = ['prlimit', `--data=${limits.memory}`, `--fsize=${limits.file}`, '--core=0', '--'];
  const whole = isRoot()
    ? [...die, 'unshare', '--net', ...namespaces, ...readingNobody, ...bounds]
    : [...die, 'unshare', '--user', '--map-root-user', '--net', ...namespaces, ...bounds];
  if (!(await works(whole, env, signal))) throw new ReaderNotConfinedError();
  return whole;
}

/** For the log, once a reader was confined. */
export const readerDescription = `a process without network and other rights than to read, limited in memory and time${isRoot() ? ', as nobody' : ''}`;

/** Lets a confined reader write to files and folders. */
export async function giveToReader(...paths: readonly string[]): Promise<void> {
  if (isRoot()) await Promise.all(paths.map((path) => lchown(path, nobody, nobody)));
}

/** https://man7.org/linux/man-pages/man1/setpriv.1.html */
const readingNobody = [
  'setpriv',
  `--reuid=${nobody}`,
  `--regid=${nobody}`,
  '--clear-groups',
  ...['--inh-caps', '--ambient-caps', '--bounding-set'].map((set) => `${set}=-all,+${readAll}`),
  '--no-new-privs',
  '--',
];

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** What works here does not change while a build runs. */
const known = new Map<string, Promise<boolean>>();

function works(prefix: readonly string[], env: Environment, signal: AbortSignal): Promise<boolean> {
  const [program = '', ...args] = [...prefix, 'true'];
  const key = JSON.stringify([env.PATH, program, args]);
  const answer = known.get(key) ?? exists(program, args, { env, signal });
  known.set(key, answer);
  // Whoever was stopped while it was tried does not know.
  answer.catch(() => known.delete(key));
  return answer;
}
