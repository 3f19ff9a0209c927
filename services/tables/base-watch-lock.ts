import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { watchedImageSchema } from '../../core/bases/base-watch.ts';
import { RecordConflictError } from '../../core/model/errors.ts';
import { basesChangedTriggerSchema } from '../../core/model/trigger.ts';
import { variable } from '../environment.ts';
import { roundKey } from './bases.ts';
import { documentClient } from './dynamodb.ts';
import { expression } from './expression.ts';
import { tableOf } from './table.ts';

const announcementSchema = z.object({
  news: basesChangedTriggerSchema,
  /** The bases that changed as they were before. */
  before: z.array(watchedImageSchema),
});

const roundSchema = z.object({ announcement: announcementSchema.optional() });

export type Announcement = z.infer<typeof announcementSchema>;

/**
 * The round that `watch-bases` is at, in the bases table: one at a time, so that no two tell of the same change; and what it is about to
 * tell, so that whoever comes after a round that died tells the very same again, which is planned once.
 */
export function createBaseWatchLock(client: DynamoDBDocumentClient, tableName: string, holder: string) {
  const table = tableOf(client, tableName);
  const key = { image: roundKey };
  const isMine = expression`holder = ${holder}`;

  const isOver = () => new RecordConflictError('Another round of watch-bases has begun.');

  async function keep(announcement: Announcement | undefined): Promise<void> {
    if (!(await table.update(key, { set: { announcement } }, isMine))) throw isOver();
  }

  return {
    /** False while another round is under way. */
    begin(now: Date, until: Date): Promise<boolean> {
      return table.update(
        key,
        { set: { holder, heldUntil: until.toISOString() } },
        expression`attribute_not_exists(heldUntil) OR heldUntil < ${now.toISOString()}`,
      );
    },

    async end(): Promise<void> {
      await table.update(key, { remove: ['heldUntil'] }, isMine);
    },

    /** What a round that died may or may not have told. */
    async announcement(): Promise<Announcement | undefined> {
      const round = await table.updateAndGet(key, { set: { holder } }, isMine, roundSchema);
      if (!round) throw isOver();
      return round.announcement;
    },

    /** Notes what is about to be told. */
    announce: keep,

    /** It is told, and the bases know. */
    announced: () => keep(undefined),
  };
}

export type BaseWatchLock = ReturnType<typeof createBaseWatchLock>;

export function openBaseWatchLock(holder: string): BaseWatchLock {
  return createBaseWatchLock(documentClient(), variable('BASES_TABLE'), holder);
}
