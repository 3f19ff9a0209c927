import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { once } from '../../core/once.ts';
import { monthOf } from '../../core/time/month.ts';
import { variable } from '../environment.ts';
import { documentClient } from './dynamodb.ts';
import { expression } from './expression.ts';
import { type PageRequest, pageByMonth } from './page.ts';
import { expiryAfter, tableOf } from './table.ts';

const keptDays = 30;

const deliverySchema = z.object({
  /** The webhook's GUID, or the id of another trigger. */
  delivery: z.string(),
  /** Absent in records of earlier versions, as is `subject`. */
  type: z.string().optional(),
  /** What it was about (core/triggers/subject.ts). */
  subject: z.string().optional(),
  /** The outcome, as a text for the page: `3 builds`, `ignored: refs/heads/x was deleted`. */
  outcome: z.string(),
  builds: z.array(z.string()),
  /** It is planned again then, because of its outcome. */
  waitsUntil: z.iso.datetime().optional(),
  handledAt: z.iso.datetime(),
});

export type Delivery = z.infer<typeof deliverySchema>;

/** The deliveries table: the outcome of each trigger. A trigger that is recorded here was handled completely, unless it waits. */
export function createDeliveries(client: DynamoDBDocumentClient, tableName: string) {
  const table = tableOf(client, tableName);

  return {
    get(delivery: string): Promise<Delivery | undefined> {
      return table.get({ delivery }, deliverySchema);
    },

    async put(delivery: Omit<Delivery, 'handledAt'>): Promise<void> {
      const now = new Date();
      await table.put({
        ...delivery,
        handledAt: now.toISOString(),
        // The end of a build is on its page; what people and hosts reported would be lost among these.
        month: delivery.type === 'build-ended' ? undefined : monthOf(now),
        expiresAt: expiryAfter(keptDays, now),
      });
    },

    /** Those that are kept, but for ends of builds. */
    async newest(limit: number): Promise<Delivery[]> {
      const now = new Date();
      const since = monthOf(new Date(now.getTime() - keptDays * 86_400_000));
      const ofMonth = (month: string, request: PageRequest) =>
        table.page(
          { index: 'byMonth', keys: expression`#month = ${month}`, newestFirst: true },
          request,
          deliverySchema,
        );
      return (await pageByMonth(ofMonth, { limit }, { now, since })).items;
    },
  };
}

export type Deliveries = ReturnType<typeof createDeliveries>;

export const openDeliveries = once(() => createDeliveries(documentClient(), variable('DELIVERIES_TABLE')));
