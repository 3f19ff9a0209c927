import type { Context, SQSEvent } from 'aws-lambda';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { createDeliveries } from '../../services/tables/deliveries.ts';
import { startTables } from '../services/tables.ts';
import { pushOf } from './plan-builds-setup.ts';

vi.hoisted(() => vi.stubEnv('POWERTOOLS_LOG_LEVEL', 'SILENT'));

let tables: Awaited<ReturnType<typeof startTables>>;
beforeAll(async () => {
  tables = await startTables();
  const environment = {
    AWS_ENDPOINT_URL: tables.url,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    ADDRESSES_TABLE: 'addresses',
    BUILDS_TABLE: 'builds',
    BUILD_SECRETS_PREFIX: 'slipway/build-secrets/',
    PROJECTS_TABLE: 'projects',
    DELIVERIES_TABLE: 'deliveries',
    CASCADES_TABLE: 'cascades',
    DEPENDENTS_TABLE: 'dependents',
    HEADS_TABLE: 'heads',
    TRIGGERS_QUEUE_URL: 'https://sqs.us-east-1.amazonaws.com/123456789012/triggers',
    BACKGROUND_TRIGGERS_QUEUE_URL: 'https://sqs.us-east-1.amazonaws.com/123456789012/background',
    UNTRUSTED_TRIGGERS_QUEUE_URL: 'https://sqs.us-east-1.amazonaws.com/123456789012/untrusted',
    MAILS_TABLE: 'mails',
    SEAL_KEY_SECRET: 'seal-key',
    SOURCE_SECRETS_PREFIX: 'slipway/source-secrets/',
    RELEASES_TABLE: 'releases',
    MOST_RECIPIENTS: '5',
    BUILDS_AT_ONCE: '4',
    BUILDS_IN_FLIGHT: '0',
    BUILDS_PER_HOUR: '60',
    PRIVATE_HOSTS: '[]',
    RECORDS_BUCKET: 'records',
    STATE_MACHINE_ARN: 'arn:aws:states:us-east-1:123456789012:stateMachine:machine',
    BUILD_TIMEOUT_SECONDS: '60',
    PLATFORM: 'linux/arm64',
    GIT_HOST_TOKENS_SECRET: 'tokens',
    GIT_HOSTS: '[{"kind":"github","url":"https://git.example","apiUrl":"https://api.git.example"}]',
    SITE_URL: 'https://slipway.example',
    INDEX_URL: 'https://git.example/slipway/index',
    INDEX_BRANCH: 'main',
    REPOSITORY_PREFIX: '',
    SENDER: 'slipway@example.org',
    OPERATORS: '[]',
    MAIL_CONFIGURATION_SET: 'mails',
    TRIGGER_SENDERS: '{"AROAWEBHOOK":["push"]}',
  };
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  // Its services are made once for a process, which other test files may share.
  vi.resetModules();
});
afterAll(async () => {
  vi.unstubAllEnvs();
  vi.resetModules();
  await tables.stop();
});

it('a message that nobody can read costs the other messages of its batch nothing', async () => {
  const bodies = {
    first: JSON.stringify(pushOf({ id: 'first' })),
    'no-json': 'push',
    'other-type': JSON.stringify({ type: 'unheard of', id: 'x' }),
    'no-push': JSON.stringify({ ...pushOf(), ref: 7 }),
    // From the function that strangers call.
    'no-event': JSON.stringify({ type: 'manual', id: 'y', project: 'demo/app:latest', requester: 'someone' }),
    last: JSON.stringify(pushOf({ id: 'last' })),
  };
  const { handler } = await import('../../functions/plan-builds.ts');
  const Records = Object.entries(bodies).map(([messageId, body]) => ({
    messageId,
    body,
    attributes: { SenderId: 'AROAWEBHOOK:webhook' },
  }));
  const { batchItemFailures } = await handler({ Records } as unknown as SQSEvent, {} as Context);
  expect(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier)).toEqual([
    'no-json',
    'other-type',
    'no-push',
    'no-event',
  ]);
  const deliveries = createDeliveries(tables.client, 'deliveries');
  expect(await deliveries.get('first')).toBeDefined();
  expect(await deliveries.get('last')).toBeDefined();
});
