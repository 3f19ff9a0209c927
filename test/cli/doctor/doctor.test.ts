import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
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
};

const xml = (action: string, result: string) =>
  `<${action}Response><${action}Result>${result}</${action}Result><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></${action}Response>`;

const stack = (status: string, drift = 'IN_SYNC') =>
  xml(
    'DescribeStacks',
    `<Stacks><member><StackName>Slipway</StackName><StackStatus>${status}</StackStatus><DriftInformation><StackDriftStatus>${drift}</StackDriftStatus></DriftInformation><CreationTime>2026-11-29T12:00:00Z</CreationTime><Outputs>${Object.entries(
      outputs,
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

/** What AWS answers for an account in which all is well, by the call. */
const healthy: Record<string, string | object> = {
  GetCallerIdentity: xml('GetCallerIdentity', '<Account>123456789012</Account>'),
  DescribeStacks: stack('UPDATE_COMPLETE'),
  ListSubscriptionsByTopic: subscriptions('arn:aws:sns:us-east-1:123456789012:operators:1'),
  '/v2/email/identities/slipway%40images.example.org': { VerifiedForSendingStatus: true },
  '/v2/email/account': { ProductionAccessEnabled: true, SendingEnabled: true, SendQuota: { Max24HourSend: 50_000 } },
  '/2016-08-19/account-settings': { AccountLimit: { ConcurrentExecutions: 1000 } },
  GetSecretValue: { SecretString: 'a-secret-of-more-than-twenty' },
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
};

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
  aws = await startHost(({ path, headers, body }, response) => {
    const target = String(headers['x-amz-target'] ?? '')
      .split('.')
      .at(-1);
    const action = new URLSearchParams(body).get('Action');
    const call = target || action || path.replace(/\/$/, '');
    const answer = answers[call];
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
    if (answer === undefined) {
      response
        .writeHead(404, { 'x-amzn-errortype': 'NotFoundException' })
        .end(JSON.stringify({ message: 'Not found' }));
      return;
    }
    const isText = typeof answer === 'string';
    response
      .writeHead(200, { 'content-type': isText ? 'text/xml' : 'application/json', date: time.toUTCString() })
      .end(isText ? answer : JSON.stringify(answer));
  });
  outputs.SiteUrl = aws.url;
  answers.DescribeStacks = stack('UPDATE_COMPLETE');
  useEndpoint(aws.url);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
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
      /describe-stack-resource-drifts/,
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
      /Follow the link/,
    ],
    [
      'an operator who has not confirmed',
      { ListSubscriptionsByTopic: subscriptions('PendingConfirmation') },
      'operators',
      'wrong',
      /Subscription Confirmation/,
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
      expect(checks['git-host-token']).toMatchObject({ state: 'wrong', fix });
      expect(code).toBe(1);
    },
  );

  it('knows an identity of the whole domain', async () => {
    delete answers['/v2/email/identities/slipway%40images.example.org'];
    expect((await checked()).checks['sender-identity']).toMatchObject({ state: 'wrong' });
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

  it('says what is missing where there is no connection', async () => {
    useEndpoint('http://127.0.0.1:9');
    const { code, err } = await doctor();
    expect({ code, err }).toEqual({ code: 3, err: expect.stringMatching(/^slipway: /) });
  });
});
