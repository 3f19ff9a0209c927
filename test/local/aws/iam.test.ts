import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createIam } from '../../../local/aws/iam/iam.ts';
import type { Caller, Permission, Service } from '../../../local/aws/service.ts';
import { declareRole, type EndpointHost, hostEndpoint } from './endpoint-host.ts';

const account = '123456789012';
let host: EndpointHost;
let iam: Service;

beforeEach(async () => {
  host = await hostEndpoint((opened) => {
    iam = createIam(opened);
    return [iam];
  });
});
afterEach(() => host[Symbol.asyncDispose]());

async function role(logicalId: string, ...statements: unknown[]): Promise<Caller> {
  const arn = await declareRole(host, iam, logicalId, statements);
  const caller = host.account.iam.callerOf(host.account.iam.keysOf(arn).accessKeyId);
  if (!caller) throw new Error('The role has no caller.');
  return caller;
}
const roleArn = ({ arn }: Caller) => `arn:aws:iam::${account}:role/${arn.split('/')[1]}`;
const allow = (Action: unknown, Resource: unknown, more: object = {}) => ({
  Effect: 'Allow',
  Action,
  Resource,
  ...more,
});
const deny = (Action: unknown, Resource: unknown, more: object = {}) => ({
  ...allow(Action, Resource, more),
  Effect: 'Deny',
});

/** The error's text, or `allowed`. */
function judged(caller: Caller, action: string, resource: string, context: Permission['context'] = {}): string {
  try {
    host.account.iam.authorize(caller, [{ action, resource, context }]);
    return 'allowed';
  } catch (error) {
    return (error as Error).message;
  }
}

const queue = `arn:aws:sqs:us-east-1:${account}:triggers`;
const table = `arn:aws:dynamodb:us-east-1:${account}:table/builds`;

describe('what a role may do', () => {
  test('is nothing that no policy allows, in the words of AWS', async () => {
    const caller = await role('Idle');
    expect(judged(caller, 'dynamodb:GetItem', table)).toBe(
      `User: ${caller.arn} is not authorized to perform: dynamodb:GetItem on resource: ${table} because no identity-based policy allows the dynamodb:GetItem action`,
    );
    expect(judged(caller, 's3:GetObject', 'arn:aws:s3:::records/a')).toBe(
      `User: ${caller.arn} is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::records/a" because no identity-based policy allows the s3:GetObject action`,
    );
    expect(judged(caller, 'ses:SendRawEmail', '*')).toBe(
      `User \`${caller.arn}' is not authorized to perform \`ses:SendRawEmail' on resource \`*'`,
    );
  });

  test('follows wildcards in actions and resources', async () => {
    const caller = await role('Reader', allow(['dynamodb:Get*', 'dynamodb:Quer?'], [table, `${table}/index/*`]));
    expect(judged(caller, 'dynamodb:getitem', table)).toBe('allowed');
    expect(judged(caller, 'dynamodb:Query', `${table}/index/byDay`)).toBe('allowed');
    expect(judged(caller, 'dynamodb:Query', `${table}s`)).toMatch(/not authorized/);
    expect(judged(caller, 'dynamodb:PutItem', table)).toMatch(/not authorized/);
  });

  test('ends at an explicit deny', async () => {
    const caller = await role('Denied', allow('sqs:*', '*'), deny('sqs:PurgeQueue', queue));
    expect(judged(caller, 'sqs:SendMessage', queue)).toBe('allowed');
    expect(judged(caller, 'sqs:PurgeQueue', queue)).toBe(
      `User: ${caller.arn} is not authorized to perform: sqs:purgequeue on resource: ${queue} with an explicit deny in an identity-based policy`,
    );
  });

  test('is everything but what NotAction and NotResource name', async () => {
    const caller = await role('Most', { Effect: 'Allow', NotAction: 'sqs:Purge*', NotResource: `${queue}-*` });
    expect(judged(caller, 'sqs:SendMessage', queue)).toBe('allowed');
    expect(judged(caller, 'sqs:PurgeQueue', queue)).toMatch(/not authorized/);
    expect(judged(caller, 'sqs:SendMessage', `${queue}-dead`)).toMatch(/not authorized/);
  });

  test('depends on the conditions', async () => {
    const caller = await role(
      'Sender',
      allow('ses:SendRawEmail', '*', { Condition: { StringLike: { 'ses:FromAddress': '*@example.org' } } }),
      allow('ses:SendEmail', '*', {
        Condition: { 'ForAllValues:StringEquals': { 'ses:Recipients': ['a@example.org', 'b@example.org'] } },
      }),
      allow('ses:GetSendQuota', '*', {
        Condition: { StringNotEqualsIfExists: { 'ses:FromAddress': 'x' }, Null: { 'ses:Recipients': 'true' } },
      }),
      allow('s3:ListBucket', '*', {
        Condition: {
          StringNotLike: { 's3:prefix': ['secret/*', 'hidden/*'] },
          NumericLessThanEquals: { 's3:max-keys': '10' },
        },
      }),
    );
    expect(judged(caller, 'ses:SendRawEmail', '*', { 'ses:FromAddress': 'slipway@example.org' })).toBe('allowed');
    expect(judged(caller, 'ses:SendRawEmail', '*', { 'ses:FromAddress': 'slipway@example.com' })).toMatch(
      /not authorized/,
    );
    expect(judged(caller, 'ses:SendRawEmail', '*')).toMatch(/not authorized/);
    expect(judged(caller, 'ses:SendEmail', '*', { 'ses:Recipients': ['a@example.org', 'b@example.org'] })).toBe(
      'allowed',
    );
    expect(judged(caller, 'ses:SendEmail', '*', { 'ses:Recipients': ['a@example.org', 'c@example.org'] })).toMatch(
      /not authorized/,
    );
    expect(judged(caller, 'ses:GetSendQuota', '*')).toBe('allowed');
    expect(judged(caller, 'ses:GetSendQuota', '*', { 'ses:Recipients': [] })).toMatch(/not authorized/);
    expect(judged(caller, 's3:ListBucket', '*', { 's3:prefix': 'builds/', 's3:max-keys': '10' })).toBe('allowed');
    expect(judged(caller, 's3:ListBucket', '*', { 's3:prefix': 'hidden/x', 's3:max-keys': '10' })).toMatch(
      /not authorized/,
    );
    expect(judged(caller, 's3:ListBucket', '*', { 's3:prefix': 'builds/', 's3:max-keys': '11' })).toMatch(
      /not authorized/,
    );
  });

  test('comes from a policy that is attached to it, too', async () => {
    const caller = await role('Attached');
    await host.declare(iam, 'AWS::IAM::Policy', 'Policy', {
      PolicyName: 'attached',
      Roles: [roleArn(caller).split('/')[1]],
      PolicyDocument: { Version: '2012-10-17', Statement: allow('sqs:SendMessage', queue) },
    });
    expect(judged(caller, 'sqs:SendMessage', queue)).toBe('allowed');
  });

  test('the machine’s owner may do everything', () => {
    const { iam: authority } = host.account;
    const owner = authority.callerOf(authority.ownerKeys().accessKeyId);
    expect(owner && judged(owner, 'sqs:PurgeQueue', queue)).toBe('allowed');
  });
});

describe('a resource’s own policy', () => {
  const events = {
    arn: 'service:events.amazonaws.com',
    kind: 'service',
    sourceArn: `arn:aws:events:us-east-1:${account}:rule/r`,
  } as const;
  const document = (...Statement: unknown[]) => ({ Version: '2012-10-17', Statement });

  test('lets a service in under the conditions that it names', () => {
    const { iam: authority } = host.account;
    authority.addResourceStatement('arn:aws:lambda:us-east-1:123456789012:function:f', 'permission', {
      Effect: 'Allow',
      Principal: { Service: 'events.amazonaws.com' },
      Action: 'lambda:InvokeFunction',
      Resource: 'arn:aws:lambda:us-east-1:123456789012:function:f',
      Condition: {
        ArnLike: { 'aws:SourceArn': `arn:aws:events:*:${account}:rule/*` },
        StringEquals: { 'aws:SourceAccount': account },
      },
    });
    const invoke = (caller: Caller) =>
      judged(caller, 'lambda:InvokeFunction', 'arn:aws:lambda:us-east-1:123456789012:function:f');
    expect(invoke(events)).toBe('allowed');
    expect(invoke({ ...events, sourceArn: 'arn:aws:events:us-east-1:999999999999:rule/r' })).toMatch(
      /no resource-based policy/,
    );
    expect(invoke({ arn: 'service:sns.amazonaws.com', kind: 'service' })).toMatch(/no resource-based policy/);
  });

  test('allows a role by itself, but a whole account only as far as the role’s own policies do', async () => {
    const caller = await role('Friend');
    const { iam: authority } = host.account;
    authority.setResourcePolicy(
      queue,
      document({ ...allow('sqs:SendMessage', queue), Principal: { AWS: `arn:aws:iam::${account}:root` } }),
    );
    expect(judged(caller, 'sqs:SendMessage', queue)).toMatch(/no identity-based policy/);
    authority.setResourcePolicy(
      queue,
      document({ ...allow('sqs:SendMessage', queue), Principal: { AWS: roleArn(caller) } }),
    );
    expect(judged(caller, 'sqs:SendMessage', queue)).toBe('allowed');
  });

  test('denies everybody what is not sent over TLS, and the loopback interface counts as TLS', async () => {
    const caller = await role('Sender', allow('sqs:SendMessage', queue));
    const { iam: authority } = host.account;
    const overPlain = (flag: string) => ({
      ...deny('sqs:*', queue),
      Principal: { AWS: '*' },
      Condition: { Bool: { 'aws:SecureTransport': flag } },
    });
    authority.setResourcePolicy(queue, document(overPlain('false')));
    expect(judged(caller, 'sqs:SendMessage', queue)).toBe('allowed');
    authority.setResourcePolicy(queue, document(overPlain('true')));
    expect(judged(caller, 'sqs:SendMessage', queue)).toMatch(/with an explicit deny in a resource-based policy$/);
  });

  test('of a bucket speaks for its objects', () => {
    const caller: Caller = { arn: 'anonymous', kind: 'anonymous' };
    host.account.iam.setResourcePolicy(
      'arn:aws:s3:::site',
      document({ ...allow('s3:GetObject', 'arn:aws:s3:::site/public/*'), Principal: '*' }),
    );
    expect(judged(caller, 's3:GetObject', 'arn:aws:s3:::site/public/a')).toBe('allowed');
    expect(judged(caller, 's3:GetObject', 'arn:aws:s3:::site/private')).toMatch(/^User: anonymous is not authorized/);
  });
});

describe('a policy that the local AWS would judge wrongly is refused by name', () => {
  test.each([
    [
      'operator',
      allow('s3:*', '*', { Condition: { IpAddress: { 'aws:SourceArn': '10.0.0.0/8' } } }),
      /condition operator IpAddress/,
    ],
    [
      'key',
      allow('s3:*', '*', { Condition: { StringEquals: { 'aws:PrincipalTag/team': 'x' } } }),
      /condition key aws:PrincipalTag\/team/,
    ],
    ['variable', allow('s3:*', `arn:aws:s3:::b/\${aws:username}`), /policy variables/],
    ['element', allow('s3:*', '*', { Principals: '*' }), /Principals/],
    ['missing resource', { Effect: 'Allow', Action: 's3:*' }, /Resource and NotResource/],
  ])('%s', async (_name, statement, message) => {
    await expect(role('Odd', statement)).rejects.toThrow(message);
  });

  test('managed policy', async () => {
    const properties = {
      AssumeRolePolicyDocument: {
        Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
      },
      ManagedPolicyArns: ['arn:aws:iam::aws:policy/AdministratorAccess'],
    };
    await expect(host.declare(iam, 'AWS::IAM::Role', 'Admin', properties)).rejects.toThrow(/ManagedPolicyArns/);
  });
});

test('a service assumes only a role that trusts it', async () => {
  const caller = await role('Trusting');
  host.account.iam.assertTrusts(roleArn(caller), 'lambda.amazonaws.com');
  expect(() => host.account.iam.assertTrusts(roleArn(caller), 'codebuild.amazonaws.com')).toThrow(/sts:AssumeRole/);
});

test('a role has the same keys after a restart, and none once it has left the template', async () => {
  const caller = await role('Kept');
  const { accessKeyId } = host.account.iam.keysOf(roleArn(caller), 'session');
  const { dataFolder } = host;
  await host.crash();
  host = await hostEndpoint((opened) => {
    iam = createIam(opened);
    return [iam];
  }, dataFolder);
  expect(host.account.iam.callerOf(accessKeyId)).toBeUndefined();
  await role('Kept');
  expect(host.account.iam.keysOf(roleArn(caller), 'session').accessKeyId).toBe(accessKeyId);
  expect(host.account.iam.callerOf(accessKeyId)?.arn).toMatch(/\/session$/);
});

test('the report says which statements were needed and which did nothing', async () => {
  const caller = await role(
    'Worker',
    allow('sqs:SendMessage', queue),
    allow('sqs:Send*', queue),
    allow('sqs:PurgeQueue', queue),
    allow('s3:*', '*'),
  );
  judged(caller, 'sqs:SendMessage', queue);
  judged(caller, 'sqs:PurgeQueue', queue);
  expect(host.account.iam.usedStatements().map(({ calls, needed }) => ({ calls, needed }))).toEqual([
    { calls: [`sqs:SendMessage ${queue}`], needed: false },
    { calls: [`sqs:SendMessage ${queue}`], needed: false },
    { calls: [`sqs:PurgeQueue ${queue}`], needed: true },
    { calls: [], needed: false },
  ]);
});
