import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/** One shell in which a build's commands run one after the other, so that `cd` and `export` last. */
export interface BuildShell {
  readonly pid: number;
  /** The exit status; a command that ends the shell itself has the shell's. */
  run(command: string): Promise<number>;
  readonly alive: boolean;
  /** Lets the shell end after its last command, and waits for that: then nothing of it has to be looked for and killed. */
  close(): Promise<void>;
}

/**
 * The shell reads the paths of command files from descriptor 3 and writes statuses to 4; commands see neither, and no input.
 * Buildspec 0.2 runs all commands in the same shell: https://docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-cmd.html
 */
const loop = 'while IFS= read -r file <&3; do . "$file" </dev/null 3<&- 4>&-; echo "$?" >&4; done';

export function openShell(
  shell: 'sh' | 'bash',
  options: { cwd: string; folder: string; env: Record<string, string> },
  output: (chunk: Buffer) => void,
): BuildShell {
  // A session of its own, so that the whole group can be ended.
  const child = spawn(`/bin/${shell}`, ['-c', loop], {
    cwd: options.cwd,
    env: options.env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
  });
  child.stdout?.on('data', output);
  child.stderr?.on('data', output);
  const paths = child.stdio[3] as Writable;
  const statuses = createInterface({ input: child.stdio[4] as Readable });
  // The shell may have ended when the next path is written; its exit code reports that.
  paths.on('error', () => undefined);
  let settle: ((status: number) => void) | undefined;
  let ended: number | undefined;
  const answer = (status: number) => {
    settle?.(status);
    settle = undefined;
  };
  statuses.on('line', (line) => answer(Number(line)));
  const gone = Promise.withResolvers<void>();
  const end = (status: number) => {
    ended = status;
    gone.resolve();
    // A status that was written before the end is read first.
    setImmediate(() => answer(status));
  };
  child.on('error', () => end(127));
  child.on('exit', (code, signal) => end(code ?? 128 + (signal === 'SIGKILL' ? 9 : 15)));

  let count = 0;
  return {
    pid: child.pid ?? 0,
    get alive() {
      return ended === undefined;
    },
    async run(command) {
      if (ended !== undefined) return ended;
      const path = join(options.folder, `command-${count++}.sh`);
      await writeFile(path, `${command}\n`, { mode: 0o600 });
      return new Promise((resolve) => {
        settle = resolve;
        if (ended !== undefined) answer(ended);
        else paths.write(`${path}\n`);
      });
    },
    close() {
      paths.end();
      return gone.promise;
    },
  };
}
