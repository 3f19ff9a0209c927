import { AwsClient } from 'aws4fetch';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createEvents, type Events } from '../../../local/aws/events/events.ts';
import { type EndpointHost, hostEndpoint } from './endpoint-host.ts';
import { manualClock } from './manual-clock.ts';
import { makeRole } from './role.ts';

const start = Date.parse('2026-11-21T10:00:00Z');
const clock = manualClock(start);
let host: EndpointHost;
let events: Events;
let received: unknown[];

beforeEach(async () => {
  received = [];
  host = await hostEndpoint((account) => {
    events = createEvents(account, { invokeAsync: (_, event) => void received.push(event) }, clock);
    account.connect({ emit: (event) => events.emit(event) });
    return [events];
  });
  await host.declare(events, 'AWS::Events::Rule', 'Rule', {
    EventPattern: { source: ['slipway'], detail: { project: ['demo/app:latest'] } },
    Targets: [{ Id: 'Target0', Arn: 'arn:aws:lambda:us-east-1:123456789012:function:roll-out' }],
  });
  await events.start?.();
});
afterEach(() => host[Symbol.asyncDispose]());

async function put(entries: object[], keys = host.account.iam.ownerKeys()) {
  const client = new AwsClient({ ...keys, service: 'events', region: 'us-east-1', retries: 0 });
  const answer = await client.fetch(host.account.endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'AWSEvents.PutEvents' },
    body: JSON.stringify({ Entries: entries }),
  });
  const text = await answer.text();
  return { status: answer.status, answer: JSON.parse(text) };
}

const entry = { Source: 'slipway', DetailType: 'Slipway Image Released', Detail: '{"project":"demo/app:latest"}' };

test('an event of the account reaches the rules that fit it', async () => {
  const { answer } = await put([{ ...entry, Time: start / 1000 - 60 }]);
  expect(answer).toEqual({ FailedEntryCount: 0, Entries: [{ EventId: expect.any(String) }] });
  clock.advanceTo(start);
  expect(received).toMatchObject([
    { source: 'slipway', 'detail-type': 'Slipway Image Released', time: '2026-11-21T09:59:00Z', resources: [] },
  ]);
});

test('an entry that is not an event says why, and the others become events', async () => {
  const { answer } = await put([
    { ...entry, Source: 'aws.ecr' },
    { ...entry, Detail: 'released' },
    { ...entry, DetailType: undefined },
    { ...entry, EventBusName: 'other' },
    entry,
  ]);
  expect(answer.FailedEntryCount).toBe(4);
  expect(answer.Entries.map(({ ErrorCode }: { ErrorCode?: string }) => ErrorCode)).toEqual([
    'NotAuthorizedForSourceException',
    'MalformedDetail',
    'InvalidArgument',
    'EventBusNotFoundException',
    undefined,
  ]);
  clock.advanceTo(start);
  expect(received).toHaveLength(1);
});

test('more than ten entries, or more than 256 KB, are refused as a whole', async () => {
  expect((await put(Array.from({ length: 11 }, () => entry))).status).toBe(400);
  const large = { ...entry, Detail: JSON.stringify({ project: 'x'.repeat(256 * 1024) }) };
  expect((await put([large])).answer).toMatchObject({ __type: expect.stringContaining('ValidationException') });
});

test('a role publishes only what its policy lets it publish', async () => {
  const role = makeRole(host.account, 'lambda.amazonaws.com');
  host.account.iam.putRolePolicy(role, 'publish', {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: 'events:PutEvents',
        Resource: 'arn:aws:events:us-east-1:123456789012:event-bus/default',
        Condition: { StringEquals: { 'events:source': 'slipway' } },
      },
    ],
  });
  const keys = host.account.iam.keysOf(role);
  expect((await put([entry], keys)).status).toBe(200);
  expect((await put([{ ...entry, Source: 'somebody' }], keys)).answer).toMatchObject({
    __type: expect.stringContaining('AccessDenied'),
  });
});
