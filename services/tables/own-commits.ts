import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { once } from '../../core/once.ts';
import { variable } from '../environment.ts';
import { documentClient } from './dynamodb.ts';
import { expiryAfter, tableOf } from './table.ts';

/** Longer than an event of the git host, or the check of a repository, may take to be planned. */
const keptDays = 30;

/** Of the keys of all records. No delivery has such an id. */
export const ownCommitPrefix = '//commit/';

const ownCommitSchema = z.object({ parent: z.string() });

/**
 * The commits that Slipway itself made in repositories of manifests: nothing is built because of them. They are items of the deliveries
 * table, whose ids are not commits.
 */
export function createOwnCommits(client: DynamoDBDocumentClient, tableName: string) {
  const table = tableOf(client, tableName);
  const keyOf = (commit: string) => ({ delivery: `${ownCommitPrefix}${commit}` });

  return {
    /** Records a commit before it is pushed, so that no event can come first. */
    async record(commit: string, parent: string): Promise<void> {
      await table.put({ ...keyOf(commit), parent, expiresAt: expiryAfter(keptDays) });
    },

    /** The commit that this one was made on; undefined for a commit of other people. */
    async parentOf(commit: string): Promise<string | undefined> {
      return (await table.get(keyOf(commit), ownCommitSchema))?.parent;
    },
  };
}

export type OwnCommits = ReturnType<typeof createOwnCommits>;

export const openOwnCommits = once(() => createOwnCommits(documentClient(), variable('DELIVERIES_TABLE')));
