import { createHmac } from 'node:crypto';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { type GitHost, type GitHostKind, gitHostKinds } from '../../core/model/git-host.ts';
import type { Trigger } from '../../core/model/trigger.ts';
import { sourceOf } from '../../core/sources/source.ts';
import { type WebhookScope, webhookSecret } from '../../core/triggers/webhook.ts';
import { createWebhook } from '../../functions/webhook.ts';
import { signingToken } from '../../services/git-host/gitlab/signing-token.ts';
import { hostEvents, type SentEvent } from '../core/triggers/events.ts';

const master = 'the master secret';
const id = '72d3162e-cc78-11e3-81ab-4c9367dc0958';
const gitHosts: GitHost[] = [
  { kind: 'gitlab', url: 'https://gitlab.com', apiUrl: 'https://gitlab.com/api/v4' },
  { kind: 'forgejo', url: 'https://codeberg.org', apiUrl: 'https://codeberg.org/api/v1' },
];

type Headers = Record<string, string>;
const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text);

/** The headers of an event, by how its host signs it. */
const signed: Record<string, { kind: GitHostKind; headers(name: string, secret: string, body: string): Headers }> = {
  GitHub: {
    kind: 'github',
    headers: (name, secret, body) => ({
      'x-github-event': name,
      'x-github-delivery': id,
      'x-hub-signature-256': `sha256=${hmac(secret, body).digest('hex')}`,
    }),
  },
  Gitea: {
    kind: 'forgejo',
    headers: (name, secret, body) => ({
      'x-gitea-event': name,
      'x-gitea-delivery': id,
      'x-gitea-signature': hmac(secret, body).digest('hex'),
    }),
  },
  Forgejo: {
    kind: 'forgejo',
    headers: (name, secret, body) => ({
      'x-forgejo-event': name,
      'x-forgejo-delivery': id,
      'x-forgejo-signature': hmac(secret, body).digest('hex'),
    }),
  },
  'a GitLab that signs': {
    kind: 'gitlab',
    headers: (name, secret, body) => {
      const key = Buffer.from(signingToken(secret).replace('whsec_', ''), 'base64');
      const signature = hmac(key, `${id}.1700000000.${body}`).digest('base64');
      const own = { 'webhook-id': id, 'webhook-timestamp': '1700000000', 'webhook-signature': `v1,${signature}` };
      return { 'x-gitlab-event': name, 'idempotency-key': id, ...own };
    },
  },
  'a GitLab that does not sign': {
    kind: 'gitlab',
    headers: (name, secret) => ({ 'x-gitlab-event': name, 'x-gitlab-event-uuid': id, 'x-gitlab-token': secret }),
  },
};

function webhook() {
  const sent: Trigger[] = [];
  const handle = createWebhook({
    master: { current: async () => [master], reread: () => undefined },
    triggers: { send: async (trigger) => void sent.push(trigger) },
    index: { source: 'gitlab.com/demo/index', gitHosts },
  });
  const deliver = async (kind: string, headers: Headers, body: string) => {
    const event = { headers, body, isBase64Encoded: false, pathParameters: { kind } };
    return (await handle(event as unknown as APIGatewayProxyEventV2)).statusCode;
  };
  return { sent, deliver };
}

describe.each(Object.keys(signed))('an event of %s', (name) => {
  const { kind, headers } = signed[name] as (typeof signed)[string];
  const { url, ...events } = hostEvents[kind];
  const source = sourceOf(url);
  const own = webhookSecret(master, { kind: 'repository', name: source });
  const send = async (event: SentEvent, secret = own) => {
    const { sent, deliver } = webhook();
    const body = JSON.stringify(event.payload);
    return { status: await deliver(kind, headers(event.name, secret, body), body), sent };
  };

  it('is accepted with the secret of its repository, and enqueued', async () => {
    const sent = [events.push('refs/heads/main'), events.pullRequest('opened')];
    for (const event of sent) expect(await send(event)).toMatchObject({ status: 202, sent: [{ id, source }] });
    const comment = events.comment({ body: `/ok-to-test ${'a'.repeat(40)}` });
    expect(await send(comment)).toMatchObject({ status: 202, sent: [{ type: 'approval', source }] });
  });

  it('is accepted with the secret of what contains the repository', async () => {
    const owners = source.split('/').slice(0, -1);
    for (let parts = 2; parts <= owners.length; parts++) {
      const scope: WebhookScope = { kind: 'organization', name: owners.slice(0, parts).join('/') };
      expect(await send(events.push('refs/heads/main'), webhookSecret(master, scope))).toMatchObject({ status: 202 });
    }
  });

  it.each([
    ['of another repository', webhookSecret(master, { kind: 'repository', name: `${source}2` })],
    ['of the host', webhookSecret(master, { kind: 'organization', name: source.split('/')[0] ?? '' })],
    ['of the index', webhookSecret(master, { kind: 'index', name: source })],
    ['from which all are derived', master],
  ])('is refused with the secret %s', async (_, secret) => {
    expect(await send(events.push('refs/heads/main'), secret)).toEqual({ status: 401, sent: [] });
  });

  it('is refused without a signature, or with one of another form', async () => {
    const { sent, deliver } = webhook();
    const { name: event, payload } = events.push('refs/heads/main');
    const body = JSON.stringify(payload);
    const whole = headers(event, own, body);
    for (const header of Object.keys(whole).filter((each) => /signature|token/.test(each))) {
      const { [header]: _, ...rest } = whole;
      expect(await deliver(kind, rest, body)).toBe(401);
      for (const wrong of ['', 'x', 'v1,', 'v1,AAAA', 'sha256=', '0'.repeat(64)])
        expect(await deliver(kind, { ...whole, [header]: wrong }, body)).toBe(401);
    }
    expect(sent).toEqual([]);
  });

  it('is refused with another body, where the host signs it', async () => {
    const { sent, deliver } = webhook();
    const { name: event, payload } = events.push('refs/heads/main');
    const whole = headers(event, own, JSON.stringify(payload));
    const changed = JSON.stringify({ ...payload, ref: 'refs/heads/other' });
    // What an older GitLab sends is only a hint of whoever knows the secret, as all events are.
    expect(await deliver(kind, whole, changed)).toBe(whole['x-gitlab-token'] === undefined ? 401 : 202);
    expect(sent).toHaveLength(whole['x-gitlab-token'] === undefined ? 0 : 1);
  });

  it('has the id of its delivery each time that it is sent, so that it is planned once', async () => {
    const { sent, deliver } = webhook();
    const { name: event, payload } = events.push('refs/heads/main');
    const body = JSON.stringify(payload);
    for (let time = 0; time < 2; time++) await deliver(kind, headers(event, own, body), body);
    expect(sent.map((trigger) => trigger.id)).toEqual([id, id]);
  });

  it.each([
    ['that is not JSON', 400, 'payload=1'],
    ['that is a page', 400, '<html>'],
    ['without a repository', 401, '{}'],
    ['that is nothing', 400, ''],
  ])('with a body %s gets %i', async (_, status, body) => {
    const { sent, deliver } = webhook();
    expect(await deliver(kind, headers(events.push('refs/heads/main').name, own, body), body)).toBe(status);
    expect(sent).toEqual([]);
  });
});

it('an event whose signature is wrong is not saved by the token beside it', async () => {
  const { sent, deliver } = webhook();
  const { url, push } = hostEvents.gitlab;
  const secret = webhookSecret(master, { kind: 'repository', name: sourceOf(url) });
  const body = JSON.stringify(push('refs/heads/main').payload);
  const headers = signed['a GitLab that signs']?.headers('Push Hook', 'ab'.repeat(32), body);
  expect(await deliver('gitlab', { ...headers, 'x-gitlab-token': secret }, body)).toBe(401);
  expect(sent).toEqual([]);
});

it.each(['', 'bitbucket', 'constructor', '__proto__'])('a host of the kind %j has no webhook', async (kind) => {
  expect(await webhook().deliver(kind, {}, '{}')).toBe(404);
});

it('every kind of host is tried', () => {
  expect(new Set(Object.values(signed).map(({ kind }) => kind))).toEqual(new Set(gitHostKinds));
});
