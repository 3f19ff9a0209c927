import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SESClient, SendRawEmailCommand } from '@aws-sdk/client-ses';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { AwsClient } from 'aws4fetch';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createSecretsManager } from '../../../local/aws/secrets-manager/secrets-manager.ts';
import { AwsError, type Keys, operation, type Service } from '../../../local/aws/service.ts';
import { createSqs } from '../../../local/aws/sqs/sqs.ts';
import { createSts } from '../../../local/aws/sts.ts';
import { type EndpointHost, hostEndpoint } from './endpoint-host.ts';

let host: EndpointHost;
let owner: Keys;
const served: { url: string | undefined; caller: string; body: string }[] = [];

const mail: Service = {
  signingName: 'ses',
  protocol: 'query',
  resources: {},
  operations: {
    SendRawEmail: operation({
      input: z.object({ RawMessage: z.object({ Data: z.base64() }), Destinations: z.array(z.string()).optional() }),
      permissions: () => [],
      handle({ RawMessage, Destinations = [] }) {
        if (Destinations.length === 0) throw new AwsError('MessageRejected', 'Nobody <to> send & to');
        return { MessageId: Buffer.from(RawMessage.Data, 'base64').toString() + Destinations.join() };
      },
    }),
  },
};
const files: Service = {
  signingName: 's3',
  resources: {},
  async serve(request, response, caller) {
    served.push({ url: request.url, caller: caller.kind, body: await text(request) });
    response.writeHead(200).end();
  },
};

beforeEach(async () => {
  served.length = 0;
  host = await hostEndpoint((account) => [
    createSqs(account),
    createSecretsManager(account),
    createSts(account),
    mail,
    files,
  ]);
  owner = host.account.iam.ownerKeys();
});
afterEach(() => host[Symbol.asyncDispose]());

const failing = (promise: Promise<unknown>) =>
  promise.then(
    () => 'no error',
    ({ name, message, $metadata }) => ({ name, message, status: $metadata.httpStatusCode }),
  );
/** A call of SQS as raw HTTP, changed on its way. */
async function raw(
  { signedAt, ...keys }: Keys & { signedAt?: string },
  change: (headers: Headers) => void,
  body = '{}',
  target = 'AmazonSQS.ListQueues',
) {
  const signer = new AwsClient({ ...keys, service: 'sqs', region: 'us-east-1' });
  const request = await signer.sign(`${host.account.endpoint}/`, {
    method: 'POST',
    body,
    headers: { 'x-amz-target': target, 'content-type': 'application/x-amz-json-1.0' },
    aws: signedAt === undefined ? {} : { datetime: signedAt },
  });
  const headers = new Headers(request.headers);
  change(headers);
  const response = await fetch(request.url, { method: 'POST', headers, body });
  const { __type: type, message } = (await response.json()) as { __type: string; message: string };
  return { status: response.status, type, message, headers: response.headers };
}

/** What STS answers the owner, as text. */
async function sts(action: string): Promise<string> {
  const signer = new AwsClient({ ...owner, service: 'sts', region: 'us-east-1' });
  const body = `Action=${action}&Version=2011-06-15`;
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return (await signer.fetch(`${host.account.endpoint}/`, { method: 'POST', body, headers })).text();
}

describe('who calls', () => {
  test('is known by the signature', async () => {
    const client = new SQSClient(host.as(owner));
    expect((await client.send(new ListQueuesCommand({}))).$metadata.httpStatusCode).toBe(200);
  });

  test('is nobody with a key that nobody has, as each service says it', async () => {
    const stranger = host.as({ accessKeyId: 'AKIAAAAAAAAAAAAAAAAA', secretAccessKey: 'x' });
    expect(
      await failing(new SecretsManagerClient(stranger).send(new GetSecretValueCommand({ SecretId: 'x' }))),
    ).toEqual({
      name: 'UnrecognizedClientException',
      message: 'The security token included in the request is invalid.',
      status: 400,
    });
    expect(await failing(new SQSClient(stranger).send(new ListQueuesCommand({})))).toMatchObject({
      name: 'InvalidClientTokenId',
      status: 403,
    });
    expect(
      await failing(new SESClient(stranger).send(new SendRawEmailCommand({ RawMessage: { Data: Buffer.of(1) } }))),
    ).toMatchObject({
      name: 'InvalidClientTokenId',
      status: 403,
    });
    expect(await failing(new S3Client(stranger).send(new GetObjectCommand({ Bucket: 'b', Key: 'k' })))).toMatchObject({
      name: 'InvalidAccessKeyId',
      status: 403,
    });
  });

  test('is not believed with a wrong secret, a changed header, a changed body or an old date', async () => {
    expect(await raw({ ...owner, secretAccessKey: 'wrong' }, () => undefined)).toMatchObject({
      type: 'com.amazon.coral.service#InvalidSignatureException',
    });
    expect(await raw(owner, (headers) => headers.set('x-amz-target', 'AmazonSQS.PurgeQueue'))).toMatchObject({
      status: 403,
    });
    expect(await raw(owner, () => undefined)).toMatchObject({ status: 200 });
    expect(await raw(owner, (headers) => headers.set('x-amz-meta-extra', 'x'))).toMatchObject({ status: 403 });
    const old = new Date(Date.now() - 16 * 60_000).toISOString().replace(/[-:]|\.\d+/g, '');
    expect(await raw({ ...owner, signedAt: old }, () => undefined)).toMatchObject({
      type: 'com.amazon.coral.service#InvalidSignatureException',
      message: expect.stringContaining('expired'),
    });
  });

  test('has to say so at all', async () => {
    const response = await fetch(`${host.account.endpoint}/`, {
      method: 'POST',
      headers: { 'x-amz-target': 'AmazonSQS.ListQueues' },
      body: '{}',
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ __type: 'MissingAuthenticationTokenException' });
    expect((await fetch(`${host.account.endpoint}/bucket/key`)).status).toBe(403);
  });
});

describe('S3', () => {
  test.each([
    ['text', () => 'hello world'],
    ['bytes', () => new Uint8Array(11)],
    ['a stream', () => Readable.from([Buffer.from('hello'), Buffer.from(' world')], { objectMode: false })],
  ])('gets an object that is %s, its key with all kinds of characters', async (_kind, body) => {
    const client = new S3Client(host.as(owner));
    const Key = "a b/ü+~!*'()@:,;=&$.txt";
    await client.send(new PutObjectCommand({ Bucket: 'records', Key, Body: body(), ContentLength: 11 }));
    expect(served).toHaveLength(1);
    expect(served[0]?.url).toMatch(/^\/aws\/records\/a%20b\//);
    expect(served[0]?.caller).toBe('owner');
  });

  test('takes a presigned address as long as it holds, for what it was made', async () => {
    const signer = new AwsClient({ ...owner, service: 's3', region: 'us-east-1' });
    const sign = async (seconds: number, datetime?: string) =>
      (
        await signer.sign(`${host.account.endpoint}/records/a%20b?X-Amz-Expires=${seconds}`, {
          aws: { signQuery: true, ...(datetime !== undefined && { datetime }) },
        })
      ).url;
    const url = await sign(60);
    expect((await fetch(url)).status).toBe(200);
    expect((await fetch(url.replace('a%20b', 'other'))).status).toBe(403);
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(403);
    const before = new Date(Date.now() - 61_000).toISOString().replace(/[-:]|\.\d+/g, '');
    const expired = await fetch(await sign(60, before));
    expect(expired.status).toBe(403);
    expect(await expired.text()).toContain('<Message>Request has expired</Message>');
  });
});

describe('a call', () => {
  test('of the query protocol has lists, structures and XML answers', async () => {
    const client = new SESClient(host.as(owner));
    const sent = await client.send(
      new SendRawEmailCommand({ RawMessage: { Data: Buffer.from('<&> ') }, Destinations: ['a@x', 'b@x'] }),
    );
    expect(sent.MessageId).toBe('<&> a@x,b@x');
    expect(await failing(client.send(new SendRawEmailCommand({ RawMessage: { Data: Buffer.of(1) } })))).toEqual({
      name: 'MessageRejected',
      message: 'Nobody <to> send & to',
      status: 400,
    });
    expect(await failing(client.send(new SendRawEmailCommand({ RawMessage: undefined })))).toMatchObject({
      message:
        "1 validation error detected: Value null at 'rawMessage' failed to satisfy constraint: Member must not be null",
      status: 400,
    });
  });

  test('that one machine does not have is named in the error, whatever protocol it speaks', async () => {
    const session = await sts('GetSessionToken');
    expect(session).toMatch(/<Code>InvalidAction<.Code><Message>One machine has no sts:GetSessionToken\.</);
    const lambda = new AwsClient({ ...owner, service: 'lambda', region: 'us-east-1' });
    const response = await lambda.fetch(`${host.account.endpoint}/2015-03-31/functions`);
    expect([response.status, response.headers.get('x-amzn-errortype')]).toEqual([400, 'UnknownOperationException']);
    expect(await response.json()).toMatchObject({ message: expect.stringContaining("no AWS service 'lambda'") });
    expect(host.logged.join()).toMatch(/sts:GetSessionToken.*'lambda'/);
  });

  test('asks STS who makes it', async () => {
    const answer = await sts('GetCallerIdentity');
    expect(answer).toMatch(/<UserId>123456789012<.*<Account>123456789012<.*<Arn>arn:aws:iam::123456789012:root</);
  });

  test('that the service does not know, or that is not JSON, gets the error that AWS gives', async () => {
    expect(await raw(owner, () => undefined, '{}', 'AmazonSQS.Nothing')).toMatchObject({
      status: 400,
      type: 'com.amazon.coral.service#UnknownOperationException',
      message: 'One machine has no sqs:Nothing.',
    });
    expect(await raw(owner, () => undefined, '{"a":')).toMatchObject({
      status: 400,
      type: 'com.amazon.coral.service#SerializationException',
    });
    expect(await raw(owner, () => undefined, '{"QueueName":1}', 'AmazonSQS.GetQueueUrl')).toMatchObject({
      type: 'com.amazon.coral.service#SerializationException',
    });
  });

  test('of more than the limit is refused', async () => {
    expect(await raw(owner, () => undefined, `{"a":"${'x'.repeat(17 * 1024 * 1024)}"}`)).toMatchObject({ status: 413 });
  });

  test('whose service fails is answered with a constant text, and logged', async () => {
    const broken: Service = {
      signingName: 'secretsmanager',
      protocol: 'json-1.1',
      resources: {},
      operations: {
        GetSecretValue: operation({
          input: z.object({}),
          permissions: () => [],
          handle() {
            throw new Error('the inside');
          },
        }),
      },
    };
    await using other = await hostEndpoint(() => [broken]);
    const client = new SecretsManagerClient(other.as(other.account.iam.ownerKeys()));
    expect(await failing(client.send(new GetSecretValueCommand({ SecretId: 'x' })))).toMatchObject({
      name: 'InternalFailure',
      message: expect.not.stringContaining('inside'),
      status: 500,
    });
    expect(other.logged.join()).toContain('the inside');
  });
});
