import { exists, keepRunning } from '../process.ts';

interface LocalNetwork extends AsyncDisposable {
  /** The prefix of a command that is to run in it. */
  prefix: string[];
}

/**
 * A network that contains only the machine itself, as a container without a network has: a server and its client find each other there
 * by `localhost`. It ends with the builder, however that ends. A new one is down at first
 * (https://man7.org/linux/man-pages/man7/network_namespaces.7.html); without iproute2 it stays so.
 */
export async function localNetwork(call: {
  env: Readonly<Record<string, string>>;
  signal: AbortSignal;
}): Promise<LocalNetwork> {
  const holder = await keepRunning('unshare', ['--net', 'cat'], call.env);
  const [program, ...args] = ['nsenter', `--net=/proc/${holder.pid}/ns/net`] as const;
  await exists(program, [...args, 'ip', 'link', 'set', 'lo', 'up'], call);
  return { prefix: [program, ...args], [Symbol.asyncDispose]: () => holder[Symbol.asyncDispose]() };
}
