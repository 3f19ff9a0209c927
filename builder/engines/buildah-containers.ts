import { randomUUID } from 'node:crypto';
import { once } from '../../core/once.ts';
import { EngineCallFailedError } from '../errors.ts';
import { type Finished, type OutputLog, run } from '../process.ts';
import { containersEnvironment } from './containers-environment.ts';
import type { Borrower, Capability, Container, Engine, EngineCall } from './engine.ts';
import { enginePrefix, type Isolation, runOptions } from './isolation.ts';
import { limits } from './limits.ts';
import { localNetwork } from './local-network.ts';
import type { Store } from './store.ts';

/** How long the removal of a container may take once it is no longer needed. */
const removalTimeout = 30_000;

/**
 * Buildah's working containers. Under `chroot` isolation a command shares the machine's memory and network. It therefore runs in its own
 * PID and mount namespace (and network namespace, if it needs no network), with only the capabilities that it was given.
 */
export function buildahContainers(store: Store, isolation: Isolation): Pick<Engine, 'hold' | 'files' | 'run'> {
  /** By image that is held: makes its files accessible once for all who read them, as each command of Buildah takes its time. */
  const held = new Map<string, () => Promise<string>>();

  /** A working container of the image, until it is disposed of. */
  async function openContainer(image: string, call: EngineCall): Promise<WorkingContainer> {
    const env = await containersEnvironment(call, [image]);
    const name = `slipway-${randomUUID()}`;
    const buildah: WorkingContainer['buildah'] = async (
      args,
      { signal = call.signal, prefix = [], ...output } = {},
    ) => {
      const [program = '', ...rest] = await store.command(prefix, args);
      return run(program, rest, { env, signal, cwd: call.workspace, ...output });
    };
    await using opening = new AsyncDisposableStack();
    opening.use(await store.hold());
    opening.defer(async () => {
      await buildah(['rm', name], { signal: AbortSignal.timeout(removalTimeout) });
    });
    const options = ['--quiet', '--pull=false', `--name=${name}`, ...(await limits())];
    must(`the image ${image}`, await buildah(['from', ...options, '--', image]));
    const opened = opening.move();
    return { name, buildah, [Symbol.asyncDispose]: () => opened.disposeAsync() };
  }

  async function mount(image: string, { name, buildah }: WorkingContainer): Promise<string> {
    return must(`the files of ${image}`, await buildah(['mount', name])).stdout.trim();
  }

  return {
    async hold(image: string, call: EngineCall): Promise<AsyncDisposable> {
      const resources = new AsyncDisposableStack();
      resources.defer(() => store.unmount(AbortSignal.timeout(removalTimeout)));
      resources.use(await store.hold());
      resources.defer(() => {
        held.delete(image);
      });
      held.set(
        image,
        once(async () => mount(image, resources.use(await openContainer(image, call)))),
      );
      return resources;
    },

    async files<Value>(
      image: string,
      _paths: readonly string[],
      call: EngineCall,
      use: Borrower<Value>,
    ): Promise<Value> {
      const shared = held.get(image);
      if (shared) return use(await shared());
      await using container = await openContainer(image, call);
      return await use(await mount(image, container));
    },

    async run(container: Container, call: EngineCall): Promise<Finished> {
      const isAlone = !container.hasNetwork && isolation.kind === 'chroot';
      const confined = await enginePrefix(isolation, call);
      if (isAlone && confined.length === 0) {
        throw new EngineCallFailedError(
          'Buildah cannot keep a command from the network here: it runs without root and without containers.',
        );
      }
      if (isolation.kind === 'chroot') {
        call.log?.line(
          'no container can be started here: the command runs under chroot, with the memory of the machine',
        );
      }
      await using working = await openContainer(container.image, call);
      await using network = isAlone ? await localNetwork(call) : undefined;
      const prefix = [...(network?.prefix ?? []), ...confined];
      const { folder, workingFolder, environment, command, outputLimit } = container;
      const args = [
        'run',
        ...runOptions(isolation, container.hasNetwork),
        ...(container.user === 'image' ? [] : ['--user=0:0']),
        ...capabilityOptions(container.capabilities ?? []),
        ...(folder ? [`--volume=${folder.source}:${folder.target}:${folder.isReadOnly ? 'ro' : 'rw'}`] : []),
        ...(workingFolder === undefined ? [] : [`--workingdir=${workingFolder}`]),
        ...Object.entries(environment).map(([key, value]) => `--env=${key}=${value}`),
        '--',
        working.name,
        ...command,
      ];
      return await working.buildah(args, { prefix, log: call.log, outputLimit });
    },
  };
}

/** Buildah drops after it adds, so `--cap-drop=all` would leave nothing: the others are dropped by name. */
function capabilityOptions(wanted: readonly Capability[]): string[] {
  if (wanted.length === 0) return ['--cap-drop=all'];
  return [
    ...wanted.map((each) => `--cap-add=CAP_${each}`),
    ...capabilities.filter((each) => !wanted.some((kept) => kept === each)).map((each) => `--cap-drop=CAP_${each}`),
  ];
}

/** Linux's since 3.16: no engine grants later ones by default. https://man7.org/linux/man-pages/man7/capabilities.7.html */
const capabilities =
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ'.split(
    ' ',
  );

interface WorkingContainer extends AsyncDisposable {
  name: string;
  buildah(args: readonly string[], options?: CommandOptions): Promise<Finished>;
}

interface CommandOptions {
  signal?: AbortSignal;
  prefix?: readonly string[];
  log?: OutputLog | undefined;
  outputLimit?: number | undefined;
}

/** @throws EngineCallFailedError with the last line that the engine printed */
function must(what: string, finished: Finished): Finished {
  if (finished.code === 0) return finished;
  throw new EngineCallFailedError(`Buildah could not give ${what}: ${finished.stderr.trim().split('\n').at(-1)}`);
}
