import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';

/** Git ended with an error. The message is what git said. */
export class GitFailedError extends Error {
  override readonly name = 'GitFailedError';
}

export interface Git {
  /** Starts git in a folder; the caller handles the streams. */
  start(folder: string, args: string[], environment?: NodeJS.ProcessEnv): ChildProcessWithoutNullStreams;
  /**
   * Runs git in a repository to its end and gives what it printed.
   * @throws GitFailedError
   */
  run(folder: string, args: string[], options?: { input?: string; environment?: NodeJS.ProcessEnv }): Promise<Buffer>;
  /** The same, undefined when git says no. */
  ask(folder: string, args: string[]): Promise<string | undefined>;
  /** Ends every git process that still runs. */
  stop(): Promise<void>;
}

/**
 * The rules of the host. They come by the environment so that neither the user's own configuration nor that of a repository
 * changes them. https://git-scm.com/docs/git-config
 */
const configuration: Record<string, string> = {
  'http.receivepack': 'true',
  'http.getanyfile': 'false',
  // GitHub lets a client fetch any commit by its id, also one that no ref reaches any more.
  'uploadpack.allowAnySHA1InWant': 'true',
  'uploadpack.allowReachableSHA1InWant': 'true',
  'uploadpack.allowFilter': 'true',
  // As on GitHub, the refs of pull requests can be fetched and not be pushed to.
  'receive.hideRefs': 'refs/pull',
  // What a comparison has brought from a fork is nobody's ref.
  'transfer.hideRefs': 'refs/slipway',
  // A push ends with its housekeeping done: nothing stays behind in the background.
  'gc.autoDetach': 'false',
  'core.hooksPath': '/dev/null',
  'core.quotePath': 'false',
  'i18n.logOutputEncoding': 'UTF-8',
  'safe.directory': '*',
  'init.defaultBranch': 'main',
  // Everybody who pushes and fetches is on this machine: what no network carries need not be compressed at every step.
  'core.compression': '0',
};

const environment: Record<string, string> = {
  PATH: process.env.PATH ?? '/usr/bin:/bin',
  LANG: 'C.UTF-8',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_LITERAL_PATHSPECS: '1',
  GIT_TERMINAL_PROMPT: '0',
  GIT_CONFIG_COUNT: String(Object.keys(configuration).length),
  ...Object.fromEntries(
    Object.entries(configuration).flatMap(([key, value], index) => [
      [`GIT_CONFIG_KEY_${index}`, key],
      [`GIT_CONFIG_VALUE_${index}`, value],
    ]),
  ),
};

/**
 * Git as child processes, which end when the host stops. Each is a fork of the whole machine, which costs more than what most of them do:
 * what can be asked of one is not asked of two.
 */
export function createGit(): Git {
  const running = new Map<ChildProcessWithoutNullStreams, Promise<void>>();

  function start(folder: string, args: string[], more: NodeJS.ProcessEnv = {}): ChildProcessWithoutNullStreams {
    const child = spawn('git', args, { cwd: folder, env: { ...environment, ...more }, stdio: 'pipe' });
    const ended = new Promise<void>((resolve) => {
      child.once('close', () => resolve());
      child.once('error', () => resolve());
    }).then(() => void running.delete(child));
    running.set(child, ended);
    return child;
  }

  async function finish(
    folder: string,
    args: string[],
    { input = '', environment = {} }: { input?: string; environment?: NodeJS.ProcessEnv } = {},
  ): Promise<{ code: number | null; output: Buffer; error: string }> {
    const child = start(folder, args, environment);
    const output: Buffer[] = [];
    const error: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => error.push(chunk));
    // Git may end without reading its input; the exit code tells what happened.
    child.stdin.once('error', () => child.stdin.destroy());
    child.stdin.end(input);
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    return { code, output: Buffer.concat(output), error: Buffer.concat(error).toString() };
  }

  return {
    start,
    async run(folder, args, options) {
      const { code, output, error } = await finish(folder, args, options);
      if (code !== 0) throw new GitFailedError(`git ${args[0] ?? ''} ended with ${code}: ${error.trim()}`);
      return output;
    },
    async ask(folder, args) {
      const { code, output } = await finish(folder, args);
      return code === 0 ? output.toString() : undefined;
    },
    async stop() {
      const ends = [...running.values()];
      for (const child of running.keys()) child.kill('SIGTERM');
      await Promise.all(ends);
    },
  };
}
