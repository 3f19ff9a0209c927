import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import type { Build } from '../../core/model/build.ts';
import { once } from '../../core/once.ts';
import { variable } from '../environment.ts';
import { documentClient } from './dynamodb.ts';
import { expression } from './expression.ts';
import { tableOf } from './table.ts';

/** Collides with no project and no ref. */
const key = { project: '//builds', ref: '//in-flight' };

/** A project's name has no space. */
const entryOf = ({ createdAt, project, id }: BuildName): string => `${createdAt} ${project} ${id}`;

/** The oldest first. */
const buildsOf = (entries: ReadonlySet<string>): BuildName[] =>
  [...entries].sort().map((entry) => {
    const [createdAt = '', project = '', id = ''] = entry.split(' ');
    return { createdAt, project, id };
  });

/** DynamoDB has no empty set, so the attributes may be absent. */
const entries = z.set(z.string()).default(new Set());
const inFlightSchema = z.object({ running: entries, awaited: entries });

/** An item has at most 400 kB. Awaited builds beyond these begin in the order of all. */
const mostAwaited = 500;

/** See `build-quota.ts`: it is the same for the builds of one project. */
const roomForReturning = 2;

type BuildName = Pick<Build, 'createdAt' | 'project' | 'id'>;

/**
 * The builds of all projects that have begun and not ended, at most so many at once; and those that somebody waits for, whether they have
 * begun or not. They are an item of the heads table, which all functions that start builds write.
 * @param limit 0: no limit, and nothing is counted
 */
export function createBuildsInFlight(client: DynamoDBDocumentClient, tableName: string, limit: number) {
  const table = tableOf(client, tableName);

  async function takeWithin(most: number, build: BuildName): Promise<boolean> {
    if (limit === 0) return true;
    const entry = entryOf(build);
    const hasRoom = expression`contains(running, ${entry}) OR attribute_not_exists(running) OR size(running) < ${most}`;
    return table.update(key, { add: { running: new Set([entry]) } }, hasRoom);
  }

  return {
    /** How many builds may run at once; 0: any number. */
    limit,

    /** Whether the build may begin: if so, it counts from now on. A build that counts already may always go on. */
    take: (build: BuildName): Promise<boolean> => takeWithin(limit, build),

    /** The same for a build that gave its place back while it waited. */
    takeAgain: (build: BuildName): Promise<boolean> => takeWithin(limit * roomForReturning, build),

    /** Records that somebody waits for the build. */
    async expect(build: BuildName): Promise<void> {
      if (limit === 0) return;
      const areFew = expression`attribute_not_exists(awaited) OR size(awaited) < ${mostAwaited}`;
      await table.update(key, { add: { awaited: new Set([entryOf(build)]) } }, areFew);
    },

    /** The builds that count, those that are awaited, and how many more may begin. */
    async state(): Promise<{ running: BuildName[]; awaited: BuildName[]; room: number }> {
      if (limit === 0) return { running: [], awaited: [], room: Number.POSITIVE_INFINITY };
      const { running, awaited } = inFlightSchema.parse((await table.get(key, inFlightSchema)) ?? {});
      return { running: buildsOf(running), awaited: buildsOf(awaited), room: limit - running.size };
    },

    /** Frees the room of a build that is still to begin. */
    async giveBack(build: BuildName): Promise<void> {
      if (limit > 0) await table.update(key, { delete: { running: new Set([entryOf(build)]) } });
    },

    /** Frees the room of builds that have ended or that wait. */
    async free(builds: readonly BuildName[]): Promise<void> {
      const all = new Set(builds.map(entryOf));
      if (limit > 0 && all.size > 0) await table.update(key, { delete: { running: all, awaited: all } });
    },
  };
}

export type BuildsInFlight = ReturnType<typeof createBuildsInFlight>;

export const openBuildsInFlight = once(() =>
  createBuildsInFlight(documentClient(), variable('HEADS_TABLE'), Number(variable('BUILDS_IN_FLIGHT'))),
);
