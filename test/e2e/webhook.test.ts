import { randomUUID } from 'node:crypto';
import { sign } from '@octokit/webhooks-methods';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Slipway, startSlipway } from './slipway.ts';

let slipway: Slipway;

beforeAll(async () => {
  slipway = await startSlipway();
});
afterAll(() => slipway?.stop());

async function deliver(body: string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${slipway.machine.url}/webhooks/github`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-github-event': 'push',
      'x-github-delivery': randomUUID(),
      'x-hub-signature-256': await sign(slipway.webhookSecretOf('demo/nobody'), body),
      ...headers,
    },
    body,
  });
}

const commit = 'a'.repeat(40);
const push = (over = {}) =>
  JSON.stringify({
    ref: 'refs/heads/main',
    before: 'b'.repeat(40),
    after: commit,
    deleted: false,
    forced: false,
    head_commit: { id: commit },
    repository: { clone_url: `${slipway.machine.url}/git/demo/nobody.git` },
    pusher: { name: 'someone' },
    ...over,
  });

describe('POST /webhooks/github', () => {
  it('accepts a signed push', async () => {
    const id = randomUUID();
    const response = await deliver(push(), { 'x-github-delivery': id });
    expect(response.status).toBe(202);
    expect(await response.json()).toEqual({ delivery: id });
  });

  it.each([
    ['of another repository', () => slipway.webhookSecretOf('demo/somebody')],
    ['of the index', () => slipway.webhookSecretOf(slipway.machine.indexRepository)],
    ['from which the secrets are derived', () => slipway.machine.webhookMaster],
  ])('refuses a body that was signed with the secret %s', async (_, secret) => {
    const response = await deliver(push(), { 'x-hub-signature-256': await sign(secret(), push()) });
    expect(response.status).toBe(401);
  });

  it('accepts the events of the index with the secret of the index only', async () => {
    const { url, indexRepository } = slipway.machine;
    // The branch does not count, so that nothing is applied.
    const body = push({ ref: 'refs/heads/x', repository: { clone_url: `${url}/git/${indexRepository}.git` } });
    const answers = [slipway.webhookSecretOf(indexRepository), slipway.webhookSecretOf('demo/nobody')].map(
      async (secret) => {
        const { status } = await deliver(body, { 'x-hub-signature-256': await sign(secret, body) });
        return status;
      },
    );
    expect(await Promise.all(answers)).toEqual([202, 401]);
  });

  it('accepts a push with 2,048 commits', async () => {
    const commits = Array.from({ length: 2048 }, (_, at) => ({ id: commit, message: `${at} ${'x'.repeat(1000)}` }));
    expect((await deliver(push({ commits }))).status).toBe(202);
  });

  it('refuses one of 20 MB as too large', async () => {
    expect((await deliver(push({ padding: 'x'.repeat(20_000_000) }))).status).toBe(413);
  });

  it('knows no other method', async () => {
    expect((await fetch(`${slipway.machine.url}/webhooks/github`)).status).toBe(404);
  });
});
