import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pathAfter, readSession, sessionPurpose } from '../../core/visibility/session.ts';
import { createLogin } from '../../functions/login.ts';
import { createIdentityProvider as createMachinesProvider } from '../../local/identity-provider/identity-provider.ts';
import { createSeals } from '../../services/aws/seals.ts';
import { createIdentityProvider } from '../../services/identity/identity-provider.ts';
import { silentLogger } from './services-setup.ts';

const password = 'open-sesame';
const seals = createSeals({ current: async () => 'the key' });
let server: Server;
let url: string;
let now: Date;

beforeAll(async () => {
  let answer: ReturnType<typeof createMachinesProvider>;
  server = createServer((request, response) => {
    if (request.url?.startsWith('/html')) response.end('<html>');
    else void answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://localhost:${(server.address() as AddressInfo).port}`;
  answer = createMachinesProvider({ url, password });
  now = new Date();
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

const loginAt = (issuer = `${url}/oidc`) =>
  createLogin({
    provider: createIdentityProvider({
      settings: { issuer, clientId: 'slipway', scopes: 'openid email', groupsClaim: 'groups' },
      secret: async () => undefined,
      redirectUri: `${url}/login/callback`,
    }),
    seals,
    siteUrl: url,
    logger: silentLogger,
    now: () => now,
  });

interface Step {
  status: number | undefined;
  location: string;
  cookies: string[];
  body: string;
}

/** A browser that asks the login. */
async function ask(login: ReturnType<typeof loginAt>, address: string, cookies: string[] = []): Promise<Step> {
  const { pathname, search } = new URL(address, url);
  const {
    statusCode,
    headers,
    cookies: set = [],
    body = '',
  } = await login({
    rawPath: pathname,
    rawQueryString: search.slice(1),
    cookies,
  });
  const kept = set.map((each) => each.split(';')[0] ?? '');
  return { status: statusCode, location: String(headers?.location ?? ''), cookies: kept, body };
}

async function allow(address: string, over: Record<string, string> = {}) {
  const body = new URLSearchParams({ email: 'Alex@example.org', groups: 'architects, builders', password, ...over });
  return fetch(address, { method: 'POST', body, redirect: 'manual' });
}

const allowed = async (address: string) => (await allow(address)).headers.get('location') ?? '';

describe('somebody who signs in', () => {
  it('comes back to where they were, with a session of eight hours that says who they are', async () => {
    const login = loginAt();
    const begun = await ask(login, '/login?to=/projects/plans/vault/latest');
    expect([begun.status, new URL(begun.location).pathname]).toEqual([303, '/oidc/authorize']);
    const done = await ask(login, await allowed(begun.location), begun.cookies);
    expect([done.status, done.location, done.body]).toEqual([303, `${url}/projects/plans/vault/latest`, '']);
    const text = await seals.reveal(sessionPurpose, done.cookies[0]?.replace('slipway-session=', '') ?? '');
    const viewer = { email: 'alex@example.org', groups: ['architects', 'builders'], seesAll: false };
    expect(readSession(text ?? '', [], now)).toEqual(viewer);
    expect(readSession(text ?? '', ['ALEX@example.org'], now)).toEqual({ ...viewer, seesAll: true });
    expect(readSession(text ?? '', [], new Date(now.getTime() + 8 * 3_600_000))).toBeUndefined();
  });

  it('signs out', async () => {
    expect(await ask(loginAt(), '/logout')).toMatchObject({ status: 303, cookies: ['slipway-session='] });
  });
});

describe('nobody is signed in', () => {
  it('in another browser than the one that began, or long after', async () => {
    const login = loginAt();
    const [one, other] = [await ask(login, '/login'), await ask(login, '/login')];
    const back = await allowed(one.location);
    expect(await ask(login, back)).toMatchObject({
      status: 400,
      body: expect.stringContaining('Begin again at /login'),
    });
    expect(await ask(login, back, ['slipway-login=made-up'])).toMatchObject({ status: 400 });
    expect(await ask(login, back, other.cookies)).toMatchObject({ status: 400, cookies: [] });
    const before = now;
    now = new Date(now.getTime() + 601_000);
    expect(await ask(login, back, one.cookies)).toMatchObject({ status: 400, cookies: [] });
    now = before;
  });

  it('by a code that was used, or was made up', async () => {
    const login = loginAt();
    const begun = await ask(login, '/login');
    const back = await allowed(begun.location);
    expect(await ask(login, back, begun.cookies)).toMatchObject({ status: 303 });
    expect(await ask(login, back, begun.cookies)).toMatchObject({
      status: 400,
      body: expect.stringContaining('/login'),
    });
    const made = new URL(back);
    made.searchParams.set('code', 'x');
    expect(await ask(login, made.href, begun.cookies)).toMatchObject({ status: 400 });
  });

  it('by a provider that answers HTML', async () => {
    expect(await ask(loginAt(`${url}/html`), '/login')).toMatchObject({
      status: 400,
      body: expect.stringContaining('The sign-in did not work'),
    });
  });

  it('without the password of the machine, and nobody is sent elsewhere with a code', async () => {
    const { location } = await ask(loginAt(), '/login');
    const refused = await allow(location, { password: 'wrong' });
    expect([refused.status, refused.headers.get('location')]).toEqual([403, null]);
    const elsewhere = new URL(location);
    elsewhere.searchParams.set('redirect_uri', 'https://evil.example/login/callback');
    expect((await allow(elsewhere.href)).status).toBe(400);
  });
});

it.each([
  ['/projects?q=a', '/projects?q=a'],
  ['//evil.example', '/'],
  ['/\\evil.example', '/'],
  ['https://evil.example/', '/'],
  ['/a\r\nset-cookie: x', '/'],
  [undefined, '/'],
])('after a sign-in %j leads to %s', (wanted, expected) => {
  expect(pathAfter(wanted)).toBe(expected);
});
