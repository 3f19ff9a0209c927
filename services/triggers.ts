import * as z from 'zod/mini';
import type { Trigger } from '../core/trigger.ts';
import { createSignedFetch } from './signed-fetch.ts';

/** The triggers queue, as those see it who put something in. */
export function createTriggers(queueUrl: string) {
  const call = createSignedFetch('sqs', '1.0', 'AmazonSQS');
  return {
    async send(trigger: Trigger): Promise<void> {
      await call(
        'SendMessage',
        { QueueUrl: queueUrl, MessageBody: JSON.stringify(trigger) },
        z.object({ MessageId: z.string() }),
      );
    },
  };
}

export type Triggers = ReturnType<typeof createTriggers>;
