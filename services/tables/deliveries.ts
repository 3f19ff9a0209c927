import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { once } from '../../core/once.ts';
import { variable } from '../environment.ts';
import { documentClient } from './dynamodb.ts';
import { expiryAfter, tableOf } from './table.ts';

const keptDays = 30;

const deliverySchema = z.object({
  /** The webhook's GUID, or the id of another trigger. */
  delivery: z.string(),
  /** The outcome, as a text for the page: `3 builds`, `ignored: refs/heads/x was deleted`. */
  outcome: z.string(),
  builds: z.array(z.string()),
  handledAt: z.iso.datetime(),
});

export type Delivery = z.infer<typeof deliverySchema>;

/** The deliveries table: the outcome of each trigger. A trigger that is recorded here was handled completely. */
export function createDeliveries(client: DynamoDBDocumentClient, tableName: string) {
  const table = tableOf(client, tableName);

  return {
    get(delivery: string): Promise<Delivery | undefined> {
      return table.get({ delivery }, deliverySchema);
    },

    async put(delivery: Omit<Delivery, 'handledAt'>): Promise<void> {
      const now = new Date();
      await table.put({ ...delivery, handledAt: now.toISOString(), expiresAt: expiryAfter(keptDays, now) });
    },
  };
}

export type Deliveries = ReturnType<typeof createDeliveries>;

export const openDeliveries = once(() => createDeliveries(documentClient(), variable('DELIVERIES_TABLE')));
