import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface CommandOptions {
  cwd?: string;
  /** Beside what this process has. */
  environment?: Record<string, string>;
  signal?: AbortSignal | undefined;
  /** Every line of standard output and standard error, as it comes. */
  onLine?: (line: string) => void;
}

/** A program ended with another code than 0, or could not be started. */
export class CommandFailedError extends Error {
  override readonly name = 'CommandFailedError';
  /** The last lines that it wrote. */
  readonly output: string;

  constructor(command: string, ending: string, output: string, options?: ErrorOptions) {
    super(`${command} ${ending}${output ? `:\n${output}` : '.'}`, options);
    this.output = output;
  }
}

const lastLines = 20;

/**
 * Runs a program to its end and gives what it wrote to standard output.
 * @throws CommandFailedError
 */
export async function run(file: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const child = spawn(file, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.environment },
    signal: options.signal,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const name = [file, ...args.filter((arg) => !arg.startsWith('-')).slice(0, 1)].join(' ');
  const output: string[] = [];
  const tail: string[] = [];
  const read = async (stream: NodeJS.ReadableStream, keep: boolean) => {
    for await (const line of createInterface({ input: stream })) {
      if (keep) output.push(line);
      tail.push(line);
      if (tail.length > lastLines) tail.shift();
      options.onLine?.(line);
    }
  };
  const ended = new Promise<string | undefined>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code === 0 ? undefined : `ended with ${signal ?? `code ${code}`}`));
  });
  const reading = Promise.all([read(child.stdout, true), read(child.stderr, false)]);
  const ending = await ended.catch((cause: NodeJS.ErrnoException) => {
    if (options.signal?.aborted) throw options.signal.reason;
    throw new CommandFailedError(name, cause.code === 'ENOENT' ? 'is not installed' : 'could not be started', '', {
      cause,
    });
  });
  await reading;
  if (ending !== undefined) throw new CommandFailedError(name, ending, tail.join('\n'));
  return output.join('\n');
}

/** Like `run`, for a question that may well be answered by a failure: undefined then. */
export async function ask(
  file: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string | undefined> {
  const timeout = AbortSignal.timeout(20_000);
  const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
  try {
    return await run(file, args, { ...options, signal });
  } catch (error) {
    options.signal?.throwIfAborted();
    if (error instanceof CommandFailedError || timeout.aborted) return undefined;
    throw error;
  }
}
