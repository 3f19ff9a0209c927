import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { sign } from '@octokit/webhooks-methods';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import type { Trigger } from '../../core/model/trigger.ts';
import { type WebhookScope, webhookSecret } from '../../core/triggers/webhook.ts';
import { createWebhook } from '../../functions/webhook.ts';

const master = "It's a Secret to Everybody";
const app: WebhookScope = { kind: 'repository', name: 'github.com/demo/app' };
const github = { kind: 'github', url: 'https://github.com', apiUrl: 'https://api.github.com' } as const;
const index = { source: 'github.com/demo/index', gitHosts: [github] };
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
const repository = { id: 1, clone_url: 'https://github.com/demo/app.git' };
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

function webhook(masters = [master], reread?: string[]) {
  const sent: Trigger[] = [];
  const handle = createWebhook({
    master: { current: async () => masters, reread: () => reread && Promise.resolve(reread) },
    triggers: { send: async (trigger) => void sent.push(trigger) },
    index,
  });
  return { sent, handle };
}

async function deliver(
  body: string,
  headers: Record<string, string | undefined> = {},
  secret = webhookSecret(master, app),
): Promise<APIGatewayProxyEventV2> {
  const all = {
    'x-github-event': 'push',
    'x-github-delivery': '72d3162e-cc78-11e3-81ab-4c9367dc0958',
    'x-hub-signature-256': body ? await sign(secret, body) : 'sha256=',
    ...headers,
  };
  const present = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  return {
    headers: present,
    body,
    isBase64Encoded: false,
    pathParameters: { kind: 'github' },
  } as unknown as APIGatewayProxyEventV2;
}

describe('a delivery', () => {
  it('that is a signed push is accepted and enqueued', async () => {
    const { handle, sent } = webhook();
    const answer = await handle(await deliver(JSON.stringify(push())));
    expect(answer).toMatchObject({ statusCode: 202, body: '{"delivery":"72d3162e-cc78-11e3-81ab-4c9367dc0958"}' });
    expect(sent).toEqual([
      expect.objectContaining({ source: 'github.com/demo/app', expected: commit, ref: 'refs/heads/main' }),
    ]);
  });

  it('of a pull request, or approves its commit, is accepted and enqueued', async () => {
    const { handle, sent } = webhook();
    const opened = await deliver(JSON.stringify(pullRequest('opened')), { 'x-github-event': 'pull_request' });
    const approved = await deliver(JSON.stringify(comment(`/ok-to-test ${commit}`)), {
      'x-github-event': 'issue_comment',
    });
    expect([await handle(opened), await handle(approved)]).toMatchObject([{ statusCode: 202 }, { statusCode: 202 }]);
    expect(sent).toMatchObject([
      { type: 'pull-request', source: 'github.com/demo/app', number: 7, expected: { commit, isOpen: true } },
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
    const { handle } = webhook(['the old one'], [master]);
    expect(await handle(await deliver(JSON.stringify(push())))).toMatchObject({ statusCode: 202 });
  });

  it('is accepted with the secret of before, as long as both count', async () => {
    const event = await deliver(JSON.stringify(push()));
    expect(await webhook(['the new one', master]).handle(event)).toMatchObject({ statusCode: 202 });
    expect(await webhook(['the new one']).handle(event)).toMatchObject({ statusCode: 401 });
  });

  const body = JSON.stringify(push());
  it.each([
    ['with a wrong signature', 401, body, { 'x-hub-signature-256': `sha256=${'0'.repeat(64)}` }],
    ['with a signature of another form', 401, body, { 'x-hub-signature-256': 'sha1=abc' }],
    ['without a signature', 401, body, { 'x-hub-signature-256': undefined }],
    ['without an event', 400, body, { 'x-github-event': undefined }],
    ['without a delivery id', 400, body, { 'x-github-delivery': undefined }],
    ['with a delivery id that is none', 400, body, { 'x-github-delivery': 'a b\n' }],
    ['that is not JSON', 400, 'payload=%7B%7D', {}],
    ['without a body', 400, '', {}],
    ['that only says it is a push', 400, JSON.stringify({ repository }), {}],
    ['that names no repository', 401, '{"ref":"refs/heads/main"}', {}],
    ['that is JSON but nothing else', 401, 'null', {}],
    ['of an unknown event', 202, JSON.stringify({ repository }), { 'x-github-event': 'star' }],
    ['that is a ping', 202, JSON.stringify({ zen: '…', repository }), { 'x-github-event': 'ping' }],
    ['of a label at a pull request', 202, JSON.stringify(pullRequest('labeled')), { 'x-github-event': 'pull_request' }],
    [
      'of a comment that approves nothing',
      202,
      JSON.stringify(comment('Nice!')),
      { 'x-github-event': 'issue_comment' },
    ],
    [
      'that only says it is a pull request',
      400,
      JSON.stringify({ action: 'opened', repository }),
      { 'x-github-event': 'pull_request' },
    ],
    ['that only says it is a comment', 400, JSON.stringify({ repository }), { 'x-github-event': 'issue_comment' }],
    [
      'of an event named like a part of an object',
      202,
      JSON.stringify({ repository }),
      { 'x-github-event': 'constructor' },
    ],
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

  it('keeps no memory when it is over, whoever sent it', async () => {
    const { handle } = webhook();
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const used = () => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    const before = used();
    for (let at = 0; at < 20; at++) {
      const repository = { id: at, clone_url: `https://github.com/strangers/repository-${at}.git` };
      const body = JSON.stringify(push({ repository, commits: ['x'.repeat(1_000_000)] }));
      expect(await handle(await deliver(body))).toMatchObject({ statusCode: 401 });
    }
    expect(used() - before).toBeLessThan(10_000_000);
  });
});

describe('a button of a check run', () => {
  const build = '0123456789abcdef';
  const press = async (action: string, external_id: string | null, over: object = {}) => {
    const { handle, sent } = webhook();
    const check_run = { id: 4, head_sha: commit, external_id };
    const body = JSON.stringify({ action, check_run, sender: { login: 'maintainer' }, repository, ...over });
    const { statusCode } = await handle(await deliver(body, { 'x-github-event': 'check_run' }));
    return { statusCode, sent };
  };
  const approve = { requested_action: { identifier: 'approve' } };
  const source = 'github.com/demo/app';
  const id = '72d3162e-cc78-11e3-81ab-4c9367dc0958';

  it.each<[string, Parameters<typeof press>, object[]]>([
    [
      'runs a build again',
      ['rerequested', build],
      [{ type: 'rerun', id, source, of: { build }, requester: 'maintainer' }],
    ],
    [
      "approves the commit of a fork's pull request",
      ['requested_action', 'pull-request 7', approve],
      [{ type: 'approval', id, source, number: 7, commit, approver: 'maintainer' }],
    ],
    ['approves nothing where there is a build', ['requested_action', build, approve], []],
    [
      'does nothing that Slipway has not put there',
      ['requested_action', 'pull-request 7', { requested_action: { identifier: 'x' } }],
      [],
    ],
    ['is no approval if it is the one to run again', ['rerequested', 'pull-request 7'], []],
    ["of another app's run starts nothing", ['rerequested', 'abc'], []],
    ['of a run without an id starts nothing', ['rerequested', null], []],
    ['that was not pressed starts nothing', ['created', build], []],
    ['of no number starts nothing', ['requested_action', 'pull-request 0x7', approve], []],
  ])('%s', async (_, pressed, triggers) => {
    expect(await press(...pressed)).toEqual({ statusCode: 202, sent: triggers });
  });

  it('runs all builds of a commit again', async () => {
    const { handle, sent } = webhook();
    for (const action of ['requested', 'rerequested', 'completed']) {
      const body = JSON.stringify({ action, check_suite: { head_sha: commit }, sender: { login: 'ada' }, repository });
      expect(await handle(await deliver(body, { 'x-github-event': 'check_suite' }))).toMatchObject({ statusCode: 202 });
    }
    expect(sent).toEqual([{ type: 'rerun', id, source, of: { commit }, requester: 'ada' }]);
  });

  it('is of somebody', async () => {
    expect(await press('rerequested', build, { sender: null })).toEqual({ statusCode: 400, sent: [] });
    expect(await press('rerequested', build, { sender: { login: 'a b' } })).toEqual({ statusCode: 400, sent: [] });
  });
});

describe('a secret', () => {
  const secretOf = (kind: WebhookScope['kind'], name: string) => webhookSecret(master, { kind, name });
  const pushTo = (clone_url: unknown, over = {}) => JSON.stringify(push({ repository: { clone_url }, ...over }));
  const answerTo = async (body: string, secret: string, headers = {}) => {
    const { handle, sent } = webhook();
    const { statusCode, body: text = '' } = await handle(await deliver(body, headers, secret));
    return { statusCode, sent, ignored: JSON.parse(text).ignored };
  };

  it.each([
    ['the repository', 'https://github.com/Demo/App.git', 'repository', 'github.com/demo/app', 'github.com/demo/app'],
    ['its organisation', 'https://github.com/Demo/App.git', 'organization', 'github.com/demo', 'github.com/demo/app'],
    ['the index', 'https://github.com/demo/index.git', 'index', 'github.com/demo/index', 'github.com/demo/index'],
    ['a repository elsewhere', 'https://git.example/A/b', 'repository', 'git.example/A/b', 'git.example/A/b'],
    [
      'a user named like a part of an object',
      'https://github.com/__proto__/x',
      'repository',
      'github.com/__proto__/x',
      'github.com/__proto__/x',
    ],
  ] as const)('of %s signs its pushes', async (_, url, kind, name, source) => {
    const { statusCode, sent } = await answerTo(pushTo(url), secretOf(kind, name));
    expect({ statusCode, sent }).toMatchObject({ statusCode: 202, sent: [{ type: 'push', source }] });
  });

  it.each([
    ['another repository', 'repository', 'github.com/demo/other'],
    ['the same name on another host', 'repository', 'gitlab.com/demo/app'],
    ['a repository whose name begins so', 'repository', 'github.com/demo/app2'],
    ['the index', 'index', 'github.com/demo/index'],
    ['the repository if it were the index', 'index', 'github.com/demo/app'],
    ['another organisation', 'organization', 'github.com/dem'],
    ['the host', 'organization', 'github.com'],
    ['an organisation named like the repository', 'organization', 'github.com/demo/app'],
    ['a repository named like the organisation', 'repository', 'github.com/demo'],
  ] as const)('of %s does not sign for a source', async (_, kind, name) => {
    const { statusCode, sent } = await answerTo(pushTo('https://github.com/demo/app.git'), secretOf(kind, name));
    expect({ statusCode, sent }).toEqual({ statusCode: 401, sent: [] });
  });

  it.each([
    ['the master secret', master],
    ['another master', webhookSecret('another', app)],
  ])('that is %s signs nothing', async (_, secret) => {
    expect(await answerTo(pushTo('https://github.com/demo/app.git'), secret)).toMatchObject({
      statusCode: 401,
      sent: [],
    });
  });

  it('of a source does not sign for the index, even if the source is the same repository', async () => {
    for (const name of ['github.com/demo/app', 'github.com/demo/index']) {
      const answer = await answerTo(pushTo('https://github.com/demo/index.git'), secretOf('repository', name));
      expect(answer).toMatchObject({ statusCode: 401, sent: [] });
    }
  });

  it('of the organisation reports the index in vain: that takes the secret of the index', async () => {
    const answer = await answerTo(
      pushTo('https://github.com/demo/index.git'),
      secretOf('organization', 'github.com/demo'),
    );
    expect(answer).toMatchObject({ statusCode: 202, sent: [], ignored: 'the index has a webhook of its own' });
  });

  it('of an organisation signs the ping of its webhook', async () => {
    const ping = JSON.stringify({ zen: '…', organization: { login: 'Demo' } });
    const headers = { 'x-github-event': 'ping' };
    expect((await answerTo(ping, secretOf('organization', 'github.com/demo'), headers)).statusCode).toBe(202);
    expect((await answerTo(ping, secretOf('organization', 'github.com/other'), headers)).statusCode).toBe(401);
    // A push without a repository is of nobody.
    expect((await answerTo(ping, secretOf('organization', 'github.com/demo'))).sent).toEqual([]);
  });

  it.each([
    ['a source', 'https://github.com/demo/app.git', 'github.com/demo/app'],
    ['the index', 'https://github.com/demo/index.git', 'github.com/demo/index'],
  ])('of the app of the host signs the pushes of %s', async (_, url, source) => {
    const answer = await answerTo(pushTo(url), secretOf('app', 'github.com'));
    expect(answer).toMatchObject({ statusCode: 202, sent: [{ type: 'push', source }] });
  });

  it('of the app of another host signs nothing here', async () => {
    for (const name of ['git.example', 'github.com/demo', 'github.com/demo/app', ''])
      expect((await answerTo(pushTo(repository.clone_url), secretOf('app', name))).statusCode).toBe(401);
    expect((await answerTo(pushTo('https://git.example/a/b'), secretOf('app', 'git.example'))).statusCode).toBe(401);
  });

  it.each(['created', 'deleted', 'suspend', 'unsuspend'])(
    'of the app signs that an installation was %s, which starts nothing: it is asked of the host',
    async (action) => {
      const headers = { 'x-github-event': 'installation' };
      const event = JSON.stringify({ action, installation: { id: 7, account: { login: 'demo' } }, sender: {} });
      const answer = await answerTo(event, secretOf('app', 'github.com'), headers);
      expect(answer).toMatchObject({ statusCode: 202, sent: [], ignored: 'installation events start nothing' });
      expect((await answerTo(event, secretOf('repository', 'github.com/demo/app'), headers)).statusCode).toBe(401);
    },
  );

  it('counts for the repository that is read first, whatever else the body says', async () => {
    const own = 'https://github.com/demo/app.git';
    const victim = 'https://github.com/victim/app.git';
    const text = JSON.stringify(push());
    const bodies = [
      // A key that is there twice.
      text.replace('"repository":{', `"repository":{"clone_url":"${victim}"},"repository":{`),
      text.replace('"repository":{', `"repository":{"clone_url":"${victim}",`),
      text.replace(`"${own}"`, `"${own}","clone_url":"${victim}"`),
      text.replace(
        '"repository":{',
        `"repository":{"full_name":"victim/app","html_url":"${victim}","owner":{"login":"victim"},`,
      ),
      text.replace('{"ref"', `{"__proto__":{"repository":{"clone_url":"${victim}"}},"ref"`),
    ];
    for (const body of bodies) {
      const { statusCode, sent } = await answerTo(body, webhookSecret(master, app));
      if (statusCode === 202) expect(sent).toMatchObject([{ source: 'github.com/demo/app' }]);
      else expect({ statusCode, sent }).toEqual({ statusCode: 401, sent: [] });
    }
    const pull = { ...pullRequest('opened'), repository: { ...repository, full_name: 'victim/app' } };
    const { sent } = await answerTo(JSON.stringify(pull), webhookSecret(master, app), {
      'x-github-event': 'pull_request',
    });
    expect(sent).toMatchObject([{ source: 'github.com/demo/app' }]);
  });

  it.each([
    undefined,
    null,
    {},
    7,
    '',
    'demo/app',
    'file:///etc/passwd',
    'https://',
    'https://github.com',
    'javascript:alert(1)',
    `https://github.com/${'a'.repeat(3000)}`,
  ])('of nobody signs for a repository at %j', async (url) => {
    expect(await answerTo(pushTo(url), webhookSecret(master, app))).toMatchObject({ statusCode: 401, sent: [] });
  });
});
