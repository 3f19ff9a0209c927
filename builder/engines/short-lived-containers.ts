import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { extract } from 'tar';
import { EngineCallFailedError } from '../errors.ts';
import { type Finished, run } from '../process.ts';
import { type Borrower, type Container, containerLimits, type Engine, type EngineCall } from './engine.ts';

/** How long the removal of a container may take once nobody needs it. */
const removalPatience = 30_000;
/** A link to a file outside of what is copied would be of no use, and devices and pipes are no files to read. */
const copied = new Set(['File', 'OldFile', 'ContiguousFile', 'Directory', 'SymbolicLink']);

interface Program {
  /** The whole command line for Docker's or Podman's arguments. */
  command: (args: readonly string[]) => Promise<string[]>;
  /** The environment of the program's processes. */
  prepare: (call: EngineCall, image: string) => Promise<Record<string, string>>;
  /** Keeps others from clearing the containers while one is in use. */
  hold?: () => Promise<AsyncDisposable>;
  /** Who a container's command is, so that what it writes can be removed. */
  user: string;
}

/** The containers of Docker and of Podman, which have the same commands. */
export function shortLivedContainers({ command, prepare, hold, user }: Program): Pick<Engine, 'files' | 'run'> {
  async function withName<Value>(
    image: string,
    call: EngineCall,
    use: (name: string, ask: (args: readonly string[], log?: EngineCall['log']) => Promise<Finished>) => Promise<Value>,
  ): Promise<Value> {
    const env = await prepare(call, image);
    await using _lock = await hold?.();
    const name = `slipway-${randomUUID()}`;
    const ask = async (args: readonly string[], log?: EngineCall['log'], signal = call.signal) => {
      const [program = '', ...rest] = await command(args);
      return run(program, rest, { env, signal, cwd: call.workspace, ...(log ? { log } : {}) });
    };
    try {
      return await use(name, ask);
    } finally {
      // The program that was told to run it may be gone; the container goes on without it.
      await ask(['rm', '--force', name], undefined, AbortSignal.timeout(removalPatience));
    }
  }

  return {
    files<Value>(image: string, paths: readonly string[], call: EngineCall, use: Borrower<Value>): Promise<Value> {
      return withName(image, call, async (name, ask) => {
        // It is never started; the engine only wants to know what it would run.
        must(await ask(['create', `--name=${name}`, '--network=none', '--entrypoint=/none', image]));
        const archive = join(call.workspace, `${name}.tar`);
        const folder = join(call.workspace, `${name}.files`);
        await mkdir(folder);
        try {
          must(await ask(['export', `--output=${archive}`, name]));
          await extract({
            file: archive,
            cwd: folder,
            preserveOwner: false,
            filter: (path, entry) => 'type' in entry && copied.has(entry.type) && isAmong(path, paths),
          });
          return await use(folder);
        } finally {
          await rm(archive, { force: true });
          await rm(folder, { recursive: true, force: true });
        }
      });
    },

    run(container: Container, call: EngineCall): Promise<Finished> {
      const { image, folder, workingFolder, environment, hasNetwork } = container;
      const [program, ...args] = container.command;
      return withName(image, call, (name, ask) =>
        ask(
          [
            'run',
            '--rm',
            `--name=${name}`,
            `--user=${user}`,
            '--cap-drop=ALL',
            '--security-opt=no-new-privileges',
            `--memory=${containerLimits.memory}`,
            `--pids-limit=${containerLimits.processes}`,
            ...(hasNetwork ? [] : ['--network=none']),
            ...(folder ? [`--volume=${folder.source}:${folder.target}:rw`] : []),
            `--workdir=${workingFolder}`,
            ...Object.entries(environment).map(([key, value]) => `--env=${key}=${value}`),
            `--entrypoint=${program}`,
            image,
            ...args,
          ],
          call.log,
        ),
      );
    },
  };
}

function isAmong(path: string, wanted: readonly string[]): boolean {
  const bare = path.replace(/^(?:\.?\/)+/, '').replace(/\/$/, '');
  return wanted.some((each) => bare === each || bare.startsWith(`${each}/`) || each.startsWith(`${bare}/`));
}

/** @throws EngineCallFailedError with the engine's last words */
function must({ code, stderr }: Finished): void {
  if (code !== 0) throw new EngineCallFailedError(`The engine refused: ${stderr.trim().split('\n').at(-1)}`);
}
