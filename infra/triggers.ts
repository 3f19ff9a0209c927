import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { allow, type Grantee } from './permissions.ts';

/** The queue of events that may trigger builds, and the queue for triggers that could not be planned. */
export class Triggers extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;

  constructor(scope: Construct, id: string, { consumerTimeout }: { consumerTimeout: Duration }) {
    super(scope, id);
    this.deadLetters = new Queue(this, 'DeadLetters', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.queue = new Queue(this, 'Queue', {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
      // Six times the consumer's timeout leaves room for the retries of a throttled function.
      // https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
      visibilityTimeout: Duration.seconds(6 * consumerTimeout.toSeconds()),
      // Six minutes are between two attempts. A trigger whose git host is down does not fail: it is sent again with a delay
      // (core/triggers/postpone.ts).
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: 5 },
      removalPolicy: RemovalPolicy.DESTROY,
    });
  }

  grantSend(grantee: Grantee): void {
    allow(grantee, { actions: ['sqs:SendMessage'], resources: [this.queue.queueArn] });
    grantee.setVariable('TRIGGERS_QUEUE_URL', this.queue.queueUrl);
  }

  feed(consumer: IFunction): void {
    consumer.addEventSource(
      new SqsEventSource(this.queue, {
        batchSize: 10,
        // Few at a time: they number the builds of the same projects.
        maxConcurrency: 5,
        reportBatchItemFailures: true,
      }),
    );
  }
}
