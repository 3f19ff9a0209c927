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
const entryOf = ({ project, id }: BuildName): string => `${project} ${id}`;

/** DynamoDB has no empty set, so the attribute may be absent. */
const inFlightSchema = z.object({ running: z.set(z.string()).default(new Set()) });

/** See `build-quota.ts`: it is the same for the builds of one project. */
const roomForReturning = 2;

type BuildName = Pick<Build, 'project' | 'id'>;

/**
 * The builds of all projects that have begun and not ended, at most so many at once. They are an item of the heads table, which all functions
 * that start builds write.
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
    isLimited: limit > 0,

    /** Whether the build may begin: if so, it counts from now on. A build that counts already may always go on. */
    take: (build: BuildName): Promise<boolean> => takeWithin(limit, build),

    /** The same for a build that gave its place back while it waited. */
    takeAgain: (build: BuildName): Promise<boolean> => takeWithin(limit * roomForReturning, build),

    /** The builds that count, and how many more may begin. */
    async state(): Promise<{ running: BuildName[]; room: number }> {
      if (limit === 0) return { running: [], room: Number.POSITIVE_INFINITY };
      const { running } = (await table.get(key, inFlightSchema)) ?? { running: new Set() };
      const names = [...running].map((entry) => {
        const [project = '', id = ''] = entry.split(' ');
        return { project, id };
      });
      return { running: names, room: limit - names.length };
    },

    /** Frees the room of builds that have ended or that wait. */
    async free(builds: readonly BuildName[]): Promise<void> {
      if (limit > 0 && builds.length > 0)
        await table.update(key, { delete: { running: new Set(builds.map(entryOf)) } });
    },
  };
}

export type BuildsInFlight = ReturnType<typeof createBuildsInFlight>;

export const openBuildsInFlight = once(() =>
  createBuildsInFlight(documentClient(), variable('HEADS_TABLE'), Number(variable('BUILDS_IN_FLIGHT'))),
);
