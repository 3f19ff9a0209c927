import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { watchedImageSchema } from '../../core/bases/base-watch.ts';
import { RecordConflictError } from '../../core/model/errors.ts';
import { basesChangedTriggerSchema } from '../../core/model/trigger.ts';
import { variable } from '../environment.ts';
import { watchLockKey } from './bases.ts';
import { documentClient } from './dynamodb.ts';
import { expression } from './expression.ts';
import { tableOf } from './table.ts';

const announcementSchema = z.object({
  trigger: basesChangedTriggerSchema,
  /** The changed base images, in the state before the change. */
  before: z.array(watchedImageSchema),
});

const lockSchema = z.object({ announcement: announcementSchema.optional() });

export type Announcement = z.infer<typeof announcementSchema>;

/**
 * The lock of `watch-bases`, kept in the bases table: only one run at a time, so that no two runs announce the same change. It also keeps
 * what a run is about to announce: if the run crashes, the next one announces exactly the same again, and the planner plans it only once.
 */
export function createBaseWatchLock(client: DynamoDBDocumentClient, tableName: string, holder: string) {
  const table = tableOf(client, tableName);
  const key = { image: watchLockKey };
  const isMine = expression`holder = ${holder}`;

  const lockLost = () => new RecordConflictError('Another run of watch-bases has begun.');

  async function record(announcement: Announcement | undefined): Promise<void> {
    if (!(await table.update(key, { set: { announcement } }, isMine))) throw lockLost();
  }

  return {
    /** False while another run holds the lock. */
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

    /** What a crashed run may or may not have announced. */
    async announcement(): Promise<Announcement | undefined> {
      const lock = await table.updateAndGet(key, { set: { holder } }, isMine, lockSchema);
      if (!lock) throw lockLost();
      return lock.announcement;
    },

    /** Records what is about to be announced. */
    announce: record,

    /** To be called when the projects are notified and the base images record it. */
    announced: () => record(undefined),
  };
}

export type BaseWatchLock = ReturnType<typeof createBaseWatchLock>;

export function openBaseWatchLock(holder: string): BaseWatchLock {
  return createBaseWatchLock(documentClient(), variable('BASES_TABLE'), holder);
}
