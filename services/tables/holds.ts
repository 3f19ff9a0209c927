import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { endOfHold } from '../../core/holds/hold.ts';
import { type HoldChange, holdChangeSchema } from '../../core/model/hold.ts';
import { once } from '../../core/once.ts';
import { variable } from '../environment.ts';
import { documentClient } from './dynamodb.ts';
import { expression } from './expression.ts';
import type { Page, PageRequest } from './page.ts';
import { tableOf } from './table.ts';

/** Of the keys of all records. It collides with no project, whose names have no spaces. */
export const holdsPrefix = 'holds ';
const partition = (project: string) => `${holdsPrefix}${project}`;
const keyOf = ({ project, id }: Pick<HoldChange, 'project' | 'id'>) => ({ project: partition(project), digest: id });

const itemSchema = z.object({ change: holdChangeSchema });

/**
 * Who held, unheld and rolled back a project, when and why: items of the releases table, in its indexes by project and by due time. What was
 * recorded once is never changed or deleted.
 */
export function createHolds(client: DynamoDBDocumentClient, tableName: string) {
  const table = tableOf(client, tableName);

  return {
    /** Records a change once, whichever try records it. A hold with a last day is due after it. */
    async record(change: HoldChange): Promise<void> {
      const dueAt = change.action === 'held' ? endOfHold(change) : undefined;
      await table.put(
        { ...keyOf(change), change, releasedAt: change.at, dueAt, rescan: dueAt && 'hold' },
        expression`attribute_not_exists(releasedAt)`,
      );
    },

    /** Newest first. */
    async ofProject(project: string, request: PageRequest): Promise<Page<HoldChange>> {
      const keys = expression`#project = ${partition(project)}`;
      const { items, cursor } = await table.page({ index: 'byProject', keys, newestFirst: true }, request, itemSchema);
      return { items: items.map(({ change }) => change), cursor };
    },

    /** The holds whose last day has passed, page by page. */
    async *ending(day: string): AsyncGenerator<HoldChange[]> {
      const keys = expression`rescan = ${'hold'} AND dueAt <= ${day}`;
      for await (const page of table.pages({ index: 'byDueTime', keys }, itemSchema))
        yield page.map(({ change }) => change);
    },

    /** The end of a hold was called for. */
    async markEnded(change: Pick<HoldChange, 'project' | 'id'>): Promise<void> {
      await table.update(keyOf(change), { remove: ['rescan', 'dueAt'] });
    },
  };
}

export type Holds = ReturnType<typeof createHolds>;

export const openHolds = once(() => createHolds(documentClient(), variable('RELEASES_TABLE')));
