import { beforeAll, describe, expect, it } from 'vitest';
import { operatorsPaths, operatorsReportSchema } from '../../core/api/operators.ts';
import { createInformOperators } from '../../functions/inform-operators.ts';
import { createMailAddresses } from '../../services/tables/mail-addresses.ts';
import { createSources } from '../../services/tables/sources.ts';
import { setUpServices, silentLogger } from './services-setup.ts';

const idle = { waiting: 0, inProgress: 0, delayed: 0, failed: 0 };

async function setUp() {
  const world = await setUpServices();
  const addresses = createMailAddresses(world.client, 'addresses');
  const sources = createSources(world.client, 'sources');
  const others = {
    addresses,
    sources,
    queues: { read: async () => [{ ...idle, name: 'triggers' as const, waiting: 4, failed: 1 }] },
    quota: { read: async (): Promise<number | undefined> => 1 },
  };
  const inform = createInformOperators({
    ...world,
    ...others,
    siteUrl: 'https://slipway.example',
    logger: silentLogger,
  });
  const ask = async (rawPath: string, method = 'GET') => {
    const { statusCode, headers, body = '' } = await inform({ rawPath, requestContext: { http: { method } } });
    return { statusCode, headers, body };
  };
  return Object.assign(world, others, { ask });
}

describe('what only operators may know', () => {
  let world: Awaited<ReturnType<typeof setUp>>;

  beforeAll(async () => {
    world = await setUp();
    const { deliveries, addresses, sources } = world;
    await world.track();
    await world.queue('00000000000000aa');
    await deliveries.put({
      delivery: 'guid',
      type: 'push',
      subject: 'github.com/demo/app',
      outcome: 'started 1',
      builds: ['aa'],
    });
    await deliveries.put({ delivery: 'end', type: 'build-ended', subject: 'aa', outcome: 'nothing', builds: [] });
    await sources.put({ source: 'github.com/demo/well', failures: 0 });
    await sources.put({ source: '//git.example.org', failures: 3, error: 'It did not answer <in time>.' });
    const at = new Date().toISOString();
    await addresses.fail('gone@example.org', { kind: 'bounced', at, reason: '550 5.1.1 <gone>' });
    await addresses.fail('back@example.org', { kind: 'bounced', at });
    await addresses.answer('back@example.org', 'confirmed', new Date(Date.now() + 1000));
  });

  it('is one answer: builds, queues, deliveries, failing sources and unreachable addresses, and nothing that is well', async () => {
    const { statusCode, headers, body } = await world.ask(operatorsPaths.json);
    expect({ statusCode, headers }).toMatchObject({
      statusCode: 200,
      headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' },
    });
    expect(headers).not.toHaveProperty('access-control-allow-origin');
    expect(operatorsReportSchema.strict().parse(JSON.parse(body))).toEqual({
      builds: { quota: 1, running: 0, waiting: 1 },
      queues: [{ name: 'triggers', waiting: 4, inProgress: 0, delayed: 0, failed: 1 }],
      deliveries: [
        {
          delivery: 'guid',
          type: 'push',
          subject: 'github.com/demo/app',
          outcome: 'started 1',
          builds: ['aa'],
          waitsUntil: null,
          handledAt: expect.any(String),
        },
      ],
      failingSources: [
        { source: '//git.example.org', failures: 3, error: 'It did not answer <in time>.', retryAt: null },
      ],
      unreachableAddresses: [
        { address: 'gone@example.org', kind: 'bounced', at: expect.any(String), reason: '550 5.1.1 <gone>' },
      ],
    });
  });

  it('is a page too, with nothing of it that a browser would run', async () => {
    const { headers, body } = await world.ask(operatorsPaths.page);
    expect(headers).toMatchObject({ 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' });
    expect(headers?.['content-security-policy']).toContain("default-src 'none'");
    for (const text of ['1 failed', 'all of git.example.org', 'It did not answer &lt;in time&gt;.', 'gone@example.org'])
      expect(body).toContain(text);
    expect(body).not.toContain('back@example.org');
    expect(await world.ask(operatorsPaths.page, 'HEAD')).toEqual({ statusCode: 200, headers, body: '' });
  });
});

it('says as a problem of the API where the answer could not be made', async () => {
  const world = await setUp();
  world.quota.read = async () => Promise.reject(new Error('AccessDenied: secret details'));
  const { statusCode, body } = await world.ask(operatorsPaths.json);
  expect({ statusCode, body: JSON.parse(body) }).toMatchObject({ statusCode: 500, body: { code: 'InternalError' } });
  expect(body).not.toContain('secret details');
});
