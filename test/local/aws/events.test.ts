import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { OpenAccount } from '../../../local/account.ts';
import { createEvents, type Events, type EventTarget } from '../../../local/aws/events/events.ts';
import { AwsError, type Caller } from '../../../local/aws/service.ts';
import { type EndpointHost, hostEndpoint } from './endpoint-host.ts';
import { type ManualClock, manualClock } from './manual-clock.ts';

const start = Date.parse('2026-11-21T10:00:00Z');
const functionArn = 'arn:aws:lambda:us-east-1:123456789012:function:track';
let host: EndpointHost;
let events: Events;
let clock: ManualClock;
let received: { arn: string; event: unknown; caller: Caller }[];
let failure: Error | undefined;

async function open(dataFolder?: string): Promise<void> {
  const lambda: EventTarget = {
    invokeAsync(arn, event, caller) {
      if (failure) throw failure;
      received.push({ arn, event, caller });
    },
  };
  host = await hostEndpoint((account: OpenAccount) => {
    events = createEvents(account, lambda, clock);
    return [events];
  }, dataFolder);
}

beforeEach(() => {
  clock = manualClock(start);
  received = [];
  failure = undefined;
  return open();
});
afterEach(() => host[Symbol.asyncDispose]());

const rule = (properties: object) => host.declare(events, 'AWS::Events::Rule', 'Rule', properties);
const pattern = {
  source: ['aws.codebuild'],
  'detail-type': ['CodeBuild Build State Change'],
  detail: { 'build-status': ['IN_PROGRESS'] },
};
const target = { Id: 'Target0', Arn: functionArn };
const build = (status: string) => ({
  source: 'aws.codebuild',
  'detail-type': 'CodeBuild Build State Change',
  resources: ['arn:aws:codebuild:us-east-1:123456789012:build/p:1'],
  detail: { 'build-status': status, 'build-id': 'p:"1"', phases: [{ type: 'QUEUED' }] },
});

describe('an event', () => {
  test('that fits the rule reaches its targets, in the envelope that EventBridge has', async () => {
    await rule({ EventPattern: pattern, Targets: [target] });
    await events.start?.();
    events.emit(build('IN_PROGRESS'));
    events.emit(build('SUCCEEDED'));
    expect(received).toEqual([]);
    clock.advanceTo(start);
    expect(received).toEqual([
      {
        arn: functionArn,
        event: {
          version: '0',
          id: expect.stringMatching(/^[0-9a-f-]{36}$/),
          account: '123456789012',
          region: 'us-east-1',
          time: '2026-11-21T10:00:00Z',
          ...build('IN_PROGRESS'),
        },
        caller: {
          arn: 'service:events.amazonaws.com',
          kind: 'service',
          sourceArn: expect.stringMatching(/^arn:aws:events:us-east-1:123456789012:rule\/test-Rule/),
        },
      },
    ]);
  });

  test('that was accepted before the process was killed is delivered by the next one', async () => {
    await rule({ EventPattern: pattern, Targets: [target] });
    events.emit(build('IN_PROGRESS'));
    await host.crash();
    await open(host.dataFolder);
    await rule({ EventPattern: pattern, Targets: [target] });
    await events.start?.();
    clock.advanceTo(start);
    expect(received).toHaveLength(1);
  });

  test('that fails for a passing reason is tried again, as often as the target says', async () => {
    await rule({ EventPattern: pattern, Targets: [{ ...target, RetryPolicy: { MaximumRetryAttempts: 2 } }] });
    await events.start?.();
    failure = new Error('no room');
    events.emit(build('IN_PROGRESS'));
    events.emit(build('IN_PROGRESS'));
    clock.advanceTo(start + 500);
    failure = undefined;
    clock.advanceTo(start + 2000);
    expect(received).toHaveLength(2);
    failure = new Error('no room');
    events.emit(build('IN_PROGRESS'));
    clock.advanceTo(start + 10_000);
    failure = undefined;
    clock.advanceTo(start + 7_200_000);
    expect(received).toHaveLength(2);
  });

  test('that the target must not get is not tried again, and the log says why', async () => {
    await rule({ EventPattern: pattern, Targets: [target] });
    await events.start?.();
    failure = new AwsError('AccessDeniedException', 'not authorized', 403);
    events.emit(build('IN_PROGRESS'));
    clock.advanceTo(start + 3_600_000);
    failure = undefined;
    clock.advanceTo(start + 7_200_000);
    expect(received).toEqual([]);
    expect(host.logged.join()).toContain('not authorized');
  });
});

describe('a schedule', () => {
  test('fires at its times, also over a restart', async () => {
    const properties = { ScheduleExpression: 'rate(15 minutes)', Targets: [target] };
    await rule(properties);
    await events.start?.();
    clock.advanceTo(start + 31 * 60_000);
    expect(received.map(({ event }) => (event as { time: string }).time)).toEqual([
      '2026-11-21T10:15:00Z',
      '2026-11-21T10:30:00Z',
    ]);
    expect(received[0]?.event).toMatchObject({ 'detail-type': 'Scheduled Event', source: 'aws.events', detail: {} });

    await host.crash();
    clock = manualClock(start + 40 * 60_000);
    await open(host.dataFolder);
    await rule(properties);
    await events.start?.();
    clock.advanceTo(start + 46 * 60_000);
    expect(received).toHaveLength(3);
  });

  test('that is disabled does not fire', async () => {
    await rule({ ScheduleExpression: 'rate(1 minute)', State: 'DISABLED', Targets: [target] });
    await events.start?.();
    clock.advanceTo(start + 3_600_000);
    expect(received).toEqual([]);
  });
});

test('a rule with a target or a property that is not known here is refused by name', async () => {
  await expect(
    rule({ EventPattern: pattern, Targets: [{ Id: 'a', Arn: 'arn:aws:kinesis:x:1:stream/s' }] }),
  ).rejects.toThrow(/kinesis/);
  await expect(rule({ EventPattern: pattern, Targets: [{ ...target, EcsParameters: {} }] })).rejects.toThrow(
    /EcsParameters/,
  );
  await expect(rule({ EventPattern: pattern, Targets: [{ ...target, InputPath: '$.detail' }] })).rejects.toThrow(
    /InputPath/,
  );
  await expect(rule({ ScheduleExpression: 'cron(0 6 * * ? *)', Targets: [] })).rejects.toThrow(/rates only/);
  await expect(rule({ EventPattern: { detail: { a: [{ suffix: 'x' }] } }, Targets: [] })).rejects.toThrow(/suffix/);
});
