import { generateKeyPairSync } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { appEvents } from '../../../core/git-host/app-installation.ts';
import { type CloudFormation, createCloudFormation } from '../../../local/aws/cloudformation.ts';
import { createSts } from '../../../local/aws/sts.ts';
import { hostEndpoint } from '../../local/aws/endpoint-host.ts';
import { type FakeHost, startHost } from '../../services/http.ts';
import { slipway } from '../slipway.ts';

const outputs = {
  Sender: 'slipway@images.example.org',
  OperatorsTopicArn: 'arn:aws:sns:us-east-1:123456789012:operators',
  BuilderProjectName: 'builder',
  RepositoryPrefix: 'slipway/',
  WebhookSecretArn: 'arn:webhook',
  GitHostTokensSecretArn: 'arn:token',
  StateMachineArn: 'arn:machine',
  SiteUrl: '',
  ProjectsTableName: 'projects',
  WebhooksUrl: 'https://slipway.example/webhooks',
  IndexRepository: 'demo/index',
  GitHosts: '',
  LoginSettings: '',
  LoginClientSecretArn: 'arn:client',
};

const xml = (action: string, result: string) =>
  `<${action}Response><${action}Result>${result}</${action}Result><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></${action}Response>`;

const stack = (status: string, drift = 'IN_SYNC', has: Record<string, string> = outputs) =>
  xml(
    'DescribeStacks',
    `<Stacks><member><StackName>Slipway</StackName><StackStatus>${status}</StackStatus><DriftInformation><StackDriftStatus>${drift}</StackDriftStatus></DriftInformation><CreationTime>2026-11-29T12:00:00Z</CreationTime><Outputs>${Object.entries(
      has,
    )
      .map(([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`)
      .join('')}</Outputs></member></Stacks>`,
  );

const subscriptions = (...arns: string[]) =>
  xml(
    'ListSubscriptionsByTopic',
    `<Subscriptions>${arns.map((arn) => `<member><SubscriptionArn>${arn}</SubscriptionArn><Endpoint>you@example.org</Endpoint></member>`).join('')}</Subscriptions>`,
  );

const quotaName = 'Concurrently running builds for ARM/Medium environment';

/** Builds of the API, the newest first. */
const builds = (...causes: ('push' | 'source-moved' | 'manual')[]) => ({
  cursor: null,
  items: causes.map((type, at) => ({
    project: 'demo/app:latest',
    createdAt: `2026-11-2${9 - at}T12:00:00.000Z`,
    cause: { type, delivery: '1', ref: 'refs/heads/main', commit: '0', pusher: 'alex', requester: 'alex' },
  })),
});

const hook = { id: 1, active: true, config: { url: `${outputs.WebhooksUrl}/github` }, last_response: { code: 202 } };
const gitlabHook = { id: 1, url: `${outputs.WebhooksUrl}/gitlab`, alert_status: 'executable' };

/** What AWS, the git hosts and the identity provider answer where all is well, by the call. */
const healthy: Record<string, string | object> = {
  GetCallerIdentity: xml('GetCallerIdentity', '<Account>123456789012</Account>'),
  DescribeStacks: stack('UPDATE_COMPLETE'),
  ListSubscriptionsByTopic: subscriptions('arn:aws:sns:us-east-1:123456789012:operators:1'),
  '/v2/email/identities/slipway%40images.example.org': { VerifiedForSendingStatus: true },
  '/v2/email/account': { ProductionAccessEnabled: true, SendingEnabled: true, SendQuota: { Max24HourSend: 50_000 } },
  '/2016-08-19/account-settings': { AccountLimit: { ConcurrentExecutions: 1000 } },
  GetSecretValue: { SecretString: '{"github.com": "token-1", "gitlab.example": "token-2"}' },
  BatchGetProjects: {
    projects: [
      {
        name: 'builder',
        environment: {
          type: 'ARM_CONTAINER',
          computeType: 'BUILD_GENERAL1_MEDIUM',
          environmentVariables: [{ name: 'PULL_THROUGH', value: '{"docker.io":"docker-hub"}' }],
        },
      },
    ],
  },
  ListServiceQuotas: { Quotas: [{ QuotaName: quotaName, QuotaCode: 'L-1', Value: 20 }] },
  GetRegistryScanningConfiguration: { scanningConfiguration: { scanType: 'BASIC', rules: [] } },
  GetAccountSetting: { name: 'BLOB_MOUNTING', value: 'ENABLED' },
  DescribePullThroughCacheRules: { pullThroughCacheRules: [{ ecrRepositoryPrefix: 'docker-hub' }] },
  '/healthz': {},
  '/api/v1/builds?limit=100': builds('push', 'source-moved'),
  '/api/v1/projects': {
    cursor: null,
    items: ['https://github.com/demo/app.git', 'https://gitlab.example/group/web', 'https://elsewhere.example/x'].map(
      (url) => ({
        active: true,
        source: { url, branch: 'main', dockerfile: 'Dockerfile', context: '.', prebuild: null },
      }),
    ),
  },
  '/github/rate_limit': {},
  '/github/repos/demo/index': {},
  '/github/repos/demo/index/hooks': [hook],
  '/github/repos/demo/app/hooks': [hook],
  '/gitlab/personal_access_tokens/self': { scopes: ['api'], expires_at: '2099-01-01' },
  '/gitlab/projects/group%2Fweb/hooks': [gitlabHook],
  '/oidc/authorize': {},
};

/** What is answered with another status, or with headers that matter. */
let special: Record<string, { status?: number; headers?: Record<string, string>; content?: object }>;

let aws: FakeHost;
let answers: Record<string, string | object>;
let denied: Set<string>;
/** What GetSecretValue answers where the secret is not there. */
let gone: { __type: string; message: string } | undefined;
/** What the clock of the pages says. */
let time: Date;

beforeEach(async () => {
  answers = { ...healthy };
  denied = new Set();
  gone = undefined;
  time = new Date();
  special = { '/oidc/token': { status: 400, content: { error: 'invalid_grant' } } };
  aws = await startHost(({ path, headers, body }, response) => {
    const target = String(headers['x-amz-target'] ?? '')
      .split('.')
      .at(-1);
    const action = new URLSearchParams(body).get('Action');
    const call = target || action || path.replace(/\/$/, '');
    const [withoutQuery = ''] = call.split('?');
    const answer = answers[call] ?? answers[withoutQuery];
    const { status = 200, headers: extra = {}, content = answer } = special[withoutQuery] ?? {};
    if (denied.has(call)) {
      response
        .writeHead(400, { 'x-amzn-errortype': 'AccessDeniedException' })
        .end(JSON.stringify({ __type: 'AccessDeniedException', message: `No policy allows ${call}.` }));
      return;
    }
    if (call === 'GetSecretValue' && gone) {
      response.writeHead(400, { 'x-amzn-errortype': gone.__type }).end(JSON.stringify(gone));
      return;
    }
    if (content === undefined) {
      response
        .writeHead(404, { 'x-amzn-errortype': 'NotFoundException' })
        .end(JSON.stringify({ message: 'Not found' }));
      return;
    }
    const isText = typeof content === 'string';
    const type = { 'content-type': isText ? 'text/xml' : 'application/json', date: time.toUTCString() };
    response.writeHead(status, { ...type, ...extra }).end(isText ? content : JSON.stringify(content));
  });
  outputs.SiteUrl = aws.url;
  outputs.GitHosts = JSON.stringify([
    { kind: 'github', url: 'https://github.com', apiUrl: `${aws.url}/github` },
    { kind: 'gitlab', url: 'https://gitlab.example', apiUrl: `${aws.url}/gitlab` },
  ]);
  outputs.LoginSettings = JSON.stringify({ issuer: `${aws.url}/oidc`, clientId: 'slipway' });
  answers['/oidc/.well-known/openid-configuration'] = {
    issuer: `${aws.url}/oidc`,
    authorization_endpoint: `${aws.url}/oidc/authorize`,
    token_endpoint: `${aws.url}/oidc/token`,
  };
  answers.DescribeStacks = stack('UPDATE_COMPLETE');
  useEndpoint(aws.url);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  for (const name of ['GITHUB_TOKEN', 'GH_TOKEN', 'GITLAB_TOKEN']) vi.stubEnv(name, '');
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await aws[Symbol.asyncDispose]();
});

function useEndpoint(url: string): void {
  vi.stubEnv('AWS_ENDPOINT_URL', url);
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_MAX_ATTEMPTS', '1');
}

const doctor = (...args: string[]) => slipway(['doctor', ...args]);

/** The checks by name. */
async function checked() {
  const { code, out } = await doctor('--json');
  const { checks } = JSON.parse(out) as { checks: { name: string; state: string; text: string; fix?: string }[] };
  return { code, checks: Object.fromEntries(checks.map(({ name, ...found }) => [name, found])) };
}

describe('slipway doctor', () => {
  it('finds nothing in an account in which all is well', async () => {
    const { code, checks } = await checked();
    expect(Object.entries(checks).filter(([, { state }]) => state !== 'ok')).toEqual([]);
    expect(code).toBe(0);
  });

  it.each<[string, Record<string, string | object>, string, string, RegExp]>([
    [
      'a first deployment that failed',
      { DescribeStacks: stack('ROLLBACK_COMPLETE') },
      'stack',
      'wrong',
      /--no-enable-termination-protection --stack-name Slipway && npx cdk deploy/,
    ],
    [
      'resources that were changed by hand',
      { DescribeStacks: stack('UPDATE_COMPLETE', 'DRIFTED') },
      'stack-drift',
      'warning',
      /describe-stack-resource-drifts.*cdk deploy --revert-drift/,
    ],
    [
      'changes that no event reported',
      { '/api/v1/builds?limit=100': builds('manual', 'source-moved', 'push') },
      'webhook-deliveries',
      'warning',
      /slipway webhook add/,
    ],
    [
      'a missing cache of Docker Hub',
      { DescribePullThroughCacheRules: { pullThroughCacheRules: [] } },
      'registry-limits',
      'wrong',
      /build\.pullThrough/,
    ],
    [
      'base images that are pulled without an account',
      {
        BatchGetProjects: {
          projects: [{ environment: { type: 'ARM_CONTAINER', computeType: 'BUILD_GENERAL1_MEDIUM' } }],
        },
      },
      'registry-limits',
      'warning',
      /docs\/operations\.md/,
    ],
    [
      'a sender who is not confirmed',
      { '/v2/email/identities/slipway%40images.example.org': { VerifiedForSendingStatus: false } },
      'sender-identity',
      'wrong',
      /Follow the link.* verify-email-identity --email-address slipway@images/,
    ],
    ['that the builder was deleted', { BatchGetProjects: { projects: [] } }, 'build-quota', 'wrong', /stack-drift/],
    [
      'an operator who has not confirmed',
      { ListSubscriptionsByTopic: subscriptions('PendingConfirmation') },
      'operators',
      'wrong',
      /Subscription Confirmation/,
    ],
    [
      'that there are no operators',
      { ListSubscriptionsByTopic: subscriptions() },
      'operators',
      'wrong',
      /"operators" in cdk\.json.*sns subscribe --topic-arn arn:aws:sns/,
    ],
    ['a secret that was emptied', { GetSecretValue: { SecretString: '' } }, 'webhook-secret', 'wrong', /openssl rand/],
    [
      'an account that may build nothing',
      { ListServiceQuotas: { Quotas: [{ QuotaName: quotaName, QuotaCode: 'L-1', Value: 0 }] } },
      'build-quota',
      'wrong',
      /request-service-quota-increase --service-code codebuild --quota-code L-1/,
    ],
    [
      'an account that builds one thing at a time',
      { ListServiceQuotas: { Quotas: [{ QuotaName: quotaName, QuotaCode: 'L-1', Value: 1 }] } },
      'build-quota',
      'warning',
      /--desired-value 10/,
    ],
    [
      'ten functions at once',
      { '/2016-08-19/account-settings': { AccountLimit: { ConcurrentExecutions: 10 } } },
      'function-concurrency',
      'warning',
      /L-B99A9384/,
    ],
    [
      'the sandbox of SES',
      { '/v2/email/account': { ProductionAccessEnabled: false, SendQuota: { Max24HourSend: 200 } } },
      'mail-sandbox',
      'warning',
      /production access/,
    ],
    [
      'enhanced scans without the candidates',
      {
        GetRegistryScanningConfiguration: {
          scanningConfiguration: {
            scanType: 'ENHANCED',
            rules: [
              { scanFrequency: 'SCAN_ON_PUSH', repositoryFilters: [{ filter: 'other/*', filterType: 'WILDCARD' }] },
              {
                scanFrequency: 'SCAN_ON_PUSH',
                repositoryFilters: [{ filter: 'slipway/demo*', filterType: 'WILDCARD' }],
              },
            ],
          },
        },
      },
      'image-scans',
      'wrong',
      /put-registry-scanning-configuration/,
    ],
    [
      'layers that are copied',
      { GetAccountSetting: { value: 'DISABLED' } },
      'shared-layers',
      'warning',
      /BLOB_MOUNTING/,
    ],
  ])('sees %s, and says what to do', async (_, over, name, state, fix) => {
    Object.assign(answers, over);
    const { code, checks } = await checked();
    expect(checks[name]).toMatchObject({ state, fix: expect.stringMatching(fix) });
    expect(code).toBe(state === 'wrong' ? 1 : 0);
  });

  const soon = new Date(Date.now() + 5 * 24 * 60 * 60_000).toISOString();

  it.each<[string, string, typeof special, string, RegExp, RegExp]>([
    [
      'a token that its host refuses',
      'git-host-tokens',
      { '/github/rate_limit': { status: 401, content: { message: 'Bad credentials' } } },
      'wrong',
      /github\.com refuses its token \(401 Bad credentials\)/,
      /put-secret-value --secret-id arn:token/,
    ],
    [
      'a token with too little scope',
      'git-host-tokens',
      { '/github/rate_limit': { headers: { 'x-oauth-scopes': 'gist, read:org' } } },
      'wrong',
      /does not have the scope repo or public_repo, but gist, read:org/,
      /git-hosts\.md/,
    ],
    [
      'a token with too little scope at GitLab',
      'git-host-tokens',
      { '/gitlab/personal_access_tokens/self': { content: { scopes: ['read_api'] } } },
      'wrong',
      /does not have the scope api, but read_api/,
      /git-hosts\.md/,
    ],
    [
      'a token that does not open the index',
      'git-host-tokens',
      { '/github/repos/demo/index': { status: 404, content: {} } },
      'wrong',
      /does not open the index, demo\/index/,
      /git-hosts\.md/,
    ],
    [
      'a token that soon expires',
      'git-host-tokens',
      { '/gitlab/personal_access_tokens/self': { content: { scopes: ['api'], expires_at: soon } } },
      'warning',
      /gitlab\.example expires on 20/,
      /put-secret-value/,
    ],
    [
      'a source without a webhook',
      'webhooks',
      { '/github/repos/demo/app/hooks': { content: [] } },
      'warning',
      /^demo\/app has no webhook/,
      /slipway webhook add demo\/app/,
    ],
    [
      'a delivery that failed',
      'webhooks',
      {
        '/github/repos/demo/index/hooks': {
          content: [{ ...hook, last_response: { code: 502, message: 'Bad gateway' } }],
        },
      },
      'warning',
      /^The last delivery of the webhook of demo\/index failed: 502 Bad gateway\./,
      /Recent deliveries/,
    ],
    [
      'a webhook that GitLab has switched off',
      'webhooks',
      { '/gitlab/projects/group%2Fweb/hooks': { content: [{ ...gitlabHook, alert_status: 'disabled' }] } },
      'warning',
      /webhook of https:\/\/gitlab\.example\/group\/web is switched off/,
      /webhook add https:\/\/gitlab\.example\/group\/web/,
    ],
    [
      'webhooks that the token may not see',
      'webhooks',
      { '/github/repos/demo/app/hooks': { status: 403, content: { message: 'Resource not accessible' } } },
      'unknown',
      /webhook of demo\/app cannot be looked at/,
      /administers demo\/app/,
    ],
    [
      'an identity provider that does not answer',
      'sign-in',
      { '/oidc/.well-known/openid-configuration': { status: 404, content: {} } },
      'wrong',
      /does not answer as an OpenID Connect provider/,
      /login\.issuer/,
    ],
    [
      'the issuer of another provider',
      'sign-in',
      { '/oidc/.well-known/openid-configuration': { content: { issuer: 'https://other.example' } } },
      'wrong',
      /does not answer as an OpenID Connect provider/,
      /name the issuer in the same way/,
    ],
    [
      'a client whose secret is wrong',
      'sign-in',
      { '/oidc/token': { status: 401, content: { error: 'invalid_client' } } },
      'wrong',
      /does not take the client slipway with its secret \(invalid_client\)/,
      /put-secret-value --secret-id arn:client/,
    ],
    [
      'an address to come back to that the provider does not know',
      'sign-in',
      { '/oidc/authorize': { status: 400 } },
      'wrong',
      /sends nobody back to http.*\/login\/callback/,
      /Register this address with the client slipway/,
    ],
    [
      'the same where the provider shows a page of its own',
      'sign-in',
      { '/oidc/authorize': { status: 302, headers: { location: '/error?error=redirect_mismatch' } } },
      'wrong',
      /sends nobody back/,
      /Register this address/,
    ],
  ])('sees %s, and says what to do', async (_, name, over, state, text, fix) => {
    Object.assign(special, over);
    const { checks } = await checked();
    expect(checks[name]).toEqual({ state, text: expect.stringMatching(text), fix: expect.stringMatching(fix) });
  });

  it('says once for all repositories that it has no token to look at their webhooks', async () => {
    answers.GetSecretValue = { SecretString: '{"gitlab.example": "token-2"}' };
    const { checks } = await checked();
    expect(checks.webhooks).toEqual({
      state: 'unknown',
      text: 'The webhook of demo/index and 1 more cannot be looked at without a token.',
      fix: expect.stringMatching(/administers demo\/index/),
    });
  });

  describe('a GitHub App', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
    const store = (app: object) => {
      const of = { app: 'Iv23', 'private-key': pem, ...app };
      answers.GetSecretValue = { SecretString: JSON.stringify({ 'github.com': of, 'gitlab.example': 'token-2' }) };
    };
    const permissions = { checks: 'write', contents: 'read', pull_requests: 'write', metadata: 'read' };
    const installed = { id: 5, account: { login: 'demo' }, permissions, suspended_at: null, html_url: 'https://x' };
    const url = `${outputs.WebhooksUrl}/github`;
    beforeEach(() => {
      store({});
      Object.assign(answers, {
        '/github/app': { name: 'ours', html_url: 'https://github.com/apps/ours', permissions, events: appEvents },
        '/github/app/hook/config': { url, secret: '********' },
        '/github/app/hook/deliveries': [{ status: 'OK', status_code: 202 }],
        '/github/app/installations': [installed],
        '/github/repos/demo/index/installation': installed,
        '/github/repos/demo/app/installation': installed,
        '/github/app/installations/5/access_tokens': { token: 'ghs_1', expires_at: '2099-01-01T00:00:00Z' },
      });
    });

    it('that is in order needs no other webhook and no token', async () => {
      for (const name of ['index', 'app']) special[`/github/repos/demo/${name}/hooks`] = { status: 403, content: {} };
      const { checks } = await checked();
      expect(checks['git-host-tokens']).toEqual({
        state: 'ok',
        text: expect.stringMatching(/^https:\/\/github\.com accepts the GitHub App ours, installed for 1\./),
      });
      expect(checks.webhooks).toMatchObject({ state: 'ok' });
    });

    it('needs none for the index where a token opens that', async () => {
      store({ token: 'token-1' });
      special['/github/repos/demo/index/installation'] = { status: 404, content: {} };
      expect((await checked()).checks['git-host-tokens']).toMatchObject({ state: 'ok' });
    });

    it.each<[string, string, { content?: object; status?: number }, string, RegExp, RegExp]>([
      [
        'that GitHub no longer knows',
        '',
        { status: 404, content: { message: 'Integration not found' } },
        'wrong',
        /does not accept the key .* Iv23/,
        /What goes wrong/,
      ],
      [
        'whose key was revoked',
        '',
        { status: 401, content: {} },
        'wrong',
        /does not accept the key/,
        /What goes wrong/,
      ],
      ['at a GitHub that is down', '', { status: 422, content: {} }, 'unknown', /cannot be looked at: .* 422/, /$/],
      [
        'without a permission and an event',
        '',
        { content: { name: 'ours', html_url: 'h', permissions: { ...permissions, checks: 'read' }, events: ['push'] } },
        'wrong',
        /lacks checks: write\. .* no events pull_request, issue_comment\./,
        /Permissions & events/,
      ],
      [
        'without a webhook',
        '/hook/config',
        { status: 404, content: {} },
        'wrong',
        /has no webhook/,
        /webhook secret --app/,
      ],
      [
        'whose webhook is elsewhere',
        '/hook/config',
        { content: { url: 'https://old' } },
        'wrong',
        /goes to https:\/\/old/,
        /webhooks\/github/,
      ],
      ['whose webhook has no secret', '/hook/config', { content: { url } }, 'wrong', /has no secret/, /secret --app/],
      [
        'whose last delivery did not arrive',
        '/hook/deliveries',
        { content: [{ status: 'failed to connect', status_code: 502 }] },
        'warning',
        /last delivery of the GitHub App ours failed: 502 failed to connect/,
        /Recent deliveries/,
      ],
      [
        'whose secret is another',
        '/hook/deliveries',
        { content: [{ status: 'Unauthorized', status_code: 401 }] },
        'wrong',
        /failed: 401/,
        /webhook secret --app/,
      ],
      [
        'that is installed nowhere',
        '/installations',
        { content: [] },
        'wrong',
        /installed nowhere/,
        /installations\/new/,
      ],
      [
        'that is suspended somewhere',
        '/installations',
        { content: [{ ...installed, suspended_at: '2026-01-01' }] },
        'warning',
        /suspended for demo/,
        /Installed GitHub Apps/,
      ],
      [
        'whose installation lacks what was added later',
        '/installations',
        { content: [{ ...installed, permissions: { contents: 'read' } }] },
        'warning',
        /for demo lacks checks: write, pull_requests: write/,
        /Installed GitHub Apps/,
      ],
    ])('%s is seen', async (_, path, answer, state, text, fix) => {
      special[`/github/app${path}`] = answer;
      const found = (await checked()).checks['git-host-tokens'];
      expect(found).toMatchObject({ state, text: expect.stringMatching(text) });
      expect(found?.fix ?? '').toMatch(fix);
    });

    it('that is not installed on the index, and whose key is none, is seen', async () => {
      special['/github/repos/demo/index/installation'] = { status: 404, content: {} };
      expect((await checked()).checks['git-host-tokens']).toMatchObject({
        state: 'wrong',
        text: expect.stringMatching(/not installed on demo\/index/),
      });
      store({ 'private-key': 'a secret text' });
      const { state, text = '' } = (await checked()).checks['git-host-tokens'] ?? {};
      expect([state, text]).toEqual(['wrong', expect.stringMatching(/is not an RSA key/)]);
      expect(text).not.toContain('a secret text');
    });
  });

  it('takes the webhook of the organisation for that of its repositories', async () => {
    special['/github/repos/demo/app/hooks'] = { content: [] };
    answers['/github/orgs/demo/hooks'] = [hook];
    expect((await checked()).checks.webhooks).toEqual({ state: 'ok', text: 'Each repository has its webhook: 3.' });
  });

  it('sees that a git host has no token, or the provider no secret where it wants one', async () => {
    answers.GetSecretValue = { SecretString: 'none' };
    special['/oidc/token'] = { status: 401, content: { error: 'invalid_client' } };
    const { checks } = await checked();
    expect(checks['git-host-tokens']).toMatchObject({ state: 'warning', text: expect.stringMatching(/no token of/) });
    expect(checks['sign-in']).toMatchObject({ state: 'wrong', text: expect.stringMatching(/without a secret/) });
  });

  it('looks at builds of another account there, with what that account has', async () => {
    answers.DescribeStacks = stack('UPDATE_COMPLETE', 'IN_SYNC', { ...outputs, BuildsAccount: '222233334444' });
    const { checks } = await checked();
    for (const name of ['build-quota', 'registry-limits'])
      expect(checks[name]).toMatchObject({
        state: 'not-applicable',
        text: 'Builds run in the account 222233334444.',
        fix: expect.stringMatching(/doctor --stack SlipwayBuilds$/),
      });
    const { BuilderProjectName, OperatorsTopicArn } = outputs;
    answers.DescribeStacks = stack('UPDATE_COMPLETE', 'IN_SYNC', { BuilderProjectName, OperatorsTopicArn });
    const { checks: there } = await checked();
    expect(Object.values(there).map(({ state }) => state)).toEqual(Array(5).fill('ok'));
  });

  it('has nothing to say of a sign-in that the configuration does not have', async () => {
    const { LoginSettings: _, ...others } = outputs;
    answers.DescribeStacks = stack('UPDATE_COMPLETE', 'IN_SYNC', others);
    expect((await checked()).checks['sign-in']).toMatchObject({ state: 'not-applicable' });
  });

  it.each(['slipway/*', '*', 'slipway/candidate/*', 'slipway', '*/candidate/*'])(
    'takes enhanced scans with the filter %s for complete',
    async (filter) => {
      const rules = [{ scanFrequency: 'CONTINUOUS_SCAN', repositoryFilters: [{ filter, filterType: 'WILDCARD' }] }];
      answers.GetRegistryScanningConfiguration = { scanningConfiguration: { scanType: 'ENHANCED', rules } };
      expect((await checked()).checks['image-scans']?.state).toBe('ok');
    },
  );

  it.each(['ResourceNotFoundException', 'InvalidRequestException'])(
    'sees secrets that somebody has deleted (%s), and says how to get them back',
    async (name) => {
      gone = { __type: name, message: `You can't: it was marked for deletion.` };
      const { code, checks } = await checked();
      const fix = expect.stringMatching(/restore-secret --secret-id arn:/);
      expect(checks['webhook-secret']).toMatchObject({ state: 'wrong', fix });
      expect(checks['git-host-tokens']).toMatchObject({ state: 'wrong', fix });
      expect(checks['sign-in']).toMatchObject({ state: 'wrong', fix });
      expect(code).toBe(1);
    },
  );

  it('knows an identity of the whole domain', async () => {
    delete answers['/v2/email/identities/slipway%40images.example.org'];
    expect((await checked()).checks['sender-identity']).toMatchObject({ state: 'wrong' });
    answers['/v2/email/identities/example.org'] = { VerifiedForSendingStatus: false };
    expect((await checked()).checks['sender-identity']).toMatchObject({
      state: 'wrong',
      fix: expect.stringMatching(/DkimAttributes.*TOKEN\._domainkey\.example\.org CNAME TOKEN\.dkim\.amazonses\.com/),
    });
    answers['/v2/email/identities/example.org'] = { VerifiedForSendingStatus: true };
    expect((await checked()).checks['sender-identity']).toMatchObject({ state: 'ok' });
  });

  it.each([
    [120_000, 'warning', /differs from AWS's by [12] min/],
    [-600_000, 'wrong', /AWS refuses calls from here/],
  ])('sees a clock that is %i ms off', async (difference, state, text) => {
    time = new Date(Date.now() + difference);
    const { checks } = await checked();
    expect(checks.clock).toMatchObject({ state, text: expect.stringMatching(text), fix: expect.any(String) });
  });

  it('knows no event where nothing was pushed yet', async () => {
    answers['/api/v1/builds?limit=100'] = builds('manual');
    expect((await checked()).checks['webhook-deliveries']).toMatchObject({ state: 'unknown' });
  });

  it('goes on where one thing may not be read', async () => {
    delete answers['/v2/email/account'];
    denied.add('GetAccountSetting');
    const { code, checks } = await checked();
    expect(checks['mail-sandbox']?.state).toBe('not-applicable');
    expect(checks['shared-layers']).toMatchObject({ state: 'unknown', fix: expect.stringMatching(/rights/) });
    expect(checks['build-quota']?.state).toBe('ok');
    expect(code).toBe(0);
  });

  it('says before the first deployment what takes long, and that there is no stack', async () => {
    answers.DescribeStacks = xml('DescribeStacks', '<Stacks/>');
    const { code, checks } = await checked();
    expect(checks.stack).toMatchObject({ state: 'wrong', fix: expect.stringMatching(/npx cdk deploy/) });
    expect(checks['build-quota']).toMatchObject({
      state: 'ok',
      text: expect.stringMatching(/20 builds at once on ARM/),
    });
    expect(checks['sender-identity']).toMatchObject({ state: 'unknown', text: 'There is no stack Slipway yet.' });
    expect(code).toBe(1);
  });

  it('prints for people too, with the fixes', async () => {
    Object.assign(answers, { GetAccountSetting: { value: 'DISABLED' } });
    const { out } = await doctor();
    expect(out).toContain('account 123456789012, stack Slipway');
    expect(out).toMatch(/warning {3}shared-layers .*\n +fix: aws ecr put-account-setting/);
  });

  it('says of an AWS on one machine what does not apply there', async () => {
    let cloudFormation: CloudFormation | undefined;
    await using machine = await hostEndpoint((account) => {
      cloudFormation = createCloudFormation(account);
      return [cloudFormation, createSts(account)];
    });
    cloudFormation?.noteStack('Slipway', outputs);
    const { accessKeyId, secretAccessKey } = machine.account.iam.ownerKeys();
    useEndpoint(machine.account.endpoint);
    vi.stubEnv('AWS_ACCESS_KEY_ID', accessKeyId);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', secretAccessKey);
    const { code, checks } = await checked();
    const { stack: deployed, clock: _, 'webhook-deliveries': __, ...others } = checks;
    expect(deployed?.state).toBe('ok');
    expect([...new Set(Object.values(others).map(({ state }) => state))]).toEqual(['not-applicable']);
    expect(code).toBe(0);
    const probed = await doctor('--probe');
    expect(probed.out).toMatch(/not here {2}table-shapes/);
    expect(probed.code).toBe(0);
  });

  it('sees tokens that are not written as they must be', async () => {
    answers.GetSecretValue = { SecretString: '{"github.com": ' };
    const { code, checks } = await checked();
    const found = { state: 'wrong', text: expect.stringMatching(/is not as docs\/git-hosts\.md says/) };
    expect(checks).toMatchObject({ 'git-host-tokens': found, webhooks: found });
    expect(code).toBe(1);
  });

  it('says that what answers is not AWS', async () => {
    answers.GetCallerIdentity = 'Not found';
    const { code, err } = await doctor();
    expect({ code, err }).toEqual({ code: 3, err: expect.stringMatching(/is not AWS: .*AWS_ENDPOINT_URL/) });
  });

  it('says what is missing where there is no connection', async () => {
    useEndpoint('http://127.0.0.1:9');
    const { code, err } = await doctor();
    expect({ code, err }).toEqual({ code: 3, err: expect.stringMatching(/^slipway: /) });
  });
});
