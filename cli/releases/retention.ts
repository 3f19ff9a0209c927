import { type Command, InvalidArgumentError } from '@commander-js/extra-typings';
import * as z from 'zod';
import { shortDigest } from '../../core/builds/describe-build.ts';
import { describeReason, type RetentionReport, retentionReportSchema } from '../../core/retention/retention-plan.ts';
import { oneLine } from '../../core/text/one-line.ts';
import type { Context } from '../command.ts';
import { invoke } from '../deployment/functions.ts';
import { UsageError } from '../errors.ts';

const reportsSchema = z.array(retentionReportSchema);

export function define(command: Command, context: Context): void {
  command
    .description('Says which released images would expire, and why the others stay. It deletes nothing.')
    .argument('[APP/JOB]', 'the repository (default: all)')
    .option(
      '--days <N>',
      'as if images expired that were neither released nor pulled for N days (default: as configured)',
      countFrom(1),
    )
    .option('--newest <N>', 'as if the newest N releases of each project stayed (default: as configured)', countFrom(0))
    .action(async (repository, { days, newest }) => {
      const deployment = await context.deployment();
      const request = { repository, days, newest, isDryRun: true };
      const reports = await invoke(deployment, 'ExpireImages', request, reportsSchema);
      if (repository !== undefined && reports.length === 0) {
        throw new UsageError(
          `There is no release repository ${oneLine(repository, 80)}. ${deployment.siteUrl}/projects lists the projects; name one without its tag.`,
        );
      }
      context.answer(reportsSchema, { value: reports, text: describe(reports) });
    });
}

const countFrom =
  (least: number) =>
  (text: string): number => {
    const count = Number(text);
    if (/^\d{1,5}$/.test(text) && count >= least) return count;
    throw new InvalidArgumentError(`It is a whole number, ${least} or more.`);
  };

function describe(reports: RetentionReport[]): string {
  const lines = reports
    .toSorted((one, other) => one.repository.localeCompare(other.repository))
    .flatMap(({ repository, decisions }) => [
      repository,
      ...decisions.map(({ digest, releasedAt, reasons }) => {
        const state = reasons.length > 0 ? `stays: ${oneLine(reasons.map(describeReason).join('; '), 300)}` : 'expires';
        return `  ${shortDigest(digest)}  ${releasedAt.slice(0, 10)}  ${state}`;
      }),
    ]);
  const expiring = reports.flatMap(({ decisions }) => decisions.filter(({ reasons }) => reasons.length === 0));
  const bytes = expiring.reduce((sum, each) => sum + each.bytes, 0);
  const [first] = reports;
  const rule =
    first?.days === undefined
      ? 'Released images are kept for ever: give --days N to see what a rule would do.'
      : `${expiring.length} of ${reports.flatMap(({ decisions }) => decisions).length} images expire by a rule of ${first.days} days, ${(bytes / 1e6).toFixed(1)} MB without what they share with others.`;
  return `${[...lines, '', rule].join('\n')}\n`;
}
