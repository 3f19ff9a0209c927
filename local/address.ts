import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The port cannot be listened on; the message says what to do. */
export class PortError extends Error {
  override readonly name = 'PortError';
}

export interface Address {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Listens on a port of the loopback, as IPv4 and as IPv6 where there is one. Port 0 chooses a free one.
 * @throws PortError
 */
export async function listen(port: number, listener: RequestListener): Promise<Address> {
  const first = makeServer(listener);
  const chosen = await bind(first, port, '127.0.0.1');
  const second = makeServer(listener);
  const servers = [first];
  try {
    await bind(second, chosen, '::1');
    servers.push(second);
  } catch (error) {
    // Without IPv6 the machine is reached over IPv4 alone.
    if (error instanceof PortError) {
      await new Promise((resolve) => first.close(resolve));
      // A port that the system chose is free as IPv4 only.
      if (port === 0) return listen(port, listener);
      throw error;
    }
  }
  return {
    port: chosen,
    async close() {
      const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)));
      for (const server of servers) server.closeAllConnections();
      await Promise.all(closed);
    },
  };
}

/**
 * Whether a request names this machine: its mails and images need no login. The owner of another name can make it lead to the loopback, and
 * a page of that name would then read them in the browser of whoever runs this. https://en.wikipedia.org/wiki/DNS_rebinding
 */
function isForThisMachine({ headers: { host } }: IncomingMessage): boolean {
  return host === undefined || /^(?:(?:[\w-]+\.)*localhost\.?|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i.test(host);
}

function makeServer(listener: RequestListener): Server {
  const server = createServer((request, response) => {
    if (isForThisMachine(request)) return listener(request, response);
    response
      .writeHead(421, { 'content-type': 'text/plain' })
      .end('Slipway on one machine answers as localhost only.\n');
  });
  // A layer of an image may take longer than the five minutes that Node gives a request.
  server.requestTimeout = 0;
  // Longer than the clients' own: a connection that closes while a request is on its way would be an error without a cause.
  server.keepAliveTimeout = 75_000;
  return server;
}

async function bind(server: Server, port: number, host: string): Promise<number> {
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE')
      throw new PortError(`Port ${port} is taken: stop what listens there, or choose another with --port.`);
    if (code === 'EACCES')
      throw new PortError(`This user may not listen on port ${port}: choose one above 1023 with --port.`);
    throw error;
  }
  return (server.address() as AddressInfo).port;
}
