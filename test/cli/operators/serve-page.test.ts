import { afterAll, beforeAll, expect, it } from 'vitest';
import { serveOperatorsPage } from '../../../cli/operators/serve-page.ts';
import { type FakeHost, startHost } from '../../services/http.ts';

let api: FakeHost;
let served: Awaited<ReturnType<typeof serveOperatorsPage>>;

beforeAll(async () => {
  api = await startHost(({ path, headers }, response) => {
    const isSigned = /^AWS4-HMAC-SHA256 /.test(headers.authorization ?? '');
    const type = path.endsWith('.css') ? 'text/css' : 'text/html';
    if (path.startsWith('/operators') && !isSigned) return response.writeHead(403).end('{"message":"Forbidden"}');
    response.writeHead(200, { 'content-type': type, 'set-cookie': 'theirs=1' }).end(`this is ${path}`);
  });
  served = await serveOperatorsPage({
    stack: 'Slipway',
    settings: { region: 'us-east-1', credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' } },
    siteUrl: api.url,
    output: () => api.url,
  });
});
afterAll(async () => {
  served.server.close();
  await api[Symbol.asyncDispose]();
});

const ask = (path: string, headers: Record<string, string> = {}) =>
  fetch(new URL(path, served.url), { headers, redirect: 'manual' });

async function cookie(): Promise<string> {
  const answer = await fetch(served.url, { redirect: 'manual' });
  expect(answer.headers.get('location')).toBe('/operators');
  return answer.headers.get('set-cookie')?.split(';')[0] ?? '';
}

it('shows the page to the browser that comes with the key, by a signed call', async () => {
  const page = await ask('/operators', { cookie: await cookie() });
  expect(await page.text()).toBe('this is /operators');
  expect(page.headers.get('set-cookie')).toBeNull();
});

it('has the style of the site, and sends all else to the site itself', async () => {
  const own = { cookie: await cookie() };
  expect((await ask('/assets/site.1.css', own)).headers.get('content-type')).toBe('text/css');
  const elsewhere = await ask('/builds/00aa?x=1', own);
  expect([elsewhere.status, elsewhere.headers.get('location')]).toEqual([302, `${api.url}/builds/00aa?x=1`]);
});

it.each<[string, string, Record<string, string>]>([
  ['who has no key', '/operators', {}],
  ['who guesses one', `/operators?key=${'a'.repeat(32)}`, {}],
  ['who guesses a cookie', '/operators', { cookie: `slipway=${'a'.repeat(32)}` }],
])('shows nothing to a caller %s', async (_, path, headers) => {
  const calls = api.requests.length;
  const answer = await ask(path, headers);
  expect(answer.status).toBe(403);
  expect(api.requests.length).toBe(calls);
});

it('takes no request that came for another name than its own address', async () => {
  const { port } = new URL(served.url);
  const answer = await ask(`http://localhost:${port}/operators`, { cookie: await cookie() });
  expect(answer.status).toBe(403);
});
