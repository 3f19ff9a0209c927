import { Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { expect, test, vi } from 'vitest';
import { defaultPolicy } from '../../core/model/policy.ts';
import { createApp } from '../../infra/create-app.ts';
import { flatten } from '../../infra/flatten.ts';
import { ownHost } from '../../local/assembly.ts';

/** Without bundles, which a configuration does not change, and without CDK's rules, which `nag.test.ts` applies. */
function synthesise(slipway: Record<string, unknown>): Template {
  vi.stubEnv('CDK_VALIDATION', 'false');
  const least = {
    sender: 'slipway@your.org',
    operators: ['you@your.org', 'me@your.org'],
    indexRepository: 'you/index',
  };
  const app = createApp({ context: { slipway: { ...least, ...slipway }, 'aws:cdk:bundling-stacks': [] } });
  const stack = app.node.children.find((child) => Stack.isStack(child));
  return Template.fromStack(stack as Stack);
}

/** The least that has to be said. */
const usual = synthesise({});

const services = [
  { kind: 'ecs', cluster: 'live', service: 'shop', projects: ['demo/shop:latest'] },
  { kind: 'ssm', servers: 'Role=web', container: 'shop', projects: ['demo/*'] },
];
const taskRoles = ['arn:aws:iam::111122223333:role/shop'];
/** Everything that can be said otherwise, at once: a synthesis takes a second, and what is said of one part changes no other. */
const other = synthesise({
  prefix: 'Staging',
  repositoryPrefix: '',
  senderIdentity: 'existing',
  siteUrl: 'https://images.your.org',
  login: { issuer: 'https://id.example.org', clientId: 'slipway' },
  mail: { confirmAddresses: false },
  policy: { maxSeverity: 'LOW' },
  webhook: { reservedConcurrency: 20 },
  deploy: { signCommits: true, services, taskRoles },
  build: {
    architecture: 'x86_64',
    computeType: 'LARGE',
    timeoutSeconds: 10,
    pullThrough: { 'docker.io': 'docker-hub', 'quay.io': 'quay' },
  },
});

const variables = (template: Template, name: string): unknown[] =>
  Object.values(template.findResources('AWS::Lambda::Function'))
    .map(({ Properties }) => Properties.Environment?.Variables?.[name])
    .filter((value) => value !== undefined);

test('without a prefix the builder still reaches no repository but those of candidates', () => {
  const policies = Object.values(other.findResources('AWS::IAM::Policy'));
  const pushing = policies
    .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
    .filter(
      ({ Action, Effect }) =>
        Effect === 'Allow' && Action.includes('ecr:UploadLayerPart') && !Action.includes('ecr:ListImages'),
    );
  expect(pushing.map(({ Resource }) => flatten(Resource))).toEqual([
    'arn:<AWS::Partition>:ecr:<AWS::Region>:<AWS::AccountId>:repository/candidate/*',
  ]);
});

test('an SES identity that the account has already is used as it is: the stack neither makes it nor takes it away', () => {
  usual.hasResourceProperties('AWS::SES::EmailIdentity', { EmailIdentity: 'slipway@your.org' });
  other.resourceCountIs('AWS::SES::EmailIdentity', 0);
  expect(new Set(variables(other, 'SENDER'))).toEqual(new Set(['slipway@your.org']));
});

test('a closed team can send mails without asking: nothing is asked, and no function may write that it was', () => {
  expect(new Set(variables(other, 'TRUST_ADDRESSES'))).toEqual(new Set(['true']));
  expect(new Set(variables(usual, 'TRUST_ADDRESSES'))).toEqual(new Set(['false']));
  const mayUpdate = (from: Template) =>
    Object.values(from.findResources('AWS::IAM::Policy'))
      .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
      .filter(({ Action, Resource }) => Action === 'dynamodb:UpdateItem' && flatten(Resource).includes('Addresses'));
  // The pages write answers, and one function what SES reports.
  expect(mayUpdate(other)).toHaveLength(2);
  expect(mayUpdate(usual).length).toBeGreaterThan(2);
});

test('commits are signed, if asked for, by a key that signs nothing else', () => {
  const signers = (template: Template) =>
    Object.values(template.findResources('AWS::IAM::Policy')).flatMap(({ Properties }) =>
      Properties.PolicyDocument.Statement.filter(({ Action }: { Action: string[] }) => Action.includes('kms:Sign')).map(
        ({ Resource }: { Resource: unknown }) =>
          `${Properties.Roles[0].Ref} ${flatten(Resource)}`.replaceAll(/[0-9A-F]{8}/g, ''),
      ),
    );
  expect(signers(usual)).toHaveLength(1);
  expect(signers(other).toSorted()).toEqual([
    'DeliveryDeliverRole <CommitSigningKey.Arn>',
    'DeliveryRetryDeliveriesRole <CommitSigningKey.Arn>',
    'StepsSignRole <SigningKey.Arn>',
  ]);
  // The third is the pages', which serve the public key.
  expect(variables(other, 'COMMIT_SIGNING_KEY')).toHaveLength(3);
});

test('builds reach the pull-through caches that the configuration names, and no others', () => {
  const cached = (template: Template) =>
    Object.values(template.findResources('AWS::IAM::Policy'))
      .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
      .filter(({ Action }) => Action.includes('ecr:BatchImportUpstreamImage'))
      .flatMap(({ Resource }) => Resource)
      .map(flatten);
  expect(cached(usual)).toEqual([]);
  expect(cached(other)).toEqual([
    'arn:<AWS::Partition>:ecr:<AWS::Region>:<AWS::AccountId>:repository/docker-hub/*',
    'arn:<AWS::Partition>:ecr:<AWS::Region>:<AWS::AccountId>:repository/quay/*',
  ]);
});

test('images for x86 are built on x86', () => {
  other.hasResourceProperties('AWS::CodeBuild::Project', {
    Environment: { Type: 'LINUX_CONTAINER', ComputeType: 'BUILD_GENERAL1_LARGE', PrivilegedMode: true },
  });
});

test('CodeBuild stops a build only when the builder had time to end it in good order', () => {
  const minutes = (template: Template) =>
    Object.values(template.findResources('AWS::CodeBuild::Project'))[0]?.Properties.TimeoutInMinutes;
  expect(minutes(other)).toBe(5);
  expect(minutes(usual)).toBe(62);
});

test('pages behind a domain name of your own have links to it, and webhooks go to the API itself', () => {
  other.hasOutput('SiteUrl', { Value: 'https://images.your.org' });
  expect(new Set(variables(other, 'SITE_URL'))).toEqual(new Set(['https://images.your.org']));
  expect(JSON.stringify(other.findOutputs('WebhooksUrl'))).toContain('ApiEndpoint');
});

test('the policy reaches the functions that judge, that sign, that release, and that look again at what is released', () => {
  const policy = JSON.stringify({ ...defaultPolicy, maxSeverity: 'LOW' });
  expect(variables(other, 'POLICY')).toEqual(Array(4).fill(policy));
});

test('every operator is notified of alarms and of an index that cannot be read', () => {
  usual.resourceCountIs('AWS::SNS::Subscription', 2);
  // The pages know them too: operators see private projects.
  const operators = '["you@your.org","me@your.org"]';
  expect(variables(usual, 'OPERATORS')).toEqual([operators, operators]);
});

test("two stacks of one account do not get in each other's way", () => {
  const names = (template: Template) => [
    ...Object.values(template.findResources('AWS::CloudWatch::Alarm')).map(({ Properties }) => Properties.AlarmName),
    ...Object.values(template.findResources('AWS::CloudWatch::Dashboard')).map(
      ({ Properties }) => Properties.DashboardName,
    ),
  ];
  const first = names(usual);
  expect(first.length).toBeGreaterThan(1);
  expect(names(other).filter((name) => first.includes(name))).toEqual([]);
});

test('the host of the git server is nothing but text in the template: one template serves every address of a machine', () => {
  const at = (host: string) => {
    const gitHosts = [{ kind: 'github', url: `http://${host}/git`, apiUrl: `http://${host}/github` }];
    return JSON.stringify(synthesise({ gitHosts, privateHosts: ['localhost', '127.0.0.1'] }).toJSON());
  };
  const own = at(ownHost);
  expect(own).toContain(`http://${ownHost}/git`);
  expect(own.replaceAll(ownHost, 'localhost:4711')).toBe(at('localhost:4711'));
});

test('the webhook has instances of its own where the account can reserve some; a new account cannot', () => {
  const reserved = (template: Template) =>
    Object.values(template.findResources('AWS::Lambda::Function'))
      .filter(({ Properties }) => Properties.ReservedConcurrentExecutions !== undefined)
      .map(({ Properties }) => [Properties.Description, Properties.ReservedConcurrentExecutions]);
  expect(reserved(usual)).toEqual([]);
  expect(reserved(other)).toEqual([[expect.stringContaining('delivery of the git host'), 20]]);
});

test('services that the operators name can be rolled by one function, and nothing else can be', () => {
  const statementsOf = (template: Template) =>
    Object.values(template.findResources('AWS::IAM::Policy'))
      .flatMap(({ Properties }) => Properties.PolicyDocument.Statement)
      .filter(({ Action }) => /^(?:ecs|ssm|iam):/.test([Action].flat()[0]));
  expect(statementsOf(usual)).toEqual([]);
  const statements = statementsOf(other).map(({ Action, Resource, Condition }) => ({
    actions: [Action].flat(),
    on: [Resource].flat().map(flatten),
    if: Condition?.StringEquals,
  }));
  const here = '<AWS::Region>:<AWS::AccountId>';
  expect(statements).toContainEqual({
    actions: ['ecs:DescribeServices', 'ecs:UpdateService'],
    on: [`arn:<AWS::Partition>:ecs:${here}:service/live/shop`],
    if: undefined,
  });
  expect(statements).toContainEqual({
    actions: ['iam:PassRole'],
    on: taskRoles,
    if: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' },
  });
  expect(statements).toContainEqual({
    actions: ['ssm:SendCommand'],
    on: [`arn:<AWS::Partition>:ec2:${here}:instance/*`, `arn:<AWS::Partition>:ssm:${here}:managed-instance/*`],
    if: { 'ssm:resourceTag/Role': ['web'] },
  });
});

test('people sign in only where the configuration names a provider, by a function that reads no project', () => {
  const routes = (template: Template) =>
    Object.values(template.findResources('AWS::ApiGatewayV2::Route'))
      .map(({ Properties }) => String(Properties.RouteKey))
      .filter((route) => /log(?:in|out)/.test(route))
      .toSorted();
  expect(routes(usual)).toEqual([]);
  expect(variables(usual, 'LOGIN')).toEqual([]);
  expect(routes(other)).toEqual(['GET /login', 'GET /login/callback', 'POST /logout']);
  const login = { issuer: 'https://id.example.org', clientId: 'slipway' };
  const settings = JSON.stringify({ ...login, scopes: 'openid email', groupsClaim: 'groups' });
  expect(variables(other, 'LOGIN')).toEqual([settings, settings]);
  const statements = Object.entries(other.findResources('AWS::IAM::Policy'))
    .filter(([id]) => id.startsWith('Login'))
    .flatMap(([, { Properties }]) => Properties.PolicyDocument.Statement);
  expect(statements.map(({ Action }) => [Action].flat().join(' ')).toSorted()).toEqual([
    'logs:CreateLogStream logs:PutLogEvents',
    'secretsmanager:GetSecretValue',
  ]);
});
