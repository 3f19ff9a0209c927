import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as z from 'zod/mini';
import { SourceSecretError, UpstreamError } from '../../../core/model/errors.ts';
import { createRotatedSecret, createSecret } from '../../../services/aws/secrets.ts';
import { createHostTokens } from '../../../services/git-host/host-tokens.ts';
import { createSignedFetch } from '../../../services/http/signed-fetch.ts';
import { type FakeHost, startHost } from '../http.ts';

let host: FakeHost;
/** What Secrets Manager says next: the secret's value, or a status with a body. */
let answer: string | { status: number; body: string };

beforeEach(async () => {
  answer = 'first';
  host = await startHost((_, response) => {
    if (typeof answer === 'string') response.end(JSON.stringify({ SecretString: answer }));
    else response.writeHead(answer.status).end(answer.body);
  });
  vi.stubEnv('AWS_ENDPOINT_URL', host.url);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'key');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'the-secret-key');
});
afterEach(async () => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  await host[Symbol.asyncDispose]();
});

const refused = { status: 400, body: '{"__type":"ResourceNotFoundException","Message":"first is the value"}' };
const later = (seconds: number) => vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });

describe('a secret', () => {
  it('is read once for many who ask at once, with a signed request', async () => {
    const secret = createSecret('arn:secret');
    expect(await Promise.all([secret.current(), secret.current(), secret.current()])).toEqual(Array(3).fill('first'));
    expect(host.requests).toMatchObject([
      {
        method: 'POST',
        body: '{"SecretId":"arn:secret","VersionStage":"AWSCURRENT"}',
        headers: {
          'x-amz-target': 'secretsmanager.GetSecretValue',
          authorization: expect.stringContaining('/secretsmanager/aws4_request'),
        },
      },
    ]);
    expect(JSON.stringify(host.requests)).not.toContain('the-secret-key');
  });

  it('is seen anew some minutes after it was rotated', async () => {
    const secret = createSecret('arn:secret');
    await secret.current();
    answer = 'second';
    later(4 * 60);
    expect(await secret.current()).toBe('first');
    later(2 * 60);
    expect(await secret.current()).toBe('second');
  });

  it('that people correct is as it is, or was some seconds ago', async () => {
    const secret = createSecret('arn:secret');
    expect(await Promise.all([secret.latest(), secret.latest()])).toEqual(['first', 'first']);
    answer = 'second';
    expect(await secret.latest()).toBe('first');
    later(11);
    expect(await secret.latest()).toBe('second');
    expect(host.requests).toHaveLength(2);
  });

  it('may be read again at once, but not as often as strangers like', async () => {
    const secret = createSecret('arn:secret');
    await secret.current();
    answer = 'second';
    expect(secret.reread()).toBeUndefined();
    later(11);
    expect(await secret.reread()).toBe('second');
    expect(secret.reread()).toBeUndefined();
    expect(await secret.current()).toBe('second');
    expect(host.requests).toHaveLength(2);
  });

  it('that could not be read is read again by the next who asks', async () => {
    const secret = createSecret('arn:secret');
    answer = refused;
    await expect(secret.current()).rejects.toThrow(UpstreamError);
    answer = 'first';
    expect(await secret.current()).toBe('first');
  });

  it('is in no error', async () => {
    answer = refused;
    await expect(createSecret('arn:secret').current()).rejects.toThrow(
      /^secretsmanager GetSecretValue: ResourceNotFoundException$/,
    );
    answer = { status: 200, body: '{"SecretBinary":"Zmlyc3Q="}' };
    await expect(createSecret('arn:secret').current()).rejects.not.toThrow(/Zmlyc3Q/);
  });
});

describe('a rotated secret', () => {
  const day = 24 * 3_600_000;
  /** By stage: its value, and how many days ago it was stored. */
  let versions: Record<string, [value: string, days: number] | undefined>;
  const valid = () => createRotatedSecret('arn:secret', 7 * day).current();

  beforeEach(async () => {
    await host[Symbol.asyncDispose]();
    host = await startHost(({ body }, response) => {
      const version = versions[JSON.parse(body).VersionStage];
      if (!version) return response.writeHead(refused.status).end(refused.body);
      const [SecretString, days] = version;
      return response.end(JSON.stringify({ SecretString, CreatedDate: (Date.now() - days * day) / 1000 }));
    });
    vi.stubEnv('AWS_ENDPOINT_URL', host.url);
  });

  it('has two values for some days', async () => {
    versions = { AWSCURRENT: ['new', 6.9], AWSPREVIOUS: ['old', 400] };
    expect(await valid()).toEqual(['new', 'old']);
    versions = { AWSCURRENT: ['new', 7.1], AWSPREVIOUS: ['old', 400] };
    expect(await valid()).toEqual(['new']);
  });

  it('has one value if it was never rotated', async () => {
    versions = { AWSCURRENT: ['first', 0] };
    expect(await valid()).toEqual(['first']);
  });

  it('has none, rather than too few, if it cannot be read', async () => {
    versions = {};
    await expect(valid()).rejects.toThrow(UpstreamError);
  });
});

describe('a call of AWS', () => {
  const call = () =>
    createSignedFetch('sqs', '1.0', 'AmazonSQS')('SendMessage', {}, z.object({ MessageId: z.string() }));

  it('is tried again when the service is in trouble', async () => {
    await host[Symbol.asyncDispose]();
    host = await startHost((_, response) => {
      if (host.requests.length < 3) response.writeHead(503).end();
      else response.end('{"MessageId":"1"}');
    });
    vi.stubEnv('AWS_ENDPOINT_URL', host.url);
    expect(await call()).toEqual({ MessageId: '1' });
  });

  it.each([
    [500, '{"__type":"InternalFailure"}', 'sqs SendMessage: InternalFailure'],
    [502, '<html>Bad Gateway</html>', 'sqs SendMessage: HTTP 502'],
    [403, '', 'sqs SendMessage: HTTP 403'],
    [400, '{"message":"x"}', 'sqs SendMessage: HTTP 400'],
  ])('that gets %i and %j says which call it was', async (status, body, message) => {
    answer = { status, body };
    const error = await call().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UpstreamError);
    expect(error).toHaveProperty('message', message);
  });

  it('that is answered with a page is an error', async () => {
    answer = { status: 200, body: '<html>' };
    await expect(call()).rejects.toThrow(UpstreamError);
  });
});

describe('the tokens of the git hosts', () => {
  const github = { kind: 'github', url: 'https://github.com', apiUrl: 'https://api.github.com' } as const;
  const gitlab = { kind: 'gitlab', url: 'https://git.example:8443/gitlab', apiUrl: 'https://api.example' } as const;
  const tokensIn = async (value: string) => {
    answer = value;
    const { tokenOf } = createHostTokens('arn:tokens', [github, gitlab]);
    return [await tokenOf({ host: github, path: 'demo/app' }), await tokenOf({ host: gitlab, path: 'demo/app' })];
  };

  it.each([
    ['none', undefined, undefined],
    ['', undefined, undefined],
    [' none\n', undefined, undefined],
    ['ghp_token\n', 'ghp_token', undefined],
    ['{"git.example:8443":"glpat"}', undefined, 'glpat'],
    ['{"github.com":"ghp","git.example:8443":"glpat"}', 'ghp', 'glpat'],
  ])('that are stored as %j are %j and %j', async (value, first, second) => {
    expect(await tokensIn(value)).toEqual([first, second]);
  });

  it('are never part of the error about their form', async () => {
    for (const value of ['{"github.com":"ghp_secret"', '{"github.com":{"ghp_secret":1}}']) {
      const error = await tokensIn(value).catch((thrown: Error) => thrown);
      expect(error).toHaveProperty('message', expect.stringContaining('docs/git-hosts.md'));
      expect(String(error)).not.toContain('ghp_secret');
    }
  });

  it('are what a private source cannot be opened with where they are not in their form', async () => {
    answer = '{"github.com":{"app":"Iv23"}}';
    const { appTokenOf } = createHostTokens('arn:tokens', [github, gitlab]);
    const asked = appTokenOf('https://github.com/acme/vault.git');
    await expect(asked).rejects.toThrow(SourceSecretError);
    await expect(asked).rejects.toThrow(/^The secret with the tokens .* Have whoever runs this pipeline correct it\.$/);
  });
});
