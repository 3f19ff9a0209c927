import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AwsClient } from 'aws4fetch';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createIam } from '../../../local/aws/iam/iam.ts';
import { createLambda, type Lambda } from '../../../local/aws/lambda/lambda.ts';
import type { Keys, Service } from '../../../local/aws/service.ts';
import { eventually } from '../../eventually.ts';
import { declareRole, type EndpointHost, hostEndpoint } from './endpoint-host.ts';

let host: EndpointHost;
let iam: Service;
let lambda: Lambda;
let arn: string;
const name = 'answers';

beforeEach(async () => {
  host = await hostEndpoint((account) => {
    iam = createIam(account);
    lambda = createLambda(account, (_, key) => join(account.dataFolder, key));
    return [iam, lambda];
  });
  mkdirSync(join(host.dataFolder, 'code'));
  const code = `exports.handler = async (event) => {
    console.log('received ' + JSON.stringify(event));
    if (event.fail) throw new RangeError(event.fail);
    return { event };
  }`;
  writeFileSync(join(host.dataFolder, 'code', 'index.js'), code);
  const Role = await declareRole(host, iam, 'Function', [{ Effect: 'Allow', Action: 'logs:*', Resource: '*' }]);
  const created = await host.declare(lambda, 'AWS::Lambda::Function', 'Answers', {
    FunctionName: name,
    Role,
    Handler: 'index.handler',
    Runtime: 'nodejs24.x',
    Code: { S3Bucket: 'assets', S3Key: 'code' },
  });
  arn = created.attributes?.Arn ?? '';
  await lambda.start?.();
});
afterEach(() => host[Symbol.asyncDispose]());

async function invoke(
  functionName: string,
  { body = '{"a":"ü"}', headers = {}, keys }: { body?: string; headers?: Record<string, string>; keys?: Keys } = {},
) {
  const { accessKeyId, secretAccessKey } = keys ?? host.account.iam.ownerKeys();
  const client = new AwsClient({ accessKeyId, secretAccessKey, service: 'lambda', region: 'us-east-1' });
  const url = `${host.account.endpoint}/2015-03-31/functions/${functionName}/invocations`;
  const answer = await client.fetch(url, { method: 'POST', body, headers });
  const header = (suffix: string) => answer.headers.get(`x-amz${suffix}`);
  const text = await answer.text();
  return { status: answer.status, header, text, json: text && JSON.parse(text) };
}

test('a function answers who calls it by its name, its partial ARN or its ARN', async () => {
  for (const given of [name, arn, encodeURIComponent(arn), `000000000000:function:${name}`, `${name}:$LATEST`]) {
    const account = given.replace('000000000000', host.account.id);
    const { status, header, json } = await invoke(account);
    expect([status, json, header('-function-error')]).toEqual([200, { event: { a: 'ü' } }, null]);
    expect(header('-executed-version')).toBe('$LATEST');
  }
  expect((await invoke(name, { body: '' })).json).toEqual({ event: {} });
});

test('an error of the function is an answer, and says so', async () => {
  const { status, header, json } = await invoke(name, { body: '{"fail":"too much"}' });
  expect([status, header('-function-error')]).toEqual([200, 'Unhandled']);
  expect(json).toMatchObject({ errorType: 'RangeError', errorMessage: 'too much', trace: expect.any(Array) });
});

test('the end of the log comes with the answer when it is asked for', async () => {
  const { header } = await invoke(name, { headers: { 'x-amz-log-type': 'Tail' } });
  const log = Buffer.from(header('-log-result') ?? '', 'base64').toString();
  expect(log).toMatch(
    /^START RequestId: .*\n[\s\S]*received \{"a":"ü"\}\n[\s\S]*END RequestId: .*\nREPORT RequestId: /,
  );
});

test('an event is taken at once and handled later, and a dry run handles nothing', async () => {
  expect(await invoke(name, { headers: { 'x-amz-invocation-type': 'DryRun' } })).toMatchObject({ status: 204 });
  const body = '{"fail":"heard of it"}';
  const taken = await invoke(name, { headers: { 'x-amz-invocation-type': 'Event' }, body });
  expect(taken).toMatchObject({ status: 202, text: '' });
  await eventually(() => expect(host.logged.join('\n')).toContain('heard of it'));
  expect(host.logged.filter((line) => line.includes('failed'))).toHaveLength(1);
});

test('an event is not handled again where the function is configured so', async () => {
  const configuration = { FunctionName: name, Qualifier: '$LATEST', MaximumRetryAttempts: 0 };
  await host.declare(lambda, 'AWS::Lambda::EventInvokeConfig', 'Configuration', configuration);
  await invoke(name, { headers: { 'x-amz-invocation-type': 'Event' }, body: '{"fail":"once"}' });
  await eventually(() => expect(host.logged.join('\n')).toContain('failed 1 times and is given up: once'));
  await expect(
    host.declare(lambda, 'AWS::Lambda::EventInvokeConfig', 'Wrong', { ...configuration, MaximumRetryAttempts: 3 }),
  ).rejects.toThrow(/MaximumRetryAttempts/);
});

test('what cannot be invoked is refused as Lambda refuses it', async () => {
  const refused = async (...call: Parameters<typeof invoke>) => {
    const { status, header, json } = await invoke(...call);
    return [status, header('n-errortype'), json.message];
  };
  const missing = arn.replace(name, 'nobody');
  expect(await refused('nobody')).toEqual([404, 'ResourceNotFoundException', `Function not found: ${missing}`]);
  expect(await refused(`${name}:7`)).toEqual([404, 'ResourceNotFoundException', `Function not found: ${arn}:7`]);
  expect((await refused(name, { body: '{' })).slice(0, 2)).toEqual([400, 'InvalidRequestContentException']);
  const headers = { 'x-amz-invocation-type': 'Event' };
  const large = JSON.stringify('x'.repeat(1024 * 1024));
  expect((await refused(name, { headers, body: large })).slice(0, 2)).toEqual([413, 'RequestEntityTooLargeException']);
  const wrong = { ...host.account.iam.ownerKeys(), secretAccessKey: 'wrong' };
  expect((await refused(name, { keys: wrong })).slice(0, 2)).toEqual([403, 'InvalidSignatureException']);
});

test('a role may invoke what its policy names and nothing else, be it there or not', async () => {
  const role = await declareRole(host, iam, 'Caller', [
    { Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: arn },
  ]);
  const keys = host.account.iam.keysOf(role, 'test');
  expect((await invoke(name, { keys })).status).toBe(200);
  const { status, header, json } = await invoke('nobody', { keys });
  expect([status, header('n-errortype')]).toEqual([403, 'AccessDeniedException']);
  expect(json.message).toMatch(/is not authorized to perform: lambda:InvokeFunction on resource: .*:function:nobody/);
});
