import { PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type WebhookScope, webhookSecret } from '../../../core/triggers/webhook.ts';
import { notifySecret } from '../../../core/url-notifications/signature.ts';
import { type CloudFormation, createCloudFormation } from '../../../local/aws/cloudformation.ts';
import { createSecretsManager } from '../../../local/aws/secrets-manager/secrets-manager.ts';
import type { Service } from '../../../local/aws/service.ts';
import { createRotatedSecret } from '../../../services/aws/secrets.ts';
import { type EndpointHost, hostEndpoint } from '../../local/aws/endpoint-host.ts';
import { type FakeHost, startHost } from '../../services/http.ts';
import { slipway } from '../slipway.ts';
import { useAccount } from '../stack.ts';

const master = 'the master secret';
const webhookUrl = 'https://slipway.example/webhooks/github';
let aws: EndpointHost;
let github: FakeHost;
let secretArn: string;
/** The webhooks that GitHub has, by the path of their list. */
let hooks: Record<string, { id: number; config: { url: string } }[]>;
/** What GitHub answers instead, if it refuses. */
let refusal: { status: number; message: string; headers?: Record<string, string> } | undefined;

beforeEach(async () => {
  hooks = { '/repos/demo/app/hooks': [], '/repos/demo/index/hooks': [], '/orgs/demo/hooks': [] };
  refusal = undefined;
  github = await startHost(({ method, path: address }, response) => {
    const { pathname: path } = new URL(address, 'http://github');
    const send = (status: number, body: object, headers = {}) =>
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
    if (refusal && path.endsWith('/hooks')) return send(refusal.status, { message: refusal.message }, refusal.headers);
    const [, renamed] = /^\/repos\/(demo\/(?:app|index|old))$/.exec(path) ?? [];
    if (renamed)
      return send(200, { full_name: renamed === 'demo/old' ? 'Other/New' : renamed.replace('demo', 'Demo') });
    const list = hooks[path];
    if (method === 'GET' && list) return send(200, list);
    if (method === 'POST' && list) return send(201, {});
    if (method === 'PATCH' && hooks[path.replace(/\/\d+$/, '')]) return send(200, {});
    return send(404, { message: 'Not Found' });
  });
  aws = await hostEndpoint((account) => [createSecretsManager(account), createCloudFormation(account)]);
  const [secrets, cloudFormation] = aws.services as [Service, CloudFormation];
  secretArn = (await aws.declare(secrets, 'AWS::SecretsManager::Secret', 'Webhook', { SecretString: master })).ref;
  cloudFormation.noteStack('Slipway', {
    SiteUrl: 'https://slipway.example',
    TriggersQueueUrl: 'https://queue.example',
    WebhooksUrl: 'https://slipway.example/webhooks',
    WebhookSecretArn: secretArn,
    GitHosts: JSON.stringify([
      { kind: 'github', url: 'https://github.com', apiUrl: github.url },
      { kind: 'forgejo', url: 'https://codeberg.org', apiUrl: `${github.url}/codeberg` },
      { kind: 'gitlab', url: 'https://gitlab.com', apiUrl: `${github.url}/gitlab` },
    ]),
    IndexRepository: 'Demo/index',
  });
  useAccount(aws);
  vi.stubEnv('GITHUB_TOKEN', 'the-token');
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await aws[Symbol.asyncDispose]();
  await github[Symbol.asyncDispose]();
});

const add = (...args: string[]) => slipway(['webhook', 'add', ...args]);
const rotate = () => slipway(['webhook', 'rotate']);
const secret = (...args: string[]) => slipway(['webhook', 'secret', ...args]);

const secretOf = (kind: WebhookScope['kind'], name: string) => webhookSecret(master, { kind, name });
const changes = () =>
  github.requests
    .filter(({ method }) => method !== 'GET')
    .map(({ method, path, body }) => ({ method, path, ...JSON.parse(body) }));

describe('slipway webhook secret', () => {
  it.each([
    ['demo/app', 'repository', 'github.com/demo/app'],
    ['Demo/App', 'repository', 'github.com/demo/app'],
    ['https://www.github.com/Demo/App.git/', 'repository', 'github.com/demo/app'],
    ['git@github.com:Demo/App.git', 'repository', 'github.com/demo/app'],
    ['https://git.example/Demo/App.git', 'repository', 'git.example/Demo/App'],
    ['__proto__/constructor', 'repository', 'github.com/__proto__/constructor'],
    ['demo/index', 'index', 'github.com/demo/index'],
    ['https://github.com/demo/Index', 'index', 'github.com/demo/index'],
  ] as const)('prints the secret of %s', async (written, kind, name) => {
    expect(await secret(written)).toEqual({ code: 0, out: `${secretOf(kind, name)}\n`, err: '' });
  });

  it('prints the secret of an organisation', async () => {
    const { out } = await secret('--organization', 'Demo');
    expect(out).toBe(`${secretOf('organization', 'github.com/demo')}\n`);
  });

  it('prints the secret that signs what the addresses of a project get', async () => {
    const { out } = await secret('--notify-url', 'demo/app:1.0');
    expect(out).toBe(`${notifySecret(master, 'demo/app:1.0')}\n`);
    expect((await secret('--notify-url', 'demo/app')).err).toContain('not the whole name of a project');
  });

  it.each(
    [
      [],
      ['a', 'b'],
      ['demo/app', '--notify-url', 'demo/app:1'],
      ['demo/app', '--organization', 'demo'],
      ['demo'],
      ['demo/ünï'],
      ['file:///x'],
      [''],
    ].map((args) => [args]),
  )('refuses %j', async (args) => {
    expect(await secret(...args)).toMatchObject({
      code: 2,
      err: expect.stringMatching(/repository|organisation|too many/),
    });
  });

  it.each(['', '../x', 'a/b', 'ünï'])('refuses the organisation %j', async (name) => {
    expect((await secret('--organization', name)).err).toContain('not a name of an organisation');
  });

  it('says what is missing to somebody who may not read the master secret', async () => {
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIANOBODY');
    const { code, out, err } = await secret('demo/app');
    expect({ code, out }).toEqual({ code: 3, out: '' });
    expect(err).toMatch(/^slipway: AWS/);
  });
});

describe('slipway webhook add', () => {
  const hook = (secret: string) => ({
    active: true,
    events: ['push', 'pull_request', 'issue_comment'],
    config: { url: webhookUrl, content_type: 'json', secret, insecure_ssl: '0' },
  });

  it('creates the webhook with the secret of the repository', async () => {
    expect(await add('Demo/App')).toEqual({
      code: 0,
      out: 'demo/app: the webhook was created\n',
      err: '',
    });
    const derived = secretOf('repository', 'github.com/demo/app');
    expect(changes()).toEqual([{ method: 'POST', path: '/repos/demo/app/hooks', name: 'web', ...hook(derived) }]);
    expect(github.requests[0]?.headers.authorization).toBe('Bearer the-token');
  });

  it('updates the webhook that is there, and leaves those of others alone', async () => {
    hooks['/repos/demo/app/hooks'] = [
      { id: 1, config: { url: 'https://other.example/' } },
      { id: 7, config: { url: webhookUrl } },
    ];
    expect((await add('demo/app')).out).toBe('demo/app: the webhook was updated\n');
    const derived = secretOf('repository', 'github.com/demo/app');
    expect(changes()).toEqual([{ method: 'PATCH', path: '/repos/demo/app/hooks/7', ...hook(derived) }]);
  });

  it('gives the index a secret of its own', async () => {
    await add('demo/index');
    expect(changes()).toMatchObject([{ config: { secret: secretOf('index', 'github.com/demo/index') } }]);
  });

  it('creates the webhook of an organisation, and says that the index needs its own', async () => {
    const { code, out } = await add('--organization', 'demo');
    expect({ code, out }).toEqual({
      code: 0,
      out: 'demo: the webhook was created. The index needs its own webhook: slipway webhook add Demo/index\n',
    });
    expect(changes()).toMatchObject([
      { path: '/orgs/demo/hooks', config: { secret: secretOf('organization', 'github.com/demo') } },
    ]);
  });

  it.each([
    [401, 'Bad credentials', {}, /The token is not valid/],
    [403, 'Resource not accessible by personal access token', {}, /needs admin:repo_hook/],
    [403, 'API rate limit exceeded', { 'x-ratelimit-remaining': '0' }, /try again later/],
    [404, 'Not Found', {}, /does not administer it/],
    [422, 'Validation Failed', {}, /at most 20 webhooks/],
    [500, 'Server Error', {}, /GitHub answered 500 for demo\/app: Server Error/],
  ])('says what to do after %i %s', async (status, message, headers, advice) => {
    refusal = { status, message, headers };
    const { code, out, err } = await add('demo/app');
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(advice);
    expect(err).not.toContain('the-token');
  });

  it('sets up the others if one is refused', async () => {
    const { code, out, err } = await add('demo/gone', 'demo/app');
    expect({ code, out }).toEqual({ code: 1, out: 'demo/app: the webhook was created\n' });
    expect(err).toContain('demo/gone');
  });

  it('sets nothing up for a repository under its old name', async () => {
    const { code, err } = await add('demo/old');
    expect(code).toBe(1);
    expect(err).toContain('demo/old is now Other/New. Write its new address into the index');
    expect(changes()).toEqual([]);
  });

  it('does not send the token to another host', async () => {
    expect((await add('https://git.example/demo/app')).err).toContain('slipway webhook secret');
    expect(github.requests).toEqual([]);
  });

  it('needs a token', async () => {
    vi.stubEnv('GITHUB_TOKEN', '');
    vi.stubEnv('GH_TOKEN', '');
    expect(await add('demo/app')).toMatchObject({ code: 2, err: expect.stringContaining('GITHUB_TOKEN is not set') });
  });
});

describe('slipway webhook rotate', () => {
  const valid = () => createRotatedSecret(secretArn, 7 * 24 * 3_600_000).current();

  it('gives every webhook another secret, and lets the one of before count for a time', async () => {
    expect(await valid()).toEqual([master]);
    const rotated = await rotate();
    expect(rotated).toMatchObject({ code: 0, out: expect.stringContaining('slipway webhook add') });
    const [current = '', ...rest] = await valid();
    expect(current).toMatch(/^[0-9a-f]{64}$/);
    expect(rest).toEqual([master]);
    const { out } = await secret('demo/app');
    expect(out).toBe(`${webhookSecret(current, { kind: 'repository', name: 'github.com/demo/app' })}\n`);
  });

  it('twice ends the one that leaked', async () => {
    await rotate();
    await rotate();
    expect(await valid()).toHaveLength(2);
    expect(await valid()).not.toContain(master);
  });

  it('is what an operator may do with the AWS CLI too', async () => {
    const client = new SecretsManagerClient(aws.as(aws.account.iam.ownerKeys()));
    await client.send(new PutSecretValueCommand({ SecretId: secretArn, SecretString: 'by hand' }));
    expect(await valid()).toEqual(['by hand', master]);
  });
});
