import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod/mini';
import { inBatches, mapConcurrently } from '../../core/concurrency.ts';
import { UpstreamError } from '../../core/model/errors.ts';
import type { Trigger } from '../../core/model/trigger.ts';
import { once } from '../../core/once.ts';
import { queueOf, type TriggerQueue } from '../../core/triggers/queue.ts';
import { variable } from '../environment.ts';
import { createSignedFetch } from '../http/signed-fetch.ts';
import { queueVariables } from './trigger-queues.ts';

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html */
const mostInBatch = 10;
const batchesAtOnce = 16;
const attempts = 5;

const batchAnswer = z.object({
  Failed: z._default(
    z.nullish(z.array(z.object({ Id: z.string(), Code: z.string(), SenderFault: z.optional(z.boolean()) }))),
    [],
  ),
});

/** The queues of triggers, for sending only. */
export function createTriggers(urls: Readonly<Record<TriggerQueue, string>>) {
  const call = createSignedFetch('sqs', '1.0', 'AmazonSQS');

  /** A batch may succeed in part, so the failed messages are sent again. */
  async function sendPart(url: string, part: Trigger[]): Promise<void> {
    let left = part.map((trigger, at) => ({ Id: String(at), MessageBody: JSON.stringify(trigger) }));
    for (let count = 1; left.length > 0; count++) {
      const { Failed } = await call('SendMessageBatch', { QueueUrl: url, Entries: left }, batchAnswer);
      const failed = new Set((Failed ?? []).map(({ Id }) => Id));
      left = left.filter(({ Id }) => failed.has(Id));
      if (left.length === 0) return;
      const refused = Failed?.find(({ SenderFault }) => SenderFault);
      if (refused || count === attempts)
        throw new UpstreamError(`sqs SendMessageBatch: ${(refused ?? Failed?.[0])?.Code} for ${left.length} messages`);
      await delay(50 * 2 ** count);
    }
  }

  return {
    /** @param delaySeconds how long the queue keeps it back, at most 15 minutes */
    async send(trigger: Trigger, delaySeconds?: number): Promise<void> {
      await call(
        'SendMessage',
        {
          QueueUrl: urls[queueOf(trigger.type)],
          MessageBody: JSON.stringify(trigger),
          DelaySeconds: delaySeconds,
        },
        z.object({ MessageId: z.string() }),
      );
    },

    /** Sends all triggers, in no order. If it fails, some may have been sent. */
    async sendBatch(triggers: readonly Trigger[]): Promise<void> {
      const parts = [...Map.groupBy(triggers, ({ type }) => queueOf(type))].flatMap(([queue, own]) =>
        inBatches(own, mostInBatch).map((part) => ({ url: urls[queue], part })),
      );
      await mapConcurrently(parts, batchesAtOnce, ({ url, part }) => sendPart(url, part));
    },
  };
}

export type Triggers = ReturnType<typeof createTriggers>;

export const openTriggers = once(() =>
  createTriggers({
    triggers: variable(queueVariables.triggers),
    'pull requests': variable(queueVariables['pull requests']),
    background: variable(queueVariables.background),
  }),
);
