import { randomBytes } from 'node:crypto';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  AssumeRoleCommand,
  type AssumeRoleCommandInput,
  GetCallerIdentityCommand,
  STSClient,
} from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createIam } from '../../../local/aws/iam/iam.ts';
import { createS3 } from '../../../local/aws/s3/s3.ts';
import type { Keys, Service } from '../../../local/aws/service.ts';
import { createSts } from '../../../local/aws/sts.ts';
import { declareRole, type EndpointHost, hostEndpoint } from './endpoint-host.ts';

let host: EndpointHost;
let iam: Service;
let s3: Service;
let function_: { arn: string; keys: Keys };
let session: string;

const allow = (Action: unknown, Resource: unknown) => ({ Effect: 'Allow', Action, Resource });
const policy = (...Statement: unknown[]) => JSON.stringify({ Version: '2012-10-17', Statement });
const objects = 'arn:aws:s3:::records';

beforeEach(async () => {
  host = await hostEndpoint((opened) => {
    iam = createIam(opened);
    s3 = createS3(opened);
    return [iam, s3, createSts(opened)];
  });
  await host.declare(s3, 'AWS::S3::Bucket', 'Records', { BucketName: 'records' });
  const arn = await declareRole(host, iam, 'Function', []);
  function_ = { arn, keys: host.account.iam.keysOf(arn) };
  session = await roleTrusting(arn, allow(['s3:PutObject', 's3:GetObject'], `${objects}/builds/*`));
});
afterEach(async () => {
  vi.useRealTimers();
  await host[Symbol.asyncDispose]();
});

async function roleTrusting(principal: string, ...statements: unknown[]): Promise<string> {
  const { attributes } = await host.declare(iam, 'AWS::IAM::Role', 'Session', {
    AssumeRolePolicyDocument: {
      Version: '2012-10-17',
      Statement: { Effect: 'Allow', Principal: { AWS: principal }, Action: 'sts:AssumeRole' },
    },
    Policies: [{ PolicyName: 'inline', PolicyDocument: { Version: '2012-10-17', Statement: statements } }],
  });
  return attributes?.Arn ?? '';
}

async function assume(request: Partial<AssumeRoleCommandInput> = {}, keys = function_.keys) {
  const client = new STSClient(host.as(keys));
  const { Credentials, AssumedRoleUser, PackedPolicySize } = await client.send(
    new AssumeRoleCommand({ RoleArn: session, RoleSessionName: 'build-1', ...request }),
  );
  const { AccessKeyId = '', SecretAccessKey = '', SessionToken = '', Expiration } = Credentials ?? {};
  const credentials = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
  return { credentials, expiration: Expiration, arn: AssumedRoleUser?.Arn, packed: PackedPolicySize };
}

const bucket = (keys: Keys) => new S3Client({ ...host.as(keys), forcePathStyle: true });
const put = (keys: Keys, Key: string) =>
  bucket(keys)
    .send(new PutObjectCommand({ Bucket: 'records', Key, Body: 'x' }))
    .then(
      () => 'stored',
      (error: Error) => error.name,
    );
const refusal = (work: Promise<unknown>) => work.then(String, (error: Error) => `${error.name}: ${error.message}`);

describe('a session of a role', () => {
  test('may do what the role may, under a name of its own', async () => {
    const { credentials, arn } = await assume();
    expect(arn).toBe(`arn:aws:sts::123456789012:assumed-role/${session.split('/')[1]}/build-1`);
    const identity = await new STSClient(host.as(credentials)).send(new GetCallerIdentityCommand({}));
    expect(identity.Arn).toBe(arn);
    expect(await put(credentials, 'builds/1/log')).toBe('stored');
    expect(await put(credentials, 'other')).toBe('AccessDenied');
  });

  test('with a policy of its own may do only what both allow', async () => {
    const narrow = policy(allow('s3:*', [`${objects}/builds/1/*`, `${objects}/other`]), allow('sts:*', '*'));
    const { credentials } = await assume({ Policy: narrow });
    expect(await put(credentials, 'builds/1/log')).toBe('stored');
    expect(await put(credentials, 'builds/2/log')).toBe('AccessDenied');
    // The session policy allows it; the role does not.
    expect(await put(credentials, 'other')).toBe('AccessDenied');
  });

  test('is limited by its policy also where a resource allows the role', async () => {
    await host.declare(s3, 'AWS::S3::BucketPolicy', 'Policy', {
      Bucket: 'records',
      PolicyDocument: {
        Version: '2012-10-17',
        Statement: { ...allow('s3:PutObject', `${objects}/open/*`), Principal: { AWS: session } },
      },
    });
    expect(await put((await assume()).credentials, 'open/1')).toBe('stored');
    const { credentials } = await assume({ Policy: policy(allow('s3:PutObject', `${objects}/builds/*`)) });
    expect(await put(credentials, 'open/1')).toBe('AccessDenied');
  });

  test('says that its own policy is what denies', async () => {
    const { credentials } = await assume({ Policy: policy(allow('s3:GetObject', `${objects}/*`)) });
    const work = bucket(credentials).send(new PutObjectCommand({ Bucket: 'records', Key: 'builds/1', Body: 'x' }));
    expect(await refusal(work)).toMatch(/because no session policy allows the s3:PutObject action$/);
  });

  test('ends when it is said to', async () => {
    const { credentials, expiration } = await assume({ DurationSeconds: 900 });
    const left = (expiration?.getTime() ?? 0) - Date.now();
    expect(left).toBeGreaterThan(890_000);
    expect(left).toBeLessThanOrEqual(900_000);
    vi.useFakeTimers({ toFake: ['Date'], now: (expiration?.getTime() ?? 0) + 1 });
    expect(await put(credentials, 'builds/1/log')).toBe('ExpiredToken');
    const identity = new STSClient(host.as(credentials)).send(new GetCallerIdentityCommand({}));
    expect(await refusal(identity)).toMatch(/^ExpiredToken/);
  });

  test('is nothing without its token, or with that of another', async () => {
    const [one, other] = [(await assume()).credentials, (await assume()).credentials];
    const { sessionToken, ...keys } = one;
    expect(sessionToken).not.toBe(other.sessionToken);
    expect(await put(keys, 'builds/1/log')).toBe('InvalidAccessKeyId');
    expect(await put({ ...keys, sessionToken: other.sessionToken } as Keys, 'builds/1/log')).toBe('InvalidAccessKeyId');
    expect(await put(one, 'builds/1/log')).toBe('stored');
    expect(
      (await bucket(one).send(new GetObjectCommand({ Bucket: 'records', Key: 'builds/1/log' }))).Body,
    ).toBeDefined();
  });
});

describe('a role', () => {
  test('is assumed only by whom it trusts', async () => {
    const stranger = host.account.iam.keysOf(await declareRole(host, iam, 'Stranger', [allow('sts:AssumeRole', '*')]));
    expect(await refusal(assume({}, stranger))).toMatch(
      /^AccessDenied: User: .* is not authorized to perform: sts:AssumeRole/,
    );
    expect(await refusal(assume({}, host.account.iam.ownerKeys()))).toBe(
      'AccessDenied: Roles may not be assumed by root accounts.',
    );
  });

  test('is not assumed against an explicit deny, nor beyond the policy of the session that asks', async () => {
    const arn = await declareRole(host, iam, 'Denied', [{ ...allow('sts:AssumeRole', '*'), Effect: 'Deny' }]);
    session = await roleTrusting(arn);
    expect(await refusal(assume({}, host.account.iam.keysOf(arn)))).toMatch(/^AccessDenied/);

    session = await roleTrusting(function_.arn);
    const first = await assume({ Policy: policy(allow('s3:*', '*')) });
    const chained = await roleTrusting(session);
    expect(await refusal(assume({ RoleArn: chained }, first.credentials))).toMatch(/^AccessDenied/);
  });

  test('gives a session of an hour at most to who is in a session already', async () => {
    expect(await refusal(assume({ DurationSeconds: 3601 }))).toMatch(/exceeds the (?:1 hour session limit|MaxSession)/);
    expect(await refusal(assume({ DurationSeconds: 899 }))).toMatch(/^ValidationError/);
  });
});

describe('a session policy', () => {
  test('that is no policy is refused', async () => {
    expect(await refusal(assume({ Policy: '{' }))).toMatch(/^MalformedPolicyDocument/);
    expect(await refusal(assume({ Policy: '{"Statement": {"Effect": "Perhaps"}}' }))).toMatch(
      /^MalformedPolicyDocument/,
    );
  });

  test('has 2,048 characters at most, and less if it cannot be packed', async () => {
    const long = (count: number) => policy(allow('s3:GetObject', `${objects}/${'x'.repeat(count)}`));
    expect(await refusal(assume({ Policy: long(2048) }))).toMatch(/^ValidationError/);
    expect((await assume({ Policy: long(1000) })).packed).toBeLessThan(50);
    const random = randomBytes(1400).toString('base64url');
    expect(await refusal(assume({ Policy: policy(allow('s3:GetObject', `${objects}/${random}`)) }))).toMatch(
      /^PackedPolicyTooLarge\w*: Packed policy consumes 1\d\d% of allotted space/,
    );
  });
});
