import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { once } from '../../core/once.ts';
import { variable } from '../environment.ts';
import { documentClient, ifConditionHolds } from './dynamodb.ts';

const keptDays = 30;

const deliverySchema = z.object({
  /** The webhook's GUID, or the id of another trigger. */
  delivery: z.string(),
  /** What became of it, in words for people: `3 builds`, `ignored: refs/heads/x was deleted`. */
  outcome: z.string(),
  builds: z.array(z.string()),
  handledAt: z.iso.datetime(),
});

const newestSchema = z.object({ commit: z.string().optional(), id: z.string().optional() });

export type Delivery = z.infer<typeof deliverySchema>;

/** The deliveries table: what became of each trigger. A trigger that stands here was handled to its end. */
export function createDeliveries(client: DynamoDBDocumentClient, tableName: string) {
  return {
    async get(delivery: string): Promise<Delivery | undefined> {
      const { Item } = await client.send(
        new GetCommand({ TableName: tableName, Key: { delivery }, ConsistentRead: true }),
      );
      return Item && deliverySchema.parse(Item);
    },

    /** Notes the newest push of a ref that is to be applied; false if a newer one was noted before. The same one is noted again. */
    advance(
      ref: string,
      { id, receivedAt, commit }: { id: string; receivedAt: string; commit: string },
    ): Promise<boolean> {
      return ifConditionHolds(
        client.send(
          new PutCommand({
            TableName: tableName,
            // No delivery's id has a colon.
            Item: { delivery: `newest:${ref}`, receivedAt, commit, id },
            ConditionExpression: 'attribute_not_exists(delivery) OR receivedAt <= :receivedAt',
            ExpressionAttributeValues: { ':receivedAt': receivedAt },
          }),
        ),
      );
    },

    /** The newest push of a ref that was noted. */
    async newest(ref: string): Promise<z.infer<typeof newestSchema> | undefined> {
      const { Item } = await client.send(
        new GetCommand({ TableName: tableName, Key: { delivery: `newest:${ref}` }, ConsistentRead: true }),
      );
      return Item && newestSchema.parse(Item);
    },

    async put(delivery: Omit<Delivery, 'handledAt'>): Promise<void> {
      const now = new Date();
      const expiresAt = Math.floor(now.getTime() / 1000) + keptDays * 86_400;
      await client.send(
        new PutCommand({ TableName: tableName, Item: { ...delivery, handledAt: now.toISOString(), expiresAt } }),
      );
    },
  };
}

export type Deliveries = ReturnType<typeof createDeliveries>;

export const openDeliveries = once(() => createDeliveries(documentClient(), variable('DELIVERIES_TABLE')));
