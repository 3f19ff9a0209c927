import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { mkdir, rm, symlink } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { extract, list } from 'tar';
import { EngineCallFailedError } from '../errors.ts';
import { type Finished, type RunOptions, run } from '../process.ts';
import { type Borrower, type Container, containerLimits, type Engine, type EngineCall } from './engine.ts';

/** How long the removal of a container may take once it is no longer needed. */
const removalTimeout = 30_000;
/** How many paths of an image are copied at most, including those that links lead to. */
const mostPaths = 1000;
/** As many as the kernel follows. */
const mostLinks = 40;
/** Devices and pipes are not files to read. */
const copied = new Set(['File', 'OldFile', 'ContiguousFile', 'Directory', 'SymbolicLink', 'Link']);

type Output = Pick<RunOptions, 'log' | 'outputLimit'>;

interface Program {
  /** The whole command line for Docker's or Podman's arguments. */
  command: (args: readonly string[]) => Promise<string[]>;
  /** The environment of the program's processes. */
  prepare: (call: EngineCall, image: string) => Promise<Record<string, string>>;
  /** Keeps other processes from removing the containers while one is in use. */
  hold?: () => Promise<AsyncDisposable>;
  /** Who a container's command is, so that what it writes can be removed. */
  user: string;
  /** Further options of a container that runs. */
  options?: () => Promise<string[]>;
  /** Called when no caller holds an image any more. */
  letGo?: (image: string, call: EngineCall) => Promise<void>;
}

/** An image that is in use, and an archive of its files once a caller has requested them. */
interface Held {
  holders: number;
  archive?: Promise<string>;
}

/** The containers of Docker and of Podman, which have the same commands. */
export function shortLivedContainers({
  command,
  prepare,
  hold,
  user,
  options = async () => [],
  letGo = async () => undefined,
}: Program): Pick<Engine, 'hold' | 'files' | 'run'> {
  const held = new Map<string, Held>();

  async function withName<Value>(
    image: string,
    call: EngineCall,
    use: (name: string, runEngine: (args: readonly string[], output?: Output) => Promise<Finished>) => Promise<Value>,
  ): Promise<Value> {
    const env = await prepare(call, image);
    await using _lock = await hold?.();
    const name = `slipway-${randomUUID()}`;
    const runEngine = async (args: readonly string[], output: Output = {}, signal = call.signal) => {
      const [program = '', ...rest] = await command(args);
      return run(program, rest, { env, signal, cwd: call.workspace, ...output });
    };
    try {
      return await use(name, runEngine);
    } finally {
      // The process that ran the container may be gone while the container still runs.
      await runEngine(['rm', '--force', name], {}, AbortSignal.timeout(removalTimeout));
    }
  }

  async function take(image: string, call: EngineCall): Promise<AsyncDisposable & { own: Held }> {
    const lock = await hold?.();
    const own: Held = held.get(image) ?? { holders: 0 };
    held.set(image, own);
    own.holders += 1;
    return {
      own,
      async [Symbol.asyncDispose]() {
        await lock?.[Symbol.asyncDispose]();
        own.holders -= 1;
        if (own.holders > 0) return;
        held.delete(image);
        const archive = await own.archive?.catch(() => undefined);
        if (archive !== undefined) await rm(archive, { force: true });
        await letGo(image, call);
      },
    };
  }

  /** The engine exports all files or none, which takes long for a large image, so callers at the same time share one export. */
  async function archiveOf(image: string, own: Held, call: EngineCall): Promise<string> {
    while (own.archive !== undefined) {
      const shared = await own.archive.catch(() => undefined);
      if (shared !== undefined) return shared;
      call.signal.throwIfAborted();
    }
    const making = exportFiles(image, call);
    own.archive = making;
    return making.catch((error: unknown) => {
      delete own.archive;
      throw error;
    });
  }

  function exportFiles(image: string, call: EngineCall): Promise<string> {
    return withName(image, call, async (name, runEngine) => {
      const archive = join(call.workspace, `${name}.tar`);
      // It is never started; the engine only wants to know what it would run.
      must(await runEngine(['create', `--name=${name}`, '--network=none', '--entrypoint=/none', image]));
      try {
        must(await runEngine(['export', `--output=${archive}`, name]));
      } catch (error) {
        await rm(archive, { force: true });
        throw error;
      }
      return archive;
    });
  }

  return {
    hold: take,

    async files<Value>(
      image: string,
      paths: readonly string[],
      call: EngineCall,
      use: Borrower<Value>,
    ): Promise<Value> {
      await using taken = await take(image, call);
      const archive = await archiveOf(image, taken.own, call);
      const folder = join(call.workspace, `slipway-${randomUUID()}.files`);
      await mkdir(folder);
      try {
        const { signal } = call;
        const found = await withTargets(paths, archive, signal);
        const links = new Map<string, string>();
        const unpack = extract({
          cwd: folder,
          preserveOwner: false,
          filter: (path, entry) => {
            if (!('type' in entry) || !copied.has(entry.type) || !isAmong(bare(path), found)) return false;
            if (entry.type !== 'SymbolicLink') return true;
            links.set(resolve('/', bare(path)), targetOf(path, entry.linkpath ?? ''));
            return false;
          },
        });
        // The stream has taken in the archive before all files are written.
        await Promise.all([pipeline(createReadStream(archive), unpack, { signal }), once(unpack, 'close')]);
        await makeLinks(folder, links);
        return await use(folder);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },

    async run(container: Container, call: EngineCall): Promise<Finished> {
      const further = await options();
      const { image, folder, workingFolder, environment, hasNetwork, outputLimit } = container;
      const [program, ...args] = container.command;
      const whom = container.user === 'root' ? '0:0' : user;
      return withName(image, call, (name, runEngine) =>
        runEngine(
          [
            'run',
            '--rm',
            `--name=${name}`,
            // How long Podman waits before it removes a container that still runs.
            '--stop-timeout=0',
            ...(container.user === 'image' ? [] : [`--user=${whom}`]),
            '--cap-drop=ALL',
            ...(container.capabilities ?? []).map((each) => `--cap-add=${each}`),
            '--security-opt=no-new-privileges',
            `--memory=${containerLimits.memory}`,
            `--pids-limit=${containerLimits.processes}`,
            ...further,
            ...(hasNetwork ? [] : ['--network=none']),
            ...(container.isReadOnly ? ['--read-only', '--tmpfs=/tmp'] : []),
            ...(folder ? [`--volume=${folder.source}:${folder.target}:${folder.isReadOnly ? 'ro' : 'rw'}`] : []),
            ...(workingFolder === undefined ? [] : [`--workdir=${workingFolder}`]),
            ...Object.entries(environment).map(([key, value]) => `--env=${key}=${value}`),
            `--entrypoint=${program}`,
            image,
            ...args,
          ],
          {
            log: call.log,
            outputLimit,
          },
        ),
      );
    },
  };
}

/** Last of all, so that nothing is written through a link. What the archive has behind a link, or in its place, stays as it is. */
async function makeLinks(folder: string, links: ReadonlyMap<string, string>): Promise<void> {
  for (const [path, target] of links) {
    const parents = path.split('/').map((_, at, parts) => parts.slice(0, at).join('/'));
    if (parents.some((parent) => links.has(parent))) continue;
    const at = join(folder, path);
    await mkdir(dirname(at), { recursive: true });
    await symlink(relative(dirname(path), target) || '.', at).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

/** Paths, and where links on the way to them or below them lead. */
async function withTargets(paths: readonly string[], archive: string, signal: AbortSignal): Promise<string[]> {
  const links = new Map<string, string>();
  const listing = list({
    onReadEntry: ({ type, path, linkpath }) => {
      if (type === 'SymbolicLink' && linkpath) links.set(bare(path), linkpath);
    },
  });
  await pipeline(createReadStream(archive), listing, { signal });
  /** With the number of links on the way. */
  const found = new Map(paths.map((path) => [path, 0]));
  // The loop also visits the paths that it adds.
  for (const [reached, followed] of found) {
    if (followed >= mostLinks) continue;
    for (const [link, target] of links) {
      if (found.size >= mostPaths) return [...found.keys()];
      if (!isAmong(link, [reached])) continue;
      const rest = reached.startsWith(`${link}/`) ? reached.slice(link.length) : '';
      const next = bare(targetOf(link, target) + rest);
      if (!found.has(next)) found.set(next, followed + 1);
    }
  }
  return [...found.keys()];
}

/** As a container sees it: nothing is above the image's root. */
function targetOf(link: string, target: string): string {
  return resolve('/', dirname(bare(link)), target);
}

function bare(path: string): string {
  return path.replace(/^(?:\.?\/)+/, '').replace(/\/$/, '');
}

function isAmong(path: string, wanted: readonly string[]): boolean {
  return wanted.some(
    (each) => each === '.' || path === each || path.startsWith(`${each}/`) || each.startsWith(`${path}/`),
  );
}

/** @throws EngineCallFailedError with the last line that the engine printed */
function must({ code, stderr }: Finished): void {
  if (code !== 0) throw new EngineCallFailedError(`The engine refused: ${stderr.trim().split('\n').at(-1)}`);
}
