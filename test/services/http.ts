import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeHost extends AsyncDisposable {
  url: string;
  /** Every request, in its order. */
  requests: { method: string; path: string; headers: IncomingMessage['headers']; body: string }[];
}

/** A host on a port of its own that answers as the test says. */
export async function startHost(
  answer: (request: FakeHost['requests'][number], response: ServerResponse) => unknown,
): Promise<FakeHost> {
  const requests: FakeHost['requests'] = [];
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const { method = '', url: path = '', headers } = incoming;
    const request = { method, path, headers, body: Buffer.concat(chunks).toString() };
    requests.push(request);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
