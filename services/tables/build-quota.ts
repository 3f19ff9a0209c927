import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { once } from '../../core/once.ts';
import { variable } from '../environment.ts';
import { documentClient } from './dynamodb.ts';
import { and, type Change, type Expression, expression } from './expression.ts';
import { tableOf } from './table.ts';

export interface QuotaLimits {
  /** How many builds of one project run at once. */
  atOnce: number;
  /** How many begin in one hour. */
  perHour: number;
}

/**
 * A build that waited comes back before those that have not begun, or a busy project would never have room for it. So it finds room up to
 * this many times the number of builds at once, which still is a limit.
 */
const roomForReturning = 2;

/** DynamoDB has no empty set, so the attribute may be absent. */
const quotaSchema = z.object({ running: z.set(z.string()).default(new Set()) });

/**
 * The fields of the projects table that bound what one project's builds use: `running` has the builds that were begun, and `begunIn` the
 * hour in which `begun` builds began. The rest of its builds wait, so that it holds up no other project.
 */
export function createBuildQuota(client: DynamoDBDocumentClient, tableName: string, { atOnce, perHour }: QuotaLimits) {
  const table = tableOf(client, tableName);

  async function takeWithin(most: number, project: string, build: string, now: Date): Promise<boolean> {
    const hour = now.toISOString().slice(0, 13);
    const write = (change: Change, condition: Expression | undefined) =>
      table.update({ name: project }, change, condition);
    const hasRoom = expression`attribute_exists(#name) AND (attribute_not_exists(running) OR size(running) < ${most} AND NOT contains(running, ${build}))`;
    const running = { running: new Set([build]) };
    // Most projects have less than a build in an hour: then it is one write.
    const isNewHour = expression`attribute_not_exists(begunIn) OR begunIn <> ${hour}`;
    if (await write({ set: { begunIn: hour, begun: 1 }, add: running }, and(hasRoom, isNewHour))) return true;
    const inHour = expression`begunIn = ${hour} AND begun < ${perHour}`;
    if (await write({ add: { ...running, begun: 1 } }, and(hasRoom, inHour))) return true;
    return write({}, expression`contains(running, ${build})`);
  }

  return {
    /** Whether the build may begin: if so, it counts from now on. A build that counts already may always go on. */
    take: (project: string, build: string, now = new Date()): Promise<boolean> =>
      takeWithin(atOnce, project, build, now),

    /** The same for a build that gave its part back while it waited. */
    takeAgain: (project: string, build: string, now = new Date()): Promise<boolean> =>
      takeWithin(atOnce * roomForReturning, project, build, now),

    /** The builds that count. */
    async running(project: string): Promise<ReadonlySet<string>> {
      return (await table.get({ name: project }, quotaSchema))?.running ?? new Set();
    },

    /** Frees the room of builds that have ended or that wait. */
    async free(project: string, builds: readonly string[]): Promise<void> {
      await table.update(
        { name: project },
        { delete: { running: new Set(builds) } },
        expression`attribute_exists(#name)`,
      );
    },
  };
}

export type BuildQuota = ReturnType<typeof createBuildQuota>;

export const openBuildQuota = once(() =>
  createBuildQuota(documentClient(), variable('PROJECTS_TABLE'), {
    atOnce: Number(variable('BUILDS_AT_ONCE')),
    perHour: Number(variable('BUILDS_PER_HOUR')),
  }),
);
