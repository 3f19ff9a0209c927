import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { fixedSchema } from '../../core/builds/fixed.ts';
import { once } from '../../core/once.ts';
import { variable } from '../environment.ts';
import { documentClient } from './dynamodb.ts';
import { expression } from './expression.ts';
import { expiryAfter, tableOf } from './table.ts';

/** A build of a large cascade whose mail waits for the cascade's digest. */
const waitingMailSchema = z.object({
  cascade: z.string(),
  build: z.string(),
  fixed: fixedSchema.optional(),
  since: z.iso.datetime(),
});

export type WaitingMail = z.infer<typeof waitingMailSchema>;

const frozenSchema = z.object({ until: z.iso.datetime() });

/** Longer than the end of a build is ever reported again. */
const keptDays = 30;

/** The keys of these items of the cascades table begin so. */
export const digestPrefix = 'mails ';
const keyOf = (cascade: string) => `${digestPrefix}${cascade}`;
/** In the index of what is open; it has the open rebuilds under numbers. */
const waitingPartition = 'mails';
const cascadeItem = '.';

/** The part of the cascades table that has the mails which wait for a digest. */
export function createDigests(client: DynamoDBDocumentClient, tableName: string) {
  const table = tableOf(client, tableName);

  return {
    /** Has a build's mail wait for the digest. One that was in a digest already is not in another. */
    async add({ cascade, build, fixed }: Omit<WaitingMail, 'since'>, now = new Date()): Promise<void> {
      await table.put(
        {
          id: keyOf(cascade),
          member: build,
          cascade,
          build,
          fixed,
          open: waitingPartition,
          since: now.toISOString(),
          expiresAt: expiryAfter(keptDays),
        },
        expression`attribute_not_exists(id)`,
      );
    },

    /** All mails that wait, the oldest first. */
    waiting(): Promise<WaitingMail[]> {
      return table.all({ index: 'byOpen', keys: expression`#open = ${waitingPartition}` }, waitingMailSchema);
    },

    /**
     * Which mails the next digest of a cascade has: those that waited at this moment. An earlier try's moment stays, so that the
     * mail of a later try says the same.
     */
    async freeze(cascade: string, until: string): Promise<string> {
      const key = { id: keyOf(cascade), member: cascadeItem };
      const frozen = await table.updateAndGet(
        key,
        { set: { expiresAt: expiryAfter(keptDays) }, setOnce: { until } },
        undefined,
        frozenSchema,
      );
      return frozen?.until ?? until;
    },

    /** The digest was sent, with these mails. */
    async settle(cascade: string, mails: readonly WaitingMail[]): Promise<void> {
      for (const { build } of mails)
        await table.update({ id: keyOf(cascade), member: build }, { remove: ['open', 'since'] });
      await table.update({ id: keyOf(cascade), member: cascadeItem }, { remove: ['until'] });
    },
  };
}

export type Digests = ReturnType<typeof createDigests>;

export const openDigests = once(() => createDigests(documentClient(), variable('CASCADES_TABLE')));
