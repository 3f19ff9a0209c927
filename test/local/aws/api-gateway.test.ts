import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AwsClient } from 'aws4fetch';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type OpenAccount, openAccount } from '../../../local/account.ts';
import { type Address, listen } from '../../../local/address.ts';
import { type ApiGateway, createApiGateway } from '../../../local/aws/api-gateway/api-gateway.ts';
import { createRouter } from '../../../local/aws/api-gateway/routes.ts';
import { createLambda, type Lambda } from '../../../local/aws/lambda/lambda.ts';
import type { Service } from '../../../local/aws/service.ts';
import { makeRole } from './role.ts';

const code = `
exports.handler = async (event) => {
  const headers = event.headers ?? {};
  switch (headers['x-answer']) {
    case 'text': return 'plain';
    case 'object': return { a: 1 };
    case 'full': return { statusCode: 201, headers: { 'X-One': 'a', 'x-two': 2 }, cookies: ['c=1', 'd=2; Path=/'], body: 'made' };
    case 'base64': return { statusCode: 200, headers: { 'content-type': 'image/png' }, body: Buffer.from([0, 255, 1]).toString('base64'), isBase64Encoded: true };
    case 'no status': return { statusCode: 'abc', body: 'x' };
    case 'bad header': return { statusCode: 200, headers: { 'x-a': 'a\\r\\nx-b: b' }, body: 'x' };
    case 'throw': throw new Error('a secret');
    case 'slow': return new Promise((resolve) => setTimeout(resolve, 5000, 'late'));
    default: return { statusCode: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(event) };
  }
};`;

let folder: string;
let account: OpenAccount;
let lambda: Lambda;
let api: ApiGateway;
let address: Address;
let url: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'slipway api '));
  await mkdir(join(folder, 'code'));
  await writeFile(join(folder, 'code', 'index.js'), code);
  address = await listen(0, (request, response) => void api.respond(request, response));
  url = `http://localhost:${address.port}`;
  account = openAccount({ url, dataFolder: join(folder, 'data'), log: () => undefined });
  lambda = createLambda(account, () => join(folder, 'code'));
  api = createApiGateway(account, lambda);
  const fn = await create(lambda, 'AWS::Lambda::Function', 'Fn', {
    Code: { S3Bucket: 'a', S3Key: 'b' },
    Handler: 'index.handler',
    Role: makeRole(account, 'lambda.amazonaws.com'),
    Runtime: 'nodejs24.x',
    Timeout: 30,
  });
  const ApiId = (await create(api, 'AWS::ApiGatewayV2::Api', 'Api', { Name: 'Api', ProtocolType: 'HTTP' })).ref;
  await create(api, 'AWS::ApiGatewayV2::Stage', 'Stage', { ApiId, StageName: '$default', AutoDeploy: true });
  const integrate = async (name: string, more: object = {}) =>
    (
      await create(api, 'AWS::ApiGatewayV2::Integration', name, {
        ApiId,
        IntegrationType: 'AWS_PROXY',
        PayloadFormatVersion: '2.0',
        IntegrationUri: fn.attributes?.Arn,
        ...more,
      })
    ).ref;
  const route = async (
    RouteKey: string,
    target: string,
    { permitted = true, ...more }: { permitted?: boolean; AuthorizationType?: string } = {},
  ) => {
    const properties = { ApiId, RouteKey, Target: `integrations/${target}`, ...more };
    await create(api, 'AWS::ApiGatewayV2::Route', RouteKey, properties);
    if (!permitted) return;
    await create(lambda, 'AWS::Lambda::Permission', `Permission${RouteKey}`, {
      Action: 'lambda:InvokeFunction',
      FunctionName: fn.ref,
      Principal: 'apigateway.amazonaws.com',
      SourceArn: `arn:aws:execute-api:us-east-1:123456789012:${ApiId}/*/*${RouteKey.split(' ')[1]}`,
    });
  };
  const usual = await integrate('Usual');
  await route('POST /webhooks/github', usual);
  await route('GET /builds/{id}', usual);
  await route('GET /files/{path+}', usual);
  await route('GET /forbidden', usual, { permitted: false });
  await route('POST /signed/{name}', usual, { AuthorizationType: 'AWS_IAM' });
  await route('GET /slow', await integrate('Slow', { TimeoutInMillis: 100 }));
});

afterAll(async () => {
  await address.close();
  await lambda.stop?.();
  account.close();
  await rm(folder, { recursive: true, force: true });
});

async function create(service: Service, type: string, logicalId: string, properties: unknown) {
  const found = service.resources[type];
  if (found === undefined) throw new Error(`There is no ${type}.`);
  return found.create({
    logicalId,
    stackName: 'Test',
    account: '123456789012',
    properties: found.properties.parse(properties) as never,
  });
}

const post = (body: string | Buffer<ArrayBuffer>, headers: Record<string, string> = {}) =>
  fetch(`${url}/webhooks/github`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });
const answer = (kind: string) => post('{}', { 'x-answer': kind });

describe('the event of a request', () => {
  test('names path and query as the API hands them over', async () => {
    const response = await fetch(`${url}/builds/b%20c?q=1&q=2&r=%20x`, { headers: { cookie: 'one=1; two=2' } });
    const event = (await response.json()) as Record<string, unknown>;
    expect(event).toMatchObject({
      version: '2.0',
      routeKey: 'GET /builds/{id}',
      rawPath: '/builds/b c',
      rawQueryString: 'q=1&q=2&r=%20x',
      cookies: ['one=1', 'two=2'],
      queryStringParameters: { q: '1,2', r: ' x' },
      pathParameters: { id: 'b c' },
      requestContext: {
        accountId: '123456789012',
        stage: '$default',
        http: {
          method: 'GET',
          path: '/builds/b c',
          protocol: 'HTTP/1.1',
          sourceIp: expect.stringMatching(/^(127.0.0.1|::1)$/),
        },
        time: expect.stringMatching(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/),
      },
      isBase64Encoded: false,
    });
    expect(event).not.toHaveProperty('body');
    expect(event.headers).not.toHaveProperty('cookie');
  });

  test.each([
    ['application/json', '{"a":"ü"}', '{"a":"ü"}', false],
    ['application/json; charset=utf-8', '{}', '{}', false],
    ['text/plain', 'x', 'x', false],
    ['application/x-www-form-urlencoded', 'payload=1', Buffer.from('payload=1').toString('base64'), true],
    ['application/octet-stream', Buffer.from([0, 255]), 'AP8=', true],
    ['application/json', Buffer.from([0x22, 0xff, 0x22]), 'Iv8i', true],
  ])('has a body of type %s as text or as base64', async (type, sent, body, isBase64Encoded) => {
    expect(await (await post(sent, { 'content-type': type })).json()).toMatchObject({ body, isBase64Encoded });
  });

  test('joins a header that comes twice', async () => {
    const event = await new Promise<string>((resolve, reject) => {
      const sent = request(`${url}/builds/1`, { headers: { 'X-Twice': ['a', 'b'] } }, (response) => {
        response.setEncoding('utf8');
        response.on('data', resolve);
      });
      sent.on('error', reject).end();
    });
    expect(JSON.parse(event).headers).toMatchObject({ 'x-twice': 'a,b' });
  });
});

describe("a function's answer", () => {
  test('may be any value', async () => {
    expect(await (await answer('text')).text()).toBe('plain');
    const response = await answer('object');
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toEqual({ a: 1 });
  });

  test('may have status, headers, cookies and a body', async () => {
    const response = await answer('full');
    expect(response.status).toBe(201);
    expect(response.headers.get('x-one')).toBe('a');
    expect(response.headers.get('x-two')).toBe('2');
    expect(response.headers.getSetCookie()).toEqual(['c=1', 'd=2; Path=/']);
    expect(response.headers.get('content-type')).toBe('text/plain;charset=UTF-8');
    expect(await response.text()).toBe('made');
    expect([...new Uint8Array(await (await answer('base64')).arrayBuffer())]).toEqual([0, 255, 1]);
  });

  test.each(['no status', 'bad header', 'throw'])('that is broken (%s) shows nothing of itself', async (kind) => {
    const response = await answer(kind);
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({ message: 'Internal Server Error' });
  });
});

describe('a request', () => {
  test('that no route takes is not found', async () => {
    for (const path of ['/nothing', '/webhooks/github', '/builds/', '/files/']) {
      const response = await fetch(`${url}${path}`);
      expect(response.status).toBe(404);
      expect(await response.json()).toEqual({ message: 'Not Found' });
    }
  });

  test('above 10 MB, or above what the function takes, is too large', async () => {
    for (const size of [11, 7]) {
      const response = await post('x'.repeat(size * 1024 * 1024));
      expect(response.status).toBe(413);
      expect(await response.json()).toEqual({ message: 'Request Entity Too Large' });
    }
  });

  test('whose function takes too long is given up', async () => {
    const response = await fetch(`${url}/slow`, { headers: { 'x-answer': 'slow' } });
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ message: 'Service Unavailable' });
  });

  test('whose function does not permit the API to invoke it fails', async () => {
    const response = await fetch(`${url}/forbidden`);
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({ message: 'Internal Server Error' });
  });
});

describe('a route with IAM authorization', () => {
  const signed = (keys: { accessKeyId: string; secretAccessKey: string }, over: object = {}) =>
    new AwsClient({ ...keys, service: 'execute-api', region: 'us-east-1', retries: 0, ...over });
  const call = (client: { fetch: AwsClient['fetch'] }, body = '{"a":1}') =>
    client.fetch(`${url}/signed/one`, { method: 'POST', body, headers: { 'content-type': 'application/json' } });

  test('tells the function who calls, by the signature', async () => {
    const keys = account.iam.ownerKeys();
    const response = await call(signed(keys));
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      body: '{"a":1}',
      requestContext: {
        authorizer: {
          iam: {
            accessKey: keys.accessKeyId,
            accountId: account.id,
            cognitoIdentity: null,
            userArn: `arn:aws:iam::${account.id}:root`,
          },
        },
      },
    });
  });

  test.each([
    ['nobody signed', () => call({ fetch: (...given) => fetch(...(given as Parameters<typeof fetch>)) })],
    ['an unknown key signed', () => call(signed({ accessKeyId: 'AKIANOBODY', secretAccessKey: 'x' }))],
    ['another secret signed', () => call(signed({ ...account.iam.ownerKeys(), secretAccessKey: 'x' }))],
    ['is signed for another service', () => call(signed(account.iam.ownerKeys(), { service: 'sqs' }))],
    [
      'was changed after it was signed',
      async () => {
        const request = await signed(account.iam.ownerKeys()).sign(`${url}/signed/one`, { method: 'POST', body: '{}' });
        return fetch(request.url, { method: 'POST', body: '{"b":2}', headers: request.headers });
      },
    ],
    [
      'a role signed that may not invoke it',
      () => call(signed(account.iam.keysOf(makeRole(account, 'lambda.amazonaws.com')))),
    ],
  ])('refuses a call that %s', async (_, attempt) => {
    const response = await attempt();
    expect(response.status).toBe(403);
    expect(await response.json()).toEqual({ message: 'Forbidden' });
  });
});

describe('routes', () => {
  const router = createRouter(
    [
      '$default',
      'ANY /{proxy+}',
      'GET /a/{id}',
      'ANY /a/b',
      'GET /a/b',
      'GET /a/{id}/log',
      'POST /a/{rest+}',
      'GET /',
    ].map((key) => ({
      key,
      isSigned: false,
      functionArn: '',
      timeoutMilliseconds: 0,
    })),
  );
  test.each([
    ['GET', '/a/b', 'GET /a/b'],
    ['POST', '/a/b', 'ANY /a/b'],
    ['GET', '/a/c', 'GET /a/{id}'],
    ['GET', '/a/c/log', 'GET /a/{id}/log'],
    ['POST', '/a/c/d', 'POST /a/{rest+}'],
    ['GET', '/a/c/d', 'ANY /{proxy+}'],
    ['GET', '/', 'GET /'],
    ['POST', '/', '$default'],
  ])('%s %s goes to %s', (method, path, key) => {
    expect(router(method, path)?.route.key).toBe(key);
  });
});
