import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { type Clock, systemClock } from '../clock.ts';
import { physicalName } from '../physical-name.ts';
import { type Account, AwsError, accountIn, type Caller, resourceType, type Service } from '../service.ts';
import { transaction } from '../transaction.ts';
import { type Delivery, openEventJournal } from './journal.ts';
import { compilePattern, type EventMatcher } from './pattern.ts';
import { putEvents } from './put-events.ts';
import { ratePeriod } from './schedule.ts';

export interface Events extends Service {
  /** What `account.emit` does. */
  emit: Account['emit'];
}

/** Where events go. It checks by the function's own policy whether the rule may call it. */
export interface EventTarget {
  invokeAsync(functionArn: string, event: unknown, caller: Caller): void;
}

const targetSchema = z.strictObject({
  Id: z.string(),
  Arn: z.string(),
  /** A target in another account is called under a role. */
  RoleArn: z.string().optional(),
  RetryPolicy: z
    .strictObject({
      MaximumEventAgeInSeconds: z.int().min(60).max(86_400).optional(),
      MaximumRetryAttempts: z.int().min(0).max(185).optional(),
    })
    .optional(),
});
type Target = z.infer<typeof targetSchema>;

interface Rule {
  name: string;
  arn: string;
  matches: EventMatcher | undefined;
  schedule: { expression: string; period: number } | undefined;
  targets: Target[];
}

/** EventBridge's default bus with its rules. An emitted event reaches its targets even if the process crashes before. */
export function createEvents(account: Account, lambda: EventTarget, clock: Clock = systemClock): Events {
  const journal = openEventJournal(account.database);
  const rules = new Map<string, Rule>();
  const timers = new Map<string, () => void>();
  let running = false;

  const wake = (name: string, instant: number, callback: () => void) => {
    timers.get(name)?.();
    if (running) timers.set(name, clock.at(instant, callback));
  };

  const envelope = (event: Parameters<Account['emit']>[0]): Record<string, unknown> => ({
    version: '0',
    id: randomUUID(),
    'detail-type': event['detail-type'],
    source: event.source,
    account: event.account ?? account.id,
    time: new Date(event.time ?? clock.now()).toISOString().replace(/\.\d+/, ''),
    region: account.region,
    resources: event.resources,
    detail: event.detail,
  });

  const accept = (event: Record<string, unknown>, accepting: Iterable<Rule>) => {
    const now = clock.now();
    transaction(account.database, () => {
      for (const { arn, targets: all } of accepting) for (const { Id } of all) journal.add(arn, Id, event, now);
    });
    wake('deliveries', now, deliverDue);
  };

  const deliverDue = () => {
    for (const delivery of journal.due(clock.now())) {
      const rule = rules.get(delivery.ruleArn);
      const target = rule?.targets.find(({ Id }) => Id === delivery.targetId);
      if (rule && target) attempt(delivery, rule, target);
      // The rule left the template while the event waited.
      else journal.done(delivery);
    }
    const next = journal.nextDue();
    if (next !== undefined) wake('deliveries', next, deliverDue);
  };

  const attempt = (delivery: Delivery, rule: Rule, target: Target) => {
    const service: Caller = { arn: 'service:events.amazonaws.com', kind: 'service', sourceArn: rule.arn };
    try {
      const role = target.RoleArn && account.iam.callerOf(account.iam.keysOf(target.RoleArn, 'events').accessKeyId);
      const caller = role || service;
      lambda.invokeAsync(target.Arn, delivery.event, caller);
      journal.done(delivery);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      account.log('events', `${rule.name}: ${error.message}`);
      if (mayRetry(error, delivery, target)) {
        journal.retryAt(delivery, clock.now() + retryDelay(delivery.attempts));
      } else journal.done(delivery);
    }
  };

  /**
   * A target that is not there, or that the rule may not reach, is no better in a minute: AWS does not try again either.
   * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
   */
  const mayRetry = (error: Error, { attempts, acceptedAt }: Delivery, { RetryPolicy = {} }: Target) => {
    const { MaximumRetryAttempts = 185, MaximumEventAgeInSeconds = 86_400 } = RetryPolicy;
    const lasting = error instanceof AwsError && error.statusCode < 500;
    return !lasting && attempts < MaximumRetryAttempts && clock.now() - acceptedAt < MaximumEventAgeInSeconds * 1000;
  };

  const startSchedule = ({ arn, schedule }: Rule) => {
    if (!schedule) return;
    const next = journal.nextFiring(arn, schedule.expression) ?? clock.now() + schedule.period;
    journal.setNextFiring(arn, schedule.expression, next);
    wake(arn, next, () => fire(arn));
  };

  const fire = (arn: string) => {
    const rule = rules.get(arn);
    if (!rule?.schedule) return;
    const { expression, period } = rule.schedule;
    const next = clock.now() + period;
    const event = envelope({ source: 'aws.events', 'detail-type': 'Scheduled Event', resources: [arn], detail: {} });
    transaction(account.database, () => {
      accept(event, [rule]);
      journal.setNextFiring(arn, expression, next);
    });
    wake(arn, next, () => fire(arn));
  };

  const ruleResource = resourceType({
    isForEveryAccount: true,
    properties: z.strictObject({
      Name: z
        .string()
        .regex(/^[\w.-]{1,64}$/)
        .optional(),
      Description: z.string().optional(),
      EventBusName: z.literal('default').optional(),
      EventPattern: z.unknown().optional(),
      ScheduleExpression: z.string().optional(),
      State: z.enum(['ENABLED', 'DISABLED']).default('ENABLED'),
      Targets: z.array(targetSchema).max(5).default([]),
      Tags: z.unknown().optional(),
    }),
    create({ properties, ...resource }) {
      const name = properties.Name ?? physicalName(resource, 64);
      const arn = `arn:aws:events:${account.region}:${resource.account}:rule/${name}`;
      const { EventPattern, ScheduleExpression, Targets } = properties;
      if (EventPattern === undefined && ScheduleExpression === undefined) {
        throw new AwsError('ValidationException', 'Parameter(s) EventPattern or ScheduleExpression must be specified.');
      }
      for (const { Arn, RoleArn } of Targets) {
        if (RoleArn !== undefined) account.iam.assertTrusts(RoleArn, 'events.amazonaws.com', arn);
        // https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-cross-account.html
        else if (accountIn(Arn) !== resource.account)
          throw new AwsError('ValidationException', `RoleArn is required for target ${Arn}.`);
        if (!Arn.startsWith('arn:aws:lambda:')) {
          throw new AwsError('ValidationException', `The local AWS does not know targets like ${Arn}.`);
        }
      }
      const enabled = properties.State === 'ENABLED';
      const rule: Rule = {
        name,
        arn,
        matches: EventPattern === undefined ? undefined : compilePattern(EventPattern),
        schedule:
          ScheduleExpression === undefined
            ? undefined
            : { expression: ScheduleExpression, period: ratePeriod(ScheduleExpression) },
        targets: Targets,
      };
      if (enabled) rules.set(arn, rule);
      else rules.delete(arn);
      return { ref: name, attributes: { Arn: arn } };
    },
  });

  return {
    signingName: 'events',
    protocol: 'json-1.1',
    operations: { PutEvents: putEvents(account, randomUUID) },
    resources: { 'AWS::Events::Rule': ruleResource },
    emit(event) {
      const whole = envelope(event);
      const own = [...rules.values()].filter(({ arn }) => accountIn(arn) === whole.account);
      const matching = own.filter(({ matches }) => matches?.(whole));
      if (matching.length > 0) accept(whole, matching);
    },
    start() {
      running = true;
      for (const rule of rules.values()) startSchedule(rule);
      wake('deliveries', clock.now(), deliverDue);
    },
    stop() {
      running = false;
      for (const cancel of timers.values()) cancel();
    },
  };
}

/** Soon at first, then ever more slowly: 1 s, 2 s, 4 s, … up to ten minutes. */
function retryDelay(attempts: number): number {
  return Math.min(1000 * 2 ** attempts, 600_000);
}
