import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { z } from 'zod';
import { projectSchema } from '../../core/model/project.ts';
import { once } from '../../core/once.ts';
import { variable } from '../environment.ts';
import { documentClient } from './dynamodb.ts';
import { expression } from './expression.ts';
import { tableOf } from './table.ts';

/** A project whose people may have to be told of an end, with what they were told. */
const dueWarningSchema = projectSchema.extend({
  warnAt: z.iso.date(),
  /** Keys of endings. */
  warned: z.array(z.string()).optional(),
});
const dueSchema = dueWarningSchema.pick({ name: true, warnAt: true });
export type DueWarning = z.infer<typeof dueWarningSchema>;

/** Longer than the function may run, so that a claim outlives its holder and nobody else's. */
const claimMinutes = 16;

/**
 * Of the projects table, what says whom to tell of exceptions that end. `warnAt` is the next day with something to tell, `warned` what was
 * told, and `warning` until when somebody is telling.
 */
export function createWaiverWarnings(client: DynamoDBDocumentClient, tableName: string) {
  const table = tableOf(client, tableName);

  return {
    /** The projects whose day has come, by pages; what they are told of is read with the claim, for an index may be behind. */
    due(day: string): AsyncGenerator<Pick<DueWarning, 'name' | 'warnAt'>[]> {
      const keys = expression`excepting = ${'yes'} AND warnAt <= ${day}`;
      return table.pages({ index: 'byWaiverExpiry', keys }, dueSchema);
    },

    /**
     * Takes the telling for one. Undefined while somebody else has it, or where the day is another by now: then the next round looks again.
     * @returns the project as it is, and the claim
     */
    async claim(
      { name, warnAt }: Pick<DueWarning, 'name' | 'warnAt'>,
      now = new Date(),
    ): Promise<{ project: DueWarning; claim: string } | undefined> {
      const claim = new Date(now.getTime() + claimMinutes * 60_000).toISOString();
      const project = await table.updateAndGet(
        { name },
        { set: { warning: claim } },
        expression`warnAt = ${warnAt} AND (attribute_not_exists(warning) OR warning < ${now.toISOString()})`,
        dueWarningSchema,
      );
      return project && { project, claim };
    },

    /** Gives the claim back after it went wrong, so that the next try need not wait. */
    async release(name: string, claim: string): Promise<void> {
      await table.update({ name }, { remove: ['warning'] }, expression`warning = ${claim}`);
    },

    /** Notes what was told, and when to look again; not the day where the entry has changed meanwhile, for that brought its own. */
    async mark(name: string, claim: string, warned: readonly string[], next: string | undefined): Promise<void> {
      const isUnchanged = await table.update(
        { name },
        { set: { warned, warnAt: next, excepting: next && 'yes' }, remove: ['warning'] },
        expression`warning = ${claim}`,
      );
      if (!isUnchanged) await table.update({ name }, { set: { warned } }, expression`attribute_exists(gitUrl)`);
    },
  };
}

export type WaiverWarnings = ReturnType<typeof createWaiverWarnings>;

export const openWaiverWarnings = once(() => createWaiverWarnings(documentClient(), variable('PROJECTS_TABLE')));
