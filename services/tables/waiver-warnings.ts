import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';
import { projectSchema } from '../../core/model/project.ts';
import { once } from '../../core/once.ts';
import { variable } from '../environment.ts';
import { documentClient } from './dynamodb.ts';
import { expression } from './expression.ts';
import { tableOf } from './table.ts';

/** A project whose maintainers may have to be warned that an exception ends, with the warnings they already got. */
const dueWarningSchema = projectSchema.extend({
  warnAt: z.iso.date(),
  /** Keys of the expiries that were warned about. */
  warned: z.array(z.string()).optional(),
});
const dueSchema = dueWarningSchema.pick({ name: true, warnAt: true });
export type DueWarning = z.infer<typeof dueWarningSchema>;

/** Longer than the function may run, so that no claim expires while its holder still works. */
const claimMinutes = 16;

/**
 * The fields of the projects table that say which projects to warn about exceptions that end. `warnAt` is the next day with a warning,
 * `warned` lists the warnings already sent, and `warning` is until when a process holds the claim to send them.
 */
export function createWaiverWarnings(client: DynamoDBDocumentClient, tableName: string) {
  const table = tableOf(client, tableName);

  return {
    /** The projects whose day has come, page by page. The rest is read with the claim, because an index may be out of date. */
    due(day: string): AsyncGenerator<Pick<DueWarning, 'name' | 'warnAt'>[]> {
      const keys = expression`excepting = ${'yes'} AND warnAt <= ${day}`;
      return table.pages({ index: 'byWaiverExpiry', keys }, dueSchema);
    },

    /**
     * Claims the warning of one project. Undefined while another process holds the claim, or if the day has changed: then the next run
     * checks again.
     * @returns the project's current record, and the claim
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

    /** Releases the claim after a failure, so that the next attempt need not wait. */
    async release(name: string, claim: string): Promise<void> {
      await table.update({ name }, { remove: ['warning'] }, expression`warning = ${claim}`);
    },

    /** Records the warnings sent and the day of the next. If the entry has changed meanwhile, it has set that day itself. */
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
