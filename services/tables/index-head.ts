import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { once } from '../../core/once.ts';
import { variable } from '../environment.ts';
import { documentClient } from './dynamodb.ts';
import { expression } from './expression.ts';
import { tableOf } from './table.ts';

/** Collides with no delivery, and stays the same if the index moves to another repository or branch. */
const key = { delivery: '//index' };

const indexHeadSchema = z.object({
  commit: z.string(),
  /** Rises with every change of the commit. */
  revision: z.int().positive(),
  /** The last revision that was applied to its end; 0 if none was. */
  applied: z.int().nonnegative(),
});

export type IndexHead = z.infer<typeof indexHeadSchema>;

/** The head of the index that is applied to the projects. It is an item of the deliveries table. */
export function createIndexHead(client: DynamoDBDocumentClient, tableName: string) {
  const table = tableOf(client, tableName);

  const get = (): Promise<IndexHead | undefined> => table.get(key, indexHeadSchema);

  /** False if the head is no longer the known one. */
  function replace(known: IndexHead | undefined, head: IndexHead): Promise<boolean> {
    const isSame = known
      ? expression`revision = ${known.revision} AND applied = ${known.applied}`
      : expression`attribute_not_exists(revision)`;
    return table.put({ ...key, ...head }, isSame);
  }

  return {
    get,

    /**
     * Moves the head to a commit that the git host named after `known` was read.
     * @returns undefined if another process moved it meanwhile
     */
    async advance(known: IndexHead | undefined, commit: string): Promise<IndexHead | undefined> {
      const head = { commit, revision: (known?.revision ?? 0) + 1, applied: known?.applied ?? 0 };
      return (await replace(known, head)) ? head : undefined;
    },

    /** Has the present head applied again, because a run wrote entries of this older one meanwhile. */
    async reopen({ applied }: IndexHead): Promise<void> {
      let isWritten = false;
      while (!isWritten) {
        const head = await get();
        isWritten = !head || head.applied <= applied || (await replace(head, { ...head, applied }));
      }
    },

    /** Records that a head was applied to its end; false if it is no longer the head. */
    finish({ commit, revision }: IndexHead): Promise<boolean> {
      return table.put({ ...key, commit, revision, applied: revision }, expression`revision = ${revision}`);
    },
  };
}

export type IndexHeads = ReturnType<typeof createIndexHead>;

export const openIndexHead = once(() => createIndexHead(documentClient(), variable('DELIVERIES_TABLE')));
