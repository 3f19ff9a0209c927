import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** Somebody else listens on the port that was asked for. */
export class PortTakenError extends Error {
  override readonly name = 'PortTakenError';
}

const usual = 4600;

/**
 * The port that was asked for; without one, the usual one or the next that is free.
 * @throws PortTakenError
 */
export async function choosePort(wanted: number | undefined): Promise<number> {
  if (wanted !== undefined) {
    if (await isTaken(wanted)) throw new PortTakenError(`Port ${wanted} is taken. Choose another one with --port.`);
    return wanted;
  }
  for (let port = usual; port < usual + 100; port++) if (!(await isTaken(port))) return port;
  throw new PortTakenError(`The ports from ${usual} on are taken. Choose one with --port.`);
}

/** Any free port. */
export async function findFreePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  return typeof address === 'object' && address ? address.port : 0;
}

/** Whether somebody answers at one of the addresses that `localhost` names. */
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
