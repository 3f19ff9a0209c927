import { Duration, Lazy, RemovalPolicy } from 'aws-cdk-lib';
import type { Role } from 'aws-cdk-lib/aws-iam';
import { SqsEventSource, type SqsEventSourceProps } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { queueOf, type TriggerQueue, triggerQueues } from '../core/triggers/queue.ts';
import type { TriggerType } from '../core/triggers/sender.ts';
import { deadLetterVariables, queueVariables } from '../services/aws/trigger-queues.ts';
import { allow } from './permissions.ts';
import type { PipelineFunction } from './pipeline-function.ts';

interface QueueOfTriggers {
  queue: Queue;
  /** For triggers that could not be planned. */
  deadLetters: Queue;
}

/**
 * The queues of events that may trigger builds. Each has a share of the planners: whatever anybody can cause, such as a pull request, holds
 * up only its like, and the thousands of steps of a cascade hold up nothing that people push.
 */
export class Triggers extends Construct {
  readonly queues: Readonly<Record<TriggerQueue, QueueOfTriggers>>;
  readonly #senders = new Map<Role, ReadonlySet<TriggerType>>();

  constructor(scope: Construct, id: string, { consumerTimeout }: { consumerTimeout: Duration }) {
    super(scope, id);
    this.queues = {
      triggers: this.#queue('', consumerTimeout),
      'pull requests': this.#queue('Untrusted', consumerTimeout),
      background: this.#queue('Background', consumerTimeout),
    };
  }

  /** Lets a function send triggers of these kinds. IAM cannot tell them apart within a queue; the planner refuses any other of its role. */
  grantSend(grantee: PipelineFunction, types: 'any' | readonly TriggerType[]): void {
    if (types !== 'any') {
      const { grantPrincipal: role } = grantee;
      this.#senders.set(role, new Set([...(this.#senders.get(role) ?? []), ...types]));
    }
    const names = types === 'any' ? triggerQueues : [...new Set(types.map(queueOf))];
    allow(grantee, {
      actions: ['sqs:SendMessage'],
      resources: names.map((name) => this.queues[name].queue.queueArn),
    });
    for (const name of triggerQueues) grantee.setVariable(queueVariables[name], this.queues[name].queue.queueUrl);
  }

  /** Lets a function count what waits in the queues. */
  grantCount(grantee: PipelineFunction): void {
    const all = Object.values(this.queues).flatMap(({ queue, deadLetters }) => [queue, deadLetters]);
    allow(grantee, { actions: ['sqs:GetQueueAttributes'], resources: all.map(({ queueArn }) => queueArn) });
    for (const name of triggerQueues) {
      grantee.setVariable(queueVariables[name], this.queues[name].queue.queueUrl);
      grantee.setVariable(deadLetterVariables[name], this.queues[name].deadLetters.queueUrl);
    }
  }

  feed(consumer: PipelineFunction): void {
    const senders = () => [...this.#senders].map(([{ roleId }, types]) => [roleId, [...types].sort()]);
    const produce = () => JSON.stringify(Object.fromEntries(senders()));
    // Which functions send is known when all have been made.
    consumer.setVariable('TRIGGER_SENDERS', Lazy.string({ produce }));
    // Few at a time: they number the builds of the same projects.
    this.#feedFrom('triggers', consumer, { batchSize: 10, maxConcurrency: 5 });
    this.#feedFrom('background', consumer, { batchSize: 10, maxConcurrency: 5 });
    // One that takes the planner's whole time costs no other its attempt. Two are the least that Lambda takes.
    // https://docs.aws.amazon.com/lambda/latest/api/API_ScalingConfig.html
    this.#feedFrom('pull requests', consumer, { batchSize: 1, maxConcurrency: 2 });
  }

  #feedFrom(name: TriggerQueue, consumer: PipelineFunction, share: SqsEventSourceProps): void {
    const source = new SqsEventSource(this.queues[name].queue, { ...share, reportBatchItemFailures: true });
    consumer.function.addEventSource(source);
  }

  #queue(prefix: string, consumerTimeout: Duration): QueueOfTriggers {
    const kept = {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
      removalPolicy: RemovalPolicy.DESTROY,
    };
    const deadLetters = new Queue(this, `${prefix}DeadLetters`, kept);
    const queue = new Queue(this, `${prefix}Queue`, {
      ...kept,
      // Six times the consumer's timeout leaves room for the retries of a throttled function.
      // https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
      visibilityTimeout: Duration.seconds(6 * consumerTimeout.toSeconds()),
      // Six minutes are between two attempts. A trigger whose git host is down does not fail: it is sent again with a delay
      // (core/triggers/postpone.ts).
      deadLetterQueue: { queue: deadLetters, maxReceiveCount: 5 },
    });
    return { queue, deadLetters };
  }
}
