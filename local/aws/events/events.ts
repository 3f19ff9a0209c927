import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { type Clock, systemClock } from '../clock.ts';
import { physicalName } from '../physical-name.ts';
import { type Account, AwsError, type Caller, resourceType, type Service } from '../service.ts';
import { transaction } from '../transaction.ts';
import { inputTransformerSchema, targetInput } from './input.ts';
import { type Delivery, openEventJournal } from './journal.ts';
import { compilePattern, type EventMatcher } from './pattern.ts';
import { parseSchedule, type Schedule } from './schedule.ts';

export interface Events extends Service {
  /** What `account.emit` does. */
  emit: Account['emit'];
}

/** What events are delivered to. Each checks by the resource's own policy whether the rule may do it. */
export interface EventTargets {
  lambda: { invokeAsync(functionArn: string, event: unknown, caller: Caller): void };
  sqs: { send(queueArn: string, body: string, caller: Caller, attributes?: DeadLetterAttributes): void };
  sns: { publish(topicArn: string, message: { message: string }, caller: Caller): void };
}

type DeadLetterAttributes = Record<string, { DataType: string; StringValue: string }>;

const targetSchema = z.strictObject({
  Id: z.string(),
  Arn: z.string(),
  Input: z.string().optional(),
  InputPath: z.string().optional(),
  InputTransformer: inputTransformerSchema.optional(),
  DeadLetterConfig: z.strictObject({ Arn: z.string() }).optional(),
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
  schedule: { expression: string; next: Schedule } | undefined;
  targets: Target[];
}

/** EventBridge's default bus with its rules. An event that was emitted reaches its targets even if the process dies before. */
export function createEvents(account: Account, targets: EventTargets, clock: Clock = systemClock): Events {
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
    account: account.id,
    time: new Date(clock.now()).toISOString().replace(/\.\d+/, ''),
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
    const caller: Caller = { arn: 'service:events.amazonaws.com', kind: 'service', sourceArn: rule.arn };
    const ingestedAt = new Date(delivery.acceptedAt).toISOString();
    const input = targetInput(target, { event: delivery.event, ruleArn: rule.arn, ruleName: rule.name, ingestedAt });
    try {
      send(target.Arn, input, caller);
      journal.done(delivery);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      account.log('events', `${rule.name}: ${error.message}`);
      if (mayRetry(error, delivery, target)) {
        journal.retryAt(delivery, clock.now() + retryDelay(delivery.attempts));
        return;
      }
      journal.done(delivery);
      if (target.DeadLetterConfig) bury(target.DeadLetterConfig.Arn, error, delivery, target, caller);
    }
  };

  const send = (arn: string, input: string, caller: Caller) => {
    switch (arn.split(':')[2]) {
      case 'lambda':
        return targets.lambda.invokeAsync(arn, JSON.parse(input), caller);
      case 'sqs':
        return targets.sqs.send(arn, input, caller);
      default:
        return targets.sns.publish(arn, { message: input }, caller);
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

  const bury = (
    queueArn: string,
    error: Error,
    { event, ruleArn, attempts }: Delivery,
    { Arn }: Target,
    caller: Caller,
  ) => {
    const text = (StringValue: string) => ({ DataType: 'String', StringValue });
    try {
      targets.sqs.send(queueArn, JSON.stringify(event), caller, {
        ERROR_CODE: text(error instanceof AwsError ? error.code : 'SDK_CLIENT_ERROR'),
        ERROR_MESSAGE: text(error.message || error.name),
        RULE_ARN: text(ruleArn),
        TARGET_ARN: text(Arn),
        RETRY_ATTEMPTS: { DataType: 'Number', StringValue: String(attempts) },
      });
    } catch (failure) {
      // An event that even the dead-letter queue does not take is lost on AWS too; here the log at least has said why.
      if (!(failure instanceof AwsError)) throw failure;
      account.log('events', `${queueArn}: ${failure.message}`);
    }
  };

  const startSchedule = ({ arn, schedule }: Rule) => {
    if (!schedule) return;
    const next = journal.nextFiring(arn, schedule.expression) ?? schedule.next(clock.now());
    if (next === undefined) return;
    journal.setNextFiring(arn, schedule.expression, next);
    wake(arn, next, () => fire(arn));
  };

  const fire = (arn: string) => {
    const rule = rules.get(arn);
    const next = rule?.schedule?.next(clock.now());
    if (!rule?.schedule) return;
    const event = envelope({ source: 'aws.events', 'detail-type': 'Scheduled Event', resources: [arn], detail: {} });
    const { expression } = rule.schedule;
    transaction(account.database, () => {
      accept(event, [rule]);
      if (next !== undefined) journal.setNextFiring(arn, expression, next);
    });
    if (next !== undefined) wake(arn, next, () => fire(arn));
  };

  const ruleResource = resourceType({
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
      const arn = `arn:aws:events:${account.region}:${account.id}:rule/${name}`;
      const { EventPattern, ScheduleExpression, Targets } = properties;
      if (EventPattern === undefined && ScheduleExpression === undefined) {
        throw new AwsError('ValidationException', 'Parameter(s) EventPattern or ScheduleExpression must be specified.');
      }
      for (const { Arn } of Targets) {
        if (!/^arn:aws:(lambda|sqs|sns):/.test(Arn)) {
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
            : { expression: ScheduleExpression, next: parseSchedule(ScheduleExpression) },
        targets: Targets,
      };
      if (enabled) rules.set(arn, rule);
      else rules.delete(arn);
      return { ref: name, attributes: { Arn: arn } };
    },
  });

  return {
    resources: { 'AWS::Events::Rule': ruleResource },
    emit(event) {
      const whole = envelope(event);
      const matching = [...rules.values()].filter(({ matches }) => matches?.(whole));
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
