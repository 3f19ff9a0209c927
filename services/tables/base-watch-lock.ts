import { type DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { watchedImageSchema } from '../../core/bases/base-watch.ts';
import { basesChangedTriggerSchema } from '../../core/model/trigger.ts';
import { variable } from '../environment.ts';
import { roundKey } from './bases.ts';
import { documentClient, ifConditionHolds } from './dynamodb.ts';

const announcementSchema = z.object({
  news: basesChangedTriggerSchema,
  /** The bases that changed as they were before. */
  before: z.array(watchedImageSchema),
});

export type Announcement = z.infer<typeof announcementSchema>;

/**
 * The round that `watch-bases` is at, in the bases table: one at a time, so that no two tell of the same change; and what it is about to
 * tell, so that whoever comes after a round that died tells the very same again, which is planned once.
 */
export function createBaseRound(client: DynamoDBDocumentClient, tableName: string, holder: string) {
  const update = (change: Partial<ConstructorParameters<typeof UpdateCommand>[0]>) =>
    client.send(new UpdateCommand({ TableName: tableName, Key: { image: roundKey }, ...change }));

  return {
    /** False while another round is under way. */
    begin(now: Date, until: Date): Promise<boolean> {
      return ifConditionHolds(
        update({
          UpdateExpression: 'SET holder = :holder, heldUntil = :until',
          ConditionExpression: 'attribute_not_exists(heldUntil) OR heldUntil < :now',
          ExpressionAttributeValues: { ':holder': holder, ':until': until.toISOString(), ':now': now.toISOString() },
        }),
      );
    },

    async end(): Promise<void> {
      await ifConditionHolds(
        update({
          UpdateExpression: 'REMOVE heldUntil',
          ConditionExpression: 'holder = :holder',
          ExpressionAttributeValues: { ':holder': holder },
        }),
      );
    },

    /** What a round that died may or may not have told. */
    async announcement(): Promise<Announcement | undefined> {
      const { Attributes } = await update({
        UpdateExpression: 'SET holder = :holder',
        ConditionExpression: 'holder = :holder',
        ExpressionAttributeValues: { ':holder': holder },
        ReturnValues: 'ALL_NEW',
      });
      return Attributes?.announcement && announcementSchema.parse(Attributes.announcement);
    },

    /** Notes what is about to be told. */
    async announce(announcement: Announcement): Promise<void> {
      await update({
        UpdateExpression: 'SET announcement = :announcement',
        ConditionExpression: 'holder = :holder',
        ExpressionAttributeValues: { ':announcement': announcement, ':holder': holder },
      });
    },

    /** It is told, and the bases know. */
    async announced(): Promise<void> {
      await update({
        UpdateExpression: 'REMOVE announcement',
        ConditionExpression: 'holder = :holder',
        ExpressionAttributeValues: { ':holder': holder },
      });
    },
  };
}

export type BaseRound = ReturnType<typeof createBaseRound>;

export function openBaseRound(holder: string): BaseRound {
  return createBaseRound(documentClient(), variable('BASES_TABLE'), holder);
}
