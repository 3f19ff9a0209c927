import { setInterval } from 'node:timers';
import { z } from 'zod';
import { physicalName } from '../physical-name.ts';
import { type Account, resourceType, type Service } from '../service.ts';
import { queryErrorCodes } from './batch.ts';
import { createQueueDirectory } from './directory.ts';
import { invalid, largestMessage, missing } from './message.ts';
import { createQueueOperations } from './operations.ts';
import { createQueueStore, type Queue } from './queue.ts';

/** SQS with standard queues. A first-in-first-out queue is not known: a template that has one does not deploy. */
export function createSqs(account: Account): Service {
  const queues = createQueueDirectory(account);
  const store = createQueueStore(account.database, queues.find);
  const stopped = new AbortController();
  let sweep: NodeJS.Timeout | undefined;

  const queueResource = resourceType({
    properties: z.strictObject({
      QueueName: z
        .string()
        .regex(/^[\w-]{1,80}$/)
        .optional(),
      DelaySeconds: z.int().min(0).max(900).default(0),
      MaximumMessageSize: z.int().min(1024).max(largestMessage).default(largestMessage),
      MessageRetentionPeriod: z.int().min(60).max(1_209_600).default(345_600),
      ReceiveMessageWaitTimeSeconds: z.int().min(0).max(20).default(0),
      VisibilityTimeout: z.int().min(0).max(43_200).default(30),
      RedrivePolicy: z
        .strictObject({ deadLetterTargetArn: z.string(), maxReceiveCount: z.int().min(1).max(1000) })
        .optional(),
      // Nothing is encrypted at rest on one machine, and nobody is billed by tag.
      SqsManagedSseEnabled: z.boolean().optional(),
      Tags: z.unknown().optional(),
    }),
    create({ properties, ...resource }) {
      const name = properties.QueueName ?? physicalName(resource, 80);
      const { RedrivePolicy } = properties;
      const deadLetterQueue = RedrivePolicy?.deadLetterTargetArn.split(':').at(-1) ?? '';
      if (RedrivePolicy && !queues.find(deadLetterQueue)) {
        throw invalid(
          `Value ${JSON.stringify(RedrivePolicy)} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist.`,
        );
      }
      const queue: Queue = {
        name,
        arn: queues.arnOf(name),
        settings: {
          delaySeconds: properties.DelaySeconds,
          maximumMessageSize: properties.MaximumMessageSize,
          retentionSeconds: properties.MessageRetentionPeriod,
          receiveWaitSeconds: properties.ReceiveMessageWaitTimeSeconds,
          visibilitySeconds: properties.VisibilityTimeout,
          redrive: RedrivePolicy && { deadLetterQueue, maxReceiveCount: RedrivePolicy.maxReceiveCount },
        },
        policy: queues.find(name)?.policy,
      };
      queues.put(queue);
      store.createdAt(queue);
      return { ref: queues.urlOf(name), attributes: { Arn: queue.arn, QueueName: name, QueueUrl: queues.urlOf(name) } };
    },
  });

  const queuePolicy = resourceType({
    properties: z.strictObject({ PolicyDocument: z.unknown(), Queues: z.array(z.string()).min(1) }),
    create({ logicalId, properties }) {
      for (const url of properties.Queues) {
        const queue = queues.at(url);
        account.iam.setResourcePolicy(queue.arn, properties.PolicyDocument);
        queue.policy = properties.PolicyDocument;
      }
      return { ref: logicalId, attributes: { Id: logicalId } };
    },
  });

  return {
    signingName: 'sqs',
    protocol: 'json-1.0',
    operations: createQueueOperations(queues, store, stopped.signal),
    resources: { 'AWS::SQS::Queue': queueResource, 'AWS::SQS::QueuePolicy': queuePolicy },
    queryErrorCodes,
    invalidInput: ({ member, missing: absent, value, message }) =>
      absent
        ? missing(member.split('.').at(-1) ?? member)
        : invalid(`Value ${String(value)} for parameter ${member} is invalid. Reason: ${message}.`),
    start() {
      store.releaseInFlight();
      sweep = setInterval(() => store.removeExpired(), 60_000);
    },
    stop() {
      stopped.abort();
      clearInterval(sweep);
    },
  };
}
