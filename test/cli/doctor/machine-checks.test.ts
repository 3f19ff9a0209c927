import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type FakeHost, startHost } from '../../services/http.ts';
import { slipway } from '../slipway.ts';

let folder: string;
let host: FakeHost;
/** What listens at the machine's address answers this to /healthz. */
let status: number;
let body: string;

beforeEach(async () => {
  [status, body] = [200, 'ok\n'];
  folder = await mkdtemp(join(tmpdir(), 'slipway-machine-'));
  host = await startHost((_, response) => response.writeHead(status).end(body));
  const facts = { url: host.url, endpoint: host.url, region: 'us-east-1', outputs: {} };
  const credentials = { accessKeyId: 'AKIA', secretAccessKey: 'secret' };
  await writeFile(join(folder, 'local.json'), JSON.stringify({ ...facts, credentials }));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await host[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

async function doctor() {
  const { code, out } = await slipway(['doctor', '--data', folder, '--json']);
  const { of, checks } = JSON.parse(out) as {
    of: string;
    checks: { name: string; state: string; text: string; fix?: string }[];
  };
  return { code, of, checks: Object.fromEntries(checks.map(({ name, ...found }) => [name, found])) };
}

it('examines the machine whose data folder it finds', async () => {
  const { of, checks } = await doctor();
  expect(of).toBe(`machine ${folder}`);
  expect(Object.keys(checks)).toEqual(['engine', 'disk', 'port']);
  expect(checks.port).toEqual({ state: 'ok', text: `Slipway answers at ${host.url}.` });
  expect(checks.disk?.text).toMatch(/ has \d+ MB left/);
});

it('sees that Slipway does not run, and says how it is started with this data', async () => {
  await host[Symbol.asyncDispose]();
  const { code, checks } = await doctor();
  expect(checks.port).toMatchObject({
    state: 'wrong',
    fix: `npm run local -- --data ${folder} --port ${new URL(host.url).port}`,
  });
  expect(code).toBe(1);
});

it.each([
  [404, ''],
  [200, 'hello'],
])('sees that another program has taken the port, which answers %i %j', async (...answer) => {
  [status, body] = answer;
  expect((await doctor()).checks.port).toMatchObject({
    state: 'wrong',
    text: expect.stringMatching(/Another program listens/),
  });
});

it('takes a machine that is too busy to answer for no other program', async () => {
  status = 503;
  const { code, checks } = await doctor();
  expect(checks.port).toMatchObject({
    state: 'warning',
    text: expect.stringMatching(/too busy to answer/),
    fix: expect.stringMatching(/again in a minute.* ss -ltnp "sport = :\d+"/),
  });
  expect(code).toBe(0);
});

it('sees that there is no container engine, in the words of the builder', async () => {
  vi.stubEnv('PATH', folder);
  expect((await doctor()).checks.engine).toMatchObject({
    state: 'wrong',
    text: expect.stringMatching(/no container engine on this machine/),
    fix: expect.stringMatching(/npm run local/),
  });
});
