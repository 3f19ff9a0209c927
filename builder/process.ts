import { type ChildProcess, spawn } from 'node:child_process';
import type { BuildLog } from './log.ts';

/** How long a process has to end by itself after SIGTERM, in milliseconds. */
const usualGrace = 3_000;
/** How long its output may stay open once it has ended: a grandchild may hold it. */
const lingering = 500;
/** Nothing that is read as a whole is longer, in bytes. */
const usualLimit = 16 * 1024 * 1024;

export interface RunOptions {
  /** The whole environment: nothing of the builder's own, which holds credentials, is inherited. */
  env: Readonly<Record<string, string>>;
  signal: AbortSignal;
  cwd?: string;
  /** Where its output is written, instead of to the result. */
  log?: OutputLog | undefined;
  /** How long it has to end by itself when it is stopped, in milliseconds. @default 3 s */
  grace?: number | undefined;
  /** How many bytes it may print. @default 16 MiB if there is no log */
  outputLimit?: number | undefined;
}

/** Takes what a program prints: a build's log, or something of its kind. */
export type OutputLog = Pick<BuildLog, 'stream' | 'line'>;

export interface Finished {
  code: number;
  stdout: string;
  stderr: string;
}

/** A program printed more than it may, and was stopped. Its output is incomplete. */
export class OutputLimitError extends Error {
  override readonly name = 'OutputLimitError';

  constructor(limit: number) {
    super(`It printed more than ${limit < 2 ** 20 ? `${limit} bytes` : `${Math.round(limit / 2 ** 20)} MiB`}.`);
  }
}

/**
 * Runs a program to its end, in its own process group. Arguments are an array; no shell sees them.
 * @throws the signal's reason, or OutputLimitError, after the whole group has ended
 */
export async function run(command: string, args: readonly string[], options: RunOptions): Promise<Finished> {
  const { env, cwd, log, grace = usualGrace, outputLimit = log ? Number.POSITIVE_INFINITY : usualLimit } = options;
  options.signal.throwIfAborted();
  const overflow = new AbortController();
  const signal = AbortSignal.any([options.signal, overflow.signal]);
  const child = spawn(command, args, {
    env,
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let printed = 0;
  const count = (bytes: number) => {
    printed += bytes;
    if (printed > outputLimit) overflow.abort(new OutputLimitError(outputLimit));
    return printed <= outputLimit;
  };
  const stdout = collect(child.stdout, log, count);
  const stderr = collect(child.stderr, log, count);
  const stop = () => killGroup(child, 'SIGTERM');
  signal.addEventListener('abort', stop, { once: true });
  let forced: NodeJS.Timeout | undefined;
  signal.addEventListener('abort', () => (forced = setTimeout(() => killGroup(child, 'SIGKILL'), grace)), {
    once: true,
  });
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (status) => {
        const end = () => resolve(status ?? 255);
        const close = () => {
          child.stdout.destroy();
          child.stderr.destroy();
          end();
        };
        // A busy machine may have come to this timer before it has read what is there already: that comes before `setImmediate`.
        const late = setTimeout(() => setImmediate(close), lingering);
        child.once('close', () => {
          clearTimeout(late);
          end();
        });
      });
    });
    if (signal.aborted) throw signal.reason;
    return { code, stdout: stdout(), stderr: stderr() };
  } finally {
    signal.removeEventListener('abort', stop);
    clearTimeout(forced);
    if (child.pid !== undefined) killGroup(child, 'SIGKILL');
  }
}

/**
 * Starts a program that answers each line with a line, such as `cat` behind something that waits, and returns once it answers. It
 * ends with this process, however that ends: its input is then closed.
 */
export async function keepRunning(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<AsyncDisposable & { pid: number | undefined }> {
  const child = spawn(command, args, { env, stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.stdin.on('error', () => undefined);
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`${command} ended before it answered`)));
    child.stdout.once('data', () => resolve());
    child.stdin.write('\n');
  });
  return {
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await ended;
    },
  };
}

/** True when the program can be started. */
export async function exists(command: string, args: readonly string[], options: RunOptions): Promise<boolean> {
  return run(command, args, options).then(
    ({ code }) => code === 0,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'EACCES') return false;
      throw error;
    },
  );
}

/** What comes once `count` says no is dropped. */
function collect(
  stream: NodeJS.ReadableStream,
  log: OutputLog | undefined,
  count: (bytes: number) => boolean,
): () => string {
  const chunks: Buffer[] = [];
  const lines = log?.stream();
  stream.on('data', (chunk: Buffer) => {
    if (!count(chunk.length)) return;
    if (lines) lines.write(chunk);
    else chunks.push(chunk);
  });
  stream.on('end', () => lines?.end());
  return () => Buffer.concat(chunks).toString();
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    // The group has ended already, as intended.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
