import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { listen } from '../../local/address.ts';

test('the machine answers on the loopback, as IPv4 and by name', async () => {
  const address = await listen(0, (_, response) => response.end('here'));
  for (const host of ['127.0.0.1', 'localhost']) {
    expect(await (await fetch(`http://${host}:${address.port}/`)).text()).toBe('here');
  }
  await address.close();
  await expect(fetch(`http://127.0.0.1:${address.port}/`)).rejects.toThrow();
});

test('a port that is taken is refused with what to do', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await expect(listen(port, () => undefined)).rejects.toThrow(
    `Port ${port} is taken: stop what listens there, or choose another with --port.`,
  );
  server.close();
});
