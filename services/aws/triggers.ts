import { setTimeout as delay } from 'node:timers/promises';
import * as z from 'zod/mini';
import { inBatches, mapConcurrently } from '../../core/concurrency.ts';
import { UpstreamError } from '../../core/model/errors.ts';
import type { Trigger } from '../../core/model/trigger.ts';
import { once } from '../../core/once.ts';
import { variable } from '../environment.ts';
import { createSignedFetch } from '../http/signed-fetch.ts';

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html */
const mostInBatch = 10;
const batchesAtOnce = 16;

/** What anybody can cause, by a pull request or a comment. */
const isUntrusted = ({ type }: Trigger): boolean => type === 'pull-request' || type === 'approval';
const attempts = 5;

const batchAnswer = z.object({
  Failed: z._default(
    z.nullish(z.array(z.object({ Id: z.string(), Code: z.string(), SenderFault: z.optional(z.boolean()) }))),
    [],
  ),
});

/** The queues of triggers, for sending only. What anybody can cause has a queue of its own, in which it holds up nothing else. */
export function createTriggers(queueUrl: string, untrustedQueueUrl: string) {
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
          QueueUrl: isUntrusted(trigger) ? untrustedQueueUrl : queueUrl,
          MessageBody: JSON.stringify(trigger),
          DelaySeconds: delaySeconds,
        },
        z.object({ MessageId: z.string() }),
      );
    },

    /** Sends all triggers, in no order. If it fails, some may have been sent. */
    async sendBatch(triggers: readonly Trigger[]): Promise<void> {
      const parts = [
        ...inBatches(
          triggers.filter((trigger) => !isUntrusted(trigger)),
          mostInBatch,
        ).map((part) => [queueUrl, part] as const),
        ...inBatches(triggers.filter(isUntrusted), mostInBatch).map((part) => [untrustedQueueUrl, part] as const),
      ];
      await mapConcurrently(parts, batchesAtOnce, ([url, part]) => sendPart(url, part));
    },
  };
}

export type Triggers = ReturnType<typeof createTriggers>;

export const openTriggers = once(() =>
  createTriggers(variable('TRIGGERS_QUEUE_URL'), variable('UNTRUSTED_TRIGGERS_QUEUE_URL')),
);
