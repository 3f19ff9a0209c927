import { sign } from '@octokit/webhooks-methods';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import type { Trigger } from '../../core/model/trigger.ts';
import { createGithubWebhook } from '../../functions/github-webhook.ts';

const secret = "It's a Secret to Everybody";
const commit = 'a'.repeat(40);
const push = (over = {}) => ({
  ref: 'refs/heads/main',
  before: 'b'.repeat(40),
  after: commit,
  deleted: false,
  forced: false,
  head_commit: { id: commit },
  repository: { clone_url: 'https://github.com/demo/app.git' },
  pusher: { name: 'someone' },
  ...over,
});
const repository = { id: 1, clone_url: 'https://github.com/demo/app.git', full_name: 'demo/app' };
const pullRequest = (action: string) => ({
  action,
  number: 7,
  pull_request: {
    head: { sha: commit, repo: { id: 2 } },
    base: { ref: 'main' },
    user: { login: 'someone' },
    updated_at: '2026-11-20T23:59:58Z',
  },
  repository,
});
const comment = (body: string) => ({
  action: 'created',
  issue: { number: 7, pull_request: {} },
  comment: { id: 5, body, user: { login: 'maintainer', type: 'User' } },
  repository,
});

function webhook(current = secret, rotated?: string) {
  const sent: Trigger[] = [];
  const handle = createGithubWebhook({
    secret: {
      current: async () => current,
      reread: () => (rotated === undefined ? undefined : Promise.resolve(rotated)),
    },
    triggers: { send: async (trigger) => void sent.push(trigger) },
  });
  return { sent, handle };
}

async function deliver(
  body: string,
  headers: Record<string, string | undefined> = {},
): Promise<APIGatewayProxyEventV2> {
  const all = {
    'x-github-event': 'push',
    'x-github-delivery': '72d3162e-cc78-11e3-81ab-4c9367dc0958',
    'x-hub-signature-256': body ? await sign(secret, body) : 'sha256=',
    ...headers,
  };
  const present = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  return { headers: present, body, isBase64Encoded: false } as unknown as APIGatewayProxyEventV2;
}

describe('a delivery', () => {
  it('that is a signed push is accepted and enqueued', async () => {
    const { handle, sent } = webhook();
    const answer = await handle(await deliver(JSON.stringify(push())));
    expect(answer).toMatchObject({ statusCode: 202, body: '{"delivery":"72d3162e-cc78-11e3-81ab-4c9367dc0958"}' });
    expect(sent).toEqual([expect.objectContaining({ source: 'github.com/demo/app', commit, ref: 'refs/heads/main' })]);
  });

  it('of a pull request, or approves its commit, is accepted and enqueued', async () => {
    const { handle, sent } = webhook();
    const opened = await deliver(JSON.stringify(pullRequest('opened')), { 'x-github-event': 'pull_request' });
    const approved = await deliver(JSON.stringify(comment(`/ok-to-test ${commit}`)), {
      'x-github-event': 'issue_comment',
    });
    expect([await handle(opened), await handle(approved)]).toMatchObject([{ statusCode: 202 }, { statusCode: 202 }]);
    expect(sent).toMatchObject([
      { type: 'pull-request', source: 'github.com/demo/app', number: 7, commit, fork: true },
      { type: 'approval', source: 'github.com/demo/app', number: 7, commit, approver: 'maintainer' },
    ]);
  });

  it('is read as bytes when the gateway encoded it', async () => {
    const { handle, sent } = webhook();
    const event = await deliver(JSON.stringify(push({ ref: 'refs/heads/größe' })));
    const encoded = { ...event, body: Buffer.from(event.body ?? '').toString('base64'), isBase64Encoded: true };
    expect(await handle(encoded)).toMatchObject({ statusCode: 202 });
    expect(sent[0]).toMatchObject({ ref: 'refs/heads/größe' });
  });

  it('is accepted when the secret was rotated a moment ago', async () => {
    const { handle } = webhook('the old one', secret);
    expect(await handle(await deliver(JSON.stringify(push())))).toMatchObject({ statusCode: 202 });
  });

  const body = JSON.stringify(push());
  it.each([
    ['with a wrong signature', 401, body, { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` }],
    ['with a signature of another form', 401, body, { 'x-hub-signature-256': 'sha1=abc' }],
    ['without a signature', 401, body, { 'x-hub-signature-256': undefined }],
    ['without an event', 400, body, { 'x-github-event': undefined }],
    ['without a delivery id', 400, body, { 'x-github-delivery': undefined }],
    ['with a delivery id that is none', 400, body, { 'x-github-delivery': 'a b\n' }],
    ['that is no JSON', 400, 'payload=%7B%7D', {}],
    ['without a body', 400, '', {}],
    ['that only says it is a push', 400, '{"ref":"refs/heads/main"}', {}],
    ['that is JSON but nothing else', 400, 'null', {}],
    ['of an unknown event', 202, '{}', { 'x-github-event': 'star' }],
    ['that is a ping', 202, '{"zen":"…"}', { 'x-github-event': 'ping' }],
    ['of a label at a pull request', 202, JSON.stringify(pullRequest('labeled')), { 'x-github-event': 'pull_request' }],
    [
      'of a comment that approves nothing',
      202,
      JSON.stringify(comment('Nice!')),
      { 'x-github-event': 'issue_comment' },
    ],
    ['that only says it is a pull request', 400, '{"action":"opened"}', { 'x-github-event': 'pull_request' }],
    ['that only says it is a comment', 400, 'null', { 'x-github-event': 'issue_comment' }],
    ['of an event named like a part of an object', 202, '{}', { 'x-github-event': 'constructor' }],
  ])('%s gets %i and enqueues nothing', async (_, statusCode, text, headers) => {
    const { handle, sent } = webhook();
    const answer = await handle(await deliver(text, headers));
    expect(answer.statusCode).toBe(statusCode);
    expect(JSON.parse(answer.body ?? '')).toBeTypeOf('object');
    expect(sent).toEqual([]);
  });

  it('with 2,048 commits is one small message', async () => {
    const { handle, sent } = webhook();
    const commits = Array.from({ length: 2048 }, () => ({ id: commit, message: 'x'.repeat(500), added: ['a/b'] }));
    expect(await handle(await deliver(JSON.stringify(push({ commits }))))).toMatchObject({ statusCode: 202 });
    expect(JSON.stringify(sent[0]).length).toBeLessThan(1000);
  });
});
