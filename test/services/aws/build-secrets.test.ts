import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createMissingSecrets } from '../../../services/aws/build-secrets.ts';
import { type FakeHost, startHost } from '../http.ts';

let host: FakeHost;
/** What Secrets Manager says of each secret: its status and body. */
const answers: Record<string, [number, object]> = {
  'builds/demo/there': [200, { Name: 'builds/demo/there' }],
  'builds/demo/deleted': [200, { Name: 'builds/demo/deleted', DeletedDate: 1_800_000_000 }],
  'builds/demo/unresolved': [400, { __type: 'AccessDeniedException' }],
  'builds/demo/late': [400, { __type: 'InternalServiceError' }],
};

beforeEach(async () => {
  host = await startHost((request, response) => {
    const [status, body] = answers[JSON.parse(request.body).SecretId] ?? [400, { __type: 'ResourceNotFoundException' }];
    response.writeHead(status).end(JSON.stringify(body));
  });
  vi.stubEnv('AWS_ENDPOINT_URL', host.url);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await host[Symbol.asyncDispose]();
});

const project = (...names: string[]) => ({
  name: 'demo/app:latest',
  buildSecrets: Object.fromEntries(names.map((name, at) => [`id${at}`, name])),
});

test('a secret is missing that nobody has stored or that was deleted; none is read', async () => {
  const missing = createMissingSecrets('builds/');
  expect(await missing(project('there', 'gone', 'deleted', 'gone', 'unresolved'))).toEqual([
    'builds/demo/gone',
    'builds/demo/deleted',
    'builds/demo/unresolved',
  ]);
  expect(new Set(host.requests.map(({ headers }) => headers['x-amz-target']))).toEqual(
    new Set(['secretsmanager.DescribeSecret']),
  );
});

test('a project without secrets asks for none', async () => {
  expect(await createMissingSecrets('builds/')({ name: 'demo/app:latest', buildSecrets: undefined })).toEqual([]);
  expect(host.requests).toEqual([]);
});

test('an answer that says neither is an error', async () => {
  await expect(createMissingSecrets('builds/')(project('late'))).rejects.toThrow('InternalServiceError');
});
