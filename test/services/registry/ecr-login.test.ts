import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { STSClient } from '@aws-sdk/client-sts';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ecrRegistryOf } from '../../../core/destinations/ecr-registry.ts';
import { createEcrLogin } from '../../../services/registry/ecr-login.ts';
import { PushRefusedError } from '../../../services/registry/image-push.ts';

const role = 'arn:aws:iam::222233334444:role/slipway-copies';
const token = Buffer.from('AWS:a:token').toString('base64');
const session = `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
  <AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2030-01-01T00:00:00Z</Expiration>
</Credentials></AssumeRoleResult></AssumeRoleResponse>`;
const denied =
  '<ErrorResponse><Error><Code>AccessDenied</Code><Message>not authorized</Message></Error></ErrorResponse>';

/** AWS, as far as its documentation says what it answers: which call, of which service in which region, and the body. */
let calls: string[];
let answers: { assume: string; create: { status: number; error?: string } };
let server: ReturnType<typeof createServer>;

beforeEach(async () => {
  calls = [];
  answers = { assume: session, create: { status: 200 } };
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const [, region, service] =
      /Credential=\w+\/\d+\/([^/]+)\/([^/]+)\//.exec(request.headers.authorization ?? '') ?? [];
    const action = String(request.headers['x-amz-target'] ?? '').split('.')[1];
    calls.push(`${service} ${region} ${action ?? 'AssumeRole'}${action === 'CreateRepository' ? ` ${body}` : ''}`);
    if (action === undefined) {
      response.writeHead(answers.assume === session ? 200 : 403, { 'content-type': 'text/xml' }).end(answers.assume);
    } else if (action === 'CreateRepository') {
      response.writeHead(answers.create.status, { 'content-type': 'application/x-amz-json-1.1' });
      response.end(JSON.stringify({ __type: answers.create.error }));
    } else {
      const data = { authorizationToken: token };
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' });
      response.end(JSON.stringify({ authorizationData: service === 'ecr-public' ? data : [data] }));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
afterEach(() => {
  vi.unstubAllEnvs();
  server.close();
});

const logIn = (image: string) => {
  const credentials = { accessKeyId: 'AKIA', secretAccessKey: 'own' };
  return createEcrLogin(new STSClient({ region: 'eu-west-1', credentials, maxAttempts: 1 }))(image, role);
};
const elsewhere = '222233334444.dkr.ecr.ap-south-1.amazonaws.com/demo/app';

describe('a registry of ECR', () => {
  it.each([
    [
      elsewhere,
      ['ecr ap-south-1 GetAuthorizationToken', 'ecr ap-south-1 CreateRepository {"repositoryName":"demo/app"}'],
    ],
    [
      'public.ecr.aws/acme/demo/app',
      [
        'ecr-public us-east-1 GetAuthorizationToken',
        'ecr-public us-east-1 CreateRepository {"repositoryName":"demo/app"}',
      ],
    ],
  ])('is signed in to in its own region, by the role: %s', async (image, expected) => {
    expect(await logIn(image)).toEqual({ user: 'AWS', password: 'a:token' });
    expect(calls).toEqual(['sts eu-west-1 AssumeRole', ...expected]);
  });

  it.each(['RepositoryAlreadyExistsException', 'AccessDeniedException'])(
    'may have the repository: %s',
    async (error) => {
      answers.create = { status: 400, error };
      expect(await logIn(elsewhere)).toMatchObject({ user: 'AWS' });
    },
  );

  it('is not pushed to by a role that does not trust us, which only a person can change', async () => {
    answers.assume = denied;
    const error = await logIn(elsewhere).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(PushRefusedError);
    expect(String(error)).toContain(`The role ${role} cannot be assumed (not authorized)`);
  });

  it('is not ECR if its host only looks like it', async () => {
    await expect(logIn('registry.example.org/demo/app')).rejects.toThrow('is not a registry of ECR');
    expect(calls).toEqual([]);
  });
});

it.each([
  ['222233334444.dkr.ecr.eu-central-1.amazonaws.com', 'eu-central-1'],
  ['222233334444.dkr.ecr-fips.us-gov-west-1.amazonaws.com', 'us-gov-west-1'],
  ['222233334444.dkr.ecr.cn-north-1.amazonaws.com.cn', 'cn-north-1'],
  ['222233334444.dkr-ecr.eu-west-1.on.aws', 'eu-west-1'],
  ['222233334444.dkr.ecr.eu-west-1.amazonaws.com.example.org', undefined],
  ['2222.dkr.ecr.eu-west-1.amazonaws.com', undefined],
])('the region of %s is %s', (host, region) => {
  expect(ecrRegistryOf(host)).toEqual(region && { kind: 'private', region });
});
