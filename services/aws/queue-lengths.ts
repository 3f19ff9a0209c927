import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { OperatorsReport } from '../../core/api/operators.ts';
import { once } from '../../core/once.ts';
import { triggerQueues } from '../../core/triggers/queue.ts';
import { variable } from '../environment.ts';
import { deadLetterVariables, queueVariables } from './trigger-queues.ts';

/** The addresses of a queue of triggers, and of the queue for those that could not be planned. */
interface QueueUrls {
  name: OperatorsReport['queues'][number]['name'];
  queue: string;
  deadLetters: string;
}

/** How many triggers wait. SQS counts its messages about once a minute. */
export function createQueueLengths(client: SQSClient, queues: readonly QueueUrls[]) {
  async function countsOf(QueueUrl: string) {
    const { Attributes = {} } = await client.send(
      new GetQueueAttributesCommand({
        QueueUrl,
        AttributeNames: [
          'ApproximateNumberOfMessages',
          'ApproximateNumberOfMessagesNotVisible',
          'ApproximateNumberOfMessagesDelayed',
        ],
      }),
    );
    return {
      waiting: Number(Attributes.ApproximateNumberOfMessages ?? 0),
      inProgress: Number(Attributes.ApproximateNumberOfMessagesNotVisible ?? 0),
      delayed: Number(Attributes.ApproximateNumberOfMessagesDelayed ?? 0),
    };
  }

  return {
    read: (): Promise<OperatorsReport['queues']> =>
      Promise.all(
        queues.map(async ({ name, queue, deadLetters }) => {
          const [counts, dead] = await Promise.all([countsOf(queue), countsOf(deadLetters)]);
          return { name, ...counts, failed: dead.waiting + dead.inProgress };
        }),
      ),
  };
}

export type QueueLengths = ReturnType<typeof createQueueLengths>;

export const openQueueLengths = once(() =>
  createQueueLengths(
    new SQSClient({}),
    triggerQueues.map((name) => ({
      name,
      queue: variable(queueVariables[name]),
      deadLetters: variable(deadLetterVariables[name]),
    })),
  ),
);
