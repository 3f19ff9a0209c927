import { once } from 'node:events';
import { request } from 'node:http';
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

test.each([
  ['localhost', 200],
  ['LOCALHOST.', 200],
  ['127.0.0.1', 200],
  ['[::1]', 200],
  ['bucket.localhost', 200],
  // The owner of a name can have it lead to this machine, and a page of it then reads what is there.
  ['evil.example', 421],
  ['localhost.evil.example', 421],
  ['127.0.0.1.evil.example', 421],
  ['192.168.1.7', 421],
])('a request for the host %s is answered with %i', async (host, status) => {
  const address = await listen(0, (_, response) => response.end('here'));
  const asked = request({ host: '127.0.0.1', port: address.port, headers: { host: `${host}:${address.port}` } }).end();
  const [answer] = await once(asked, 'response');
  expect(answer.statusCode).toBe(status);
  answer.resume();
  await address.close();
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
