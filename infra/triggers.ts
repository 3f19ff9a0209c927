import { Duration, Lazy, RemovalPolicy } from 'aws-cdk-lib';
import type { Role } from 'aws-cdk-lib/aws-iam';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { TriggerType } from '../core/triggers/sender.ts';
import { allow } from './permissions.ts';
import type { PipelineFunction } from './pipeline-function.ts';

/**
 * The queues of events that may trigger builds, each with a queue for triggers that could not be planned. Whatever anybody can cause, such
 * as a pull request, waits in a queue of its own and has a small share of the planners: it can hold up only its like.
 */
export class Triggers extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;
  readonly untrusted: Queue;
  readonly untrustedDeadLetters: Queue;
  readonly #senders = new Map<Role, ReadonlySet<TriggerType>>();

  constructor(scope: Construct, id: string, { consumerTimeout }: { consumerTimeout: Duration }) {
    super(scope, id);
    this.deadLetters = this.#deadLetters('DeadLetters');
    this.queue = this.#queue('Queue', this.deadLetters, consumerTimeout);
    this.untrustedDeadLetters = this.#deadLetters('UntrustedDeadLetters');
    this.untrusted = this.#queue('UntrustedQueue', this.untrustedDeadLetters, consumerTimeout);
  }

  /** Lets a function send triggers of these kinds. IAM cannot tell them apart; the planner refuses any other of its role. */
  grantSend(grantee: PipelineFunction, types: 'any' | readonly TriggerType[]): void {
    if (types !== 'any') {
      const { grantPrincipal: role } = grantee;
      this.#senders.set(role, new Set([...(this.#senders.get(role) ?? []), ...types]));
    }
    allow(grantee, {
      actions: ['sqs:SendMessage'],
      resources: [this.queue.queueArn, this.untrusted.queueArn],
    });
    grantee.setVariable('TRIGGERS_QUEUE_URL', this.queue.queueUrl);
    grantee.setVariable('UNTRUSTED_TRIGGERS_QUEUE_URL', this.untrusted.queueUrl);
  }

  /** Lets a function count what waits in the queues. */
  grantCount(grantee: PipelineFunction): void {
    const queues = [this.queue, this.deadLetters, this.untrusted, this.untrustedDeadLetters];
    allow(grantee, { actions: ['sqs:GetQueueAttributes'], resources: queues.map(({ queueArn }) => queueArn) });
    grantee.setVariable('TRIGGERS_QUEUE_URL', this.queue.queueUrl);
    grantee.setVariable('DEAD_LETTERS_URL', this.deadLetters.queueUrl);
    grantee.setVariable('UNTRUSTED_TRIGGERS_QUEUE_URL', this.untrusted.queueUrl);
    grantee.setVariable('UNTRUSTED_DEAD_LETTERS_URL', this.untrustedDeadLetters.queueUrl);
  }

  feed(consumer: PipelineFunction): void {
    const senders = () => [...this.#senders].map(([{ roleId }, types]) => [roleId, [...types].sort()]);
    const produce = () => JSON.stringify(Object.fromEntries(senders()));
    // Which functions send is known when all have been made.
    consumer.setVariable('TRIGGER_SENDERS', Lazy.string({ produce }));
    consumer.function.addEventSource(
      new SqsEventSource(this.queue, {
        batchSize: 10,
        // Few at a time: they number the builds of the same projects.
        maxConcurrency: 5,
        reportBatchItemFailures: true,
      }),
    );
    consumer.function.addEventSource(
      new SqsEventSource(this.untrusted, {
        // One that takes the planner's whole time costs no other its attempt.
        batchSize: 1,
        // The least that Lambda takes. https://docs.aws.amazon.com/lambda/latest/api/API_ScalingConfig.html
        maxConcurrency: 2,
        reportBatchItemFailures: true,
      }),
    );
  }

  #deadLetters(id: string): Queue {
    return new Queue(this, id, {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }

  #queue(id: string, deadLetters: Queue, consumerTimeout: Duration): Queue {
    return new Queue(this, id, {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
      // Six times the consumer's timeout leaves room for the retries of a throttled function.
      // https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
      visibilityTimeout: Duration.seconds(6 * consumerTimeout.toSeconds()),
      // Six minutes are between two attempts. A trigger whose git host is down does not fail: it is sent again with a delay
      // (core/triggers/postpone.ts).
      deadLetterQueue: { queue: deadLetters, maxReceiveCount: 5 },
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }
}
