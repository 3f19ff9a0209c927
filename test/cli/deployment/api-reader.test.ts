import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createApiReader } from '../../../cli/deployment/api-reader.ts';

/** Refuses with a status, so many times. */
let refusing = { status: 503, times: 0 };
let asked = 0;
const server = createServer((_, response) => {
  asked += 1;
  response.writeHead(asked > refusing.times ? 200 : refusing.status, { 'retry-after': '0' }).end();
});

beforeAll(() => once(server.listen(0, '127.0.0.1'), 'listening'));
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

it.each([
  [503, 1, 200, 2],
  [429, 3, 200, 4],
  [503, 9, 503, 4],
  [500, 1, 500, 1],
])('what is refused with %i for %i times ends with %i, asked %i times', async (status, times, last, expected) => {
  [refusing, asked] = [{ status, times }, 0];
  const { port } = server.address() as AddressInfo;
  const readApi = createApiReader(`http://127.0.0.1:${port}`, undefined, {});
  expect((await readApi('/api/v1/builds')).status).toBe(last);
  expect(asked).toBe(expected);
});
