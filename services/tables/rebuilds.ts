import { setTimeout as delay } from 'node:timers/promises';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { idleRebuild, type Rebuild, rebuildSchema } from '../../core/cascade/rebuild-state.ts';
import { RecordConflictError } from '../../core/model/errors.ts';
import { once } from '../../core/once.ts';
import { variable } from '../environment.ts';
import { documentClient } from './dynamodb.ts';
import { expression } from './expression.ts';
import { tableOf } from './table.ts';

/** After losing to other writers this often, it is better to fail: the queue delivers the trigger again later. */
const attempts = 60;
/**
 * One partition of an index accepts 1,000 writes a second.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
 */
const openShards = 8;

const openSchema = z.object({ project: z.string(), since: z.string() });
const keyOf = (project: string) => ({ id: `project ${project}`, member: '.' });

/** The state of each project's rebuilds: one item each in the cascades table, written only if it has not changed since it was read. */
export function createRebuilds(client: DynamoDBDocumentClient, tableName: string) {
  const table = tableOf(client, tableName);

  const get = async (project: string): Promise<Rebuild> =>
    (await table.get(keyOf(project), rebuildSchema)) ?? idleRebuild(project);

  /** The state as written; undefined if it has changed since it was read. */
  async function write(before: Rebuild, next: Rebuild): Promise<Rebuild | undefined> {
    const after = { ...next, version: before.version + 1 };
    const { pending, toNotify, last, project } = after;
    const since = pending?.since ?? last?.at ?? '';
    const isOpen = pending !== undefined || toNotify !== undefined;
    const written = await table.put(
      // Only open states are in the index.
      { ...after, ...keyOf(project), open: isOpen ? shardOf(project) : undefined, since: isOpen ? since : undefined },
      before.version === 0 ? expression`attribute_not_exists(id)` : expression`version = ${before.version}`,
    );
    return written ? after : undefined;
  }

  return {
    get,
    write,

    /** A state for each of the projects, including the idle ones. */
    async getMany(projects: readonly string[]): Promise<Map<string, Rebuild>> {
      const names = [...new Set(projects)];
      const states = await table.getMany(names.map(keyOf), rebuildSchema);
      const known = new Map(states.map((state) => [state.project, state]));
      return new Map(names.map((name) => [name, known.get(name) ?? idleRebuild(name)]));
    },

    /**
     * Changes a project's state. If another writer was first, `change` is called again with the new state. If it returns the same state or
     * undefined, nothing is written.
     * @param known the state, if the caller has read it already
     * @returns the state after the change
     */
    async change(project: string, change: (state: Rebuild) => Rebuild | undefined, known?: Rebuild): Promise<Rebuild> {
      let state = known ?? (await get(project));
      for (let count = 0; count < attempts; count++) {
        const next = change(state);
        if (next === undefined || next === state) return state;
        const after = await write(state, next);
        if (after) return after;
        // Five functions with ten triggers each may write the same item at once.
        await delay(Math.random() * Math.min(count, 20));
        state = await get(project);
      }
      throw new RecordConflictError(`Other writers changed the rebuilds of ${project} ${attempts} times in a row.`);
    },

    /** Projects that wait, build, or have yet to notify their children, and whose state has not changed since then. */
    async *stalledSince(time: string): AsyncGenerator<string> {
      for (let shard = 0; shard < openShards; shard++) {
        const keys = expression`#open = ${String(shard)} AND since < ${time}`;
        for await (const page of table.pages({ index: 'byOpen', keys }, openSchema))
          for (const { project } of page) yield project;
      }
    },
  };
}

export type Rebuilds = ReturnType<typeof createRebuilds>;

export const openRebuilds = once(() => createRebuilds(documentClient(), variable('CASCADES_TABLE')));

function shardOf(project: string): string {
  let sum = 0;
  for (const character of project) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 65_521;
  return String(sum % openShards);
}
