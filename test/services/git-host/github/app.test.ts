import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createGithubApp } from '../../../../services/git-host/github/app.ts';
import { type FakeHost, startHost } from '../../http.ts';
import { send } from '../ask-host.ts';

let privateKey: string;
let publicKey: string;

beforeAll(() => {
  const pair = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  ({ privateKey, publicKey } = pair);
});
afterEach(() => vi.useRealTimers());

const everything = { checks: 'write', contents: 'read', pull_requests: 'write' };
const installation = { id: 7, account: { login: 'acme' }, permissions: everything, suspended_at: null };

/** GitHub, as far as an app asks it for tokens. A number is the status of a refusal. */
async function startGithub(answers: { installation?: object | number; minting?: number; message?: string } = {}) {
  const state = { installation: installation as object | number, message: 'Refused', ...answers, minted: 0 };
  const host = await startHost(({ method, path }, response) => {
    if (method === 'GET') {
      if (typeof state.installation === 'number') send(response, state.installation, { message: state.message });
      else send(response, 200, state.installation);
    } else if (state.minting) send(response, state.minting, { message: 'There is at least one repository …' });
    else {
      state.minted++;
      expect(path).toBe('/app/installations/7/access_tokens');
      const expires_at = new Date(Date.now() + 3_600_000).toISOString();
      send(response, 201, { token: `ghs_${state.minted}`, expires_at });
    }
  });
  return Object.assign(host, { state });
}

const appAt = ({ url }: FakeHost, key = privateKey) =>
  createGithubApp({ apiUrl: url, key: { id: 'Iv23', privateKey: key }, wait: async () => undefined });

/** The claims of the token that a request was sent with, if the app has signed it. */
function claimsOf({ headers }: FakeHost['requests'][number]) {
  const [, head = '', body = '', signature = ''] =
    /^Bearer ([\w-]+)\.([\w-]+)\.([\w-]+)$/.exec(headers.authorization ?? '') ?? [];
  const signed = Buffer.from(`${head}.${body}`);
  expect(verify('RSA-SHA256', signed, createPublicKey(publicKey), Buffer.from(signature, 'base64url'))).toBe(true);
  expect(JSON.parse(Buffer.from(head, 'base64url').toString())).toEqual({ alg: 'RS256', typ: 'JWT' });
  return JSON.parse(Buffer.from(body, 'base64url').toString());
}

describe('a GitHub App', () => {
  it('gets a token for one repository, to read its contents and nothing else', async () => {
    await using github = await startGithub();
    expect(await appAt(github).tokenFor({ path: 'acme/vault' }, 'source')).toEqual({ token: 'ghs_1' });
    const [asked, minted] = github.requests;
    expect(asked?.path).toBe('/repos/acme/vault/installation');
    expect(JSON.parse(minted?.body ?? '')).toEqual({ repositories: ['vault'], permissions: { contents: 'read' } });
    for (const request of github.requests) {
      const { iat, exp, iss } = claimsOf(request);
      const now = Date.now() / 1000;
      expect(iss).toBe('Iv23');
      expect(iat).toBeLessThanOrEqual(now - 59);
      expect(exp).toBeLessThanOrEqual(now + 600);
      expect(exp - iat).toBeLessThanOrEqual(600);
    }
  });

  it('gets one for the submodules that are named besides', async () => {
    await using github = await startGithub();
    await appAt(github).tokenFor({ path: 'acme/vault' }, 'source', ['lib', 'vault']);
    expect(JSON.parse(github.requests[1]?.body ?? '').repositories).toEqual(['vault', 'lib']);
  });

  it('uses a token until shortly before its end, and asks after the installation every five minutes', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-01-01T00:00:00Z') });
    await using github = await startGithub();
    const app = appAt(github);
    const at = async (minute: number) => {
      vi.setSystemTime(Date.parse('2026-01-01T00:00:00Z') + minute * 60_000);
      const before = github.requests.length;
      const answers = await Promise.all([1, 2].map(() => app.tokenFor({ path: 'Acme/Vault' }, 'reports')));
      return [answers[1], github.requests.length - before];
    };
    expect(await at(0)).toEqual([{ token: 'ghs_1' }, 2]);
    expect(await at(4)).toEqual([{ token: 'ghs_1' }, 0]);
    expect(await at(6)).toEqual([{ token: 'ghs_1' }, 1]);
    expect(await at(54)).toEqual([{ token: 'ghs_1' }, 1]);
    expect(await at(56)).toEqual([{ token: 'ghs_2' }, 1]);
    github.state.installation = { ...installation, suspended_at: '2026-01-01T00:57:00Z' };
    expect(await at(60)).toEqual([{ refusal: expect.stringMatching(/suspended for acme/), isInstalled: true }, 1]);
    // Whoever has just put it right need not wait.
    github.state.installation = installation;
    expect(await at(60.1)).toEqual([expect.objectContaining({ refusal: expect.any(String) }), 0]);
    expect(await at(60.5)).toEqual([{ token: 'ghs_2' }, 1]);
  });

  it('keeps no refusal of GitHub: what was put right counts at once', async () => {
    await using github = await startGithub({ minting: 422 });
    const app = appAt(github);
    const ask = () => app.tokenFor({ path: 'acme/vault' }, 'source');
    expect(await ask()).toMatchObject({ refusal: expect.stringContaining('answered 422'), isInstalled: true });
    github.state.minting = 0;
    expect(await ask()).toEqual({ token: 'ghs_1' });
  });

  it.each([
    ['suspended', { ...installation, suspended_at: '2026-01-01T00:00:00Z' }, 403, /^The GitHub App is suspended/],
    ['taken away', 404, 404, /^The GitHub App is not installed on acme\/vault\./],
    ['given fewer rights', { ...installation, permissions: {} }, 422, /lacks contents: read/],
  ])('says what became of an installation that was %s since it was asked', async (_, now, minting, refusal) => {
    await using github = await startGithub();
    const app = appAt(github);
    await app.tokenFor({ path: 'acme/vault' }, 'source');
    Object.assign(github.state, { installation: now, minting });
    expect(await app.tokenFor({ path: 'acme/vault' }, 'source', ['lib'])).toMatchObject({
      refusal: expect.stringMatching(refusal),
    });
  });

  it('takes no token of before its installation was changed', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-01-01T00:00:00Z') });
    await using github = await startGithub({ installation: { ...installation, updated_at: '2025-01-01T00:00:00Z' } });
    const app = appAt(github);
    expect(await app.tokenFor({ path: 'acme/vault' }, 'source')).toEqual({ token: 'ghs_1' });
    github.state.installation = { ...installation, updated_at: '2026-01-01T00:00:01Z' };
    vi.setSystemTime(Date.parse('2026-01-01T00:06:00Z'));
    expect(await app.tokenFor({ path: 'acme/vault' }, 'source')).toEqual({ token: 'ghs_2' });
  });

  it.each([
    [
      '120 seconds ahead',
      '2026-01-01T00:02:00Z',
      "'Issued at' claim ('iat') must be an Integer representing the time that …",
    ],
    ['660 seconds behind', '2025-12-31T23:49:00Z', "'Expiration time' claim ('exp') must be a numeric value …"],
  ])('on a machine whose clock is %s says so', async (skew, now, message) => {
    vi.useFakeTimers({ toFake: ['Date'], now: new Date(now) });
    await using github = await startHost((_, response) =>
      send(response, 401, { message }, { date: 'Thu, 01 Jan 2026 00:00:00 GMT' }),
    );
    expect(await appAt(github).tokenFor({ path: 'acme/vault' }, 'source')).toEqual({
      refusal: `GitHub does not accept what the GitHub App Iv23 signs: the clock here is ${skew}. Have it set by a time server.`,
      isInstalled: true,
    });
  });

  it.each([
    ['is not installed there', { installation: 404 }, /^The GitHub App is not installed on acme\/vault\./, false],
    [
      'does not exist',
      { installation: 404, message: 'Integration not found' },
      /^GitHub does not accept the key of the GitHub App Iv23: .* the id is another app's/,
      true,
    ],
    [
      'signs with a deleted key',
      { installation: 401 },
      /^GitHub does not accept the key of the GitHub App Iv23:/,
      true,
    ],
    ['may no longer do something', { minting: 403 }, /answered 403/, true],
  ])('that %s gets a sentence instead', async (_, answers, refusal, isInstalled) => {
    await using github = await startGithub(answers);
    const answer = await appAt(github).tokenFor({ path: 'acme/vault' }, 'source');
    expect(answer).toEqual({ refusal: expect.stringMatching(refusal), isInstalled });
  });

  it.each([
    ['no key', 'not a key'],
    ['nothing', ''],
    ['a public key', undefined],
    [
      'a key of another kind',
      generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    ],
  ])('whose private key is %s says so, asks nobody, and does not show it', async (_, text) => {
    await using github = await startGithub();
    const answer = await appAt(github, text ?? publicKey).tokenFor({ path: 'acme/vault' }, 'source');
    expect(answer).toEqual({
      refusal: expect.stringMatching(/^The private key of the GitHub App Iv23 .* is not an RSA key/),
      isInstalled: true,
    });
    expect(JSON.stringify(answer)).not.toContain('BEGIN');
    expect(github.requests).toEqual([]);
  });

  it('says that a host which answers with a page is not the API', async () => {
    await using host = await startHost((_, response) =>
      response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Sign in</html>'),
    );
    const asked = appAt(host).tokenFor({ path: 'acme/vault' }, 'source');
    await expect(asked).rejects.toThrow(/^The git host answered GET \S+ in an unknown form/);
  });
});
