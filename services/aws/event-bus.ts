import * as z from 'zod/mini';
import { UpstreamError } from '../../core/model/errors.ts';
import { once } from '../../core/once.ts';
import { eventSource, type PublishedEvent } from '../../core/published-events/published-event.ts';
import { createSignedFetch } from '../http/signed-fetch.ts';

const answerSchema = z.object({
  FailedEntryCount: z.int(),
  Entries: z.array(z.object({ ErrorCode: z.optional(z.string()), ErrorMessage: z.optional(z.string()) })),
});

/** The account's default event bus, where whoever is interested finds releases. */
export function createEventBus() {
  const call = createSignedFetch('events', '1.1', 'AWSEvents');

  return {
    /** @throws UpstreamError */
    async publish({ type, detail }: PublishedEvent): Promise<void> {
      const entry = {
        Source: eventSource,
        DetailType: type,
        Detail: JSON.stringify(detail),
        Resources: [],
        Time: Math.floor(Date.parse(detail.at) / 1000),
      };
      const { FailedEntryCount, Entries } = await call('PutEvents', { Entries: [entry] }, answerSchema);
      // The call succeeds although an entry fails. https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
      const [{ ErrorCode, ErrorMessage } = {}] = Entries;
      if (FailedEntryCount > 0) throw new UpstreamError(`events PutEvents: ${ErrorCode} ${ErrorMessage ?? ''}`.trim());
    },
  };
}

export type EventBus = ReturnType<typeof createEventBus>;

export const openEventBus = once(createEventBus);
