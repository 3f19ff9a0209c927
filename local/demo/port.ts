import { once } from 'node:events';
import { connect, createServer } from 'node:net';

const usual = 4600;

/** The usual port, or the next one that is free. */
export async function usualPort(): Promise<number> {
  let port = usual;
  while (port < usual + 100 && (await isTaken(port))) port++;
  return port;
}

/** Any free port. */
export async function findFreePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  return typeof address === 'object' && address ? address.port : 0;
}

/** Whether a process answers at one of the addresses that `localhost` names. */
async function isTaken(port: number): Promise<boolean> {
  const answers = ['127.0.0.1', '::1'].map(async (host) => {
    const socket = connect({ host, port });
    try {
      await once(socket, 'connect');
      return true;
    } catch {
      // Nobody listens there, or the machine has no such address: either way it is not taken.
      return false;
    } finally {
      socket.destroy();
    }
  });
  return (await Promise.all(answers)).includes(true);
}
