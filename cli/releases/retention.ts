import { type Command, InvalidArgumentError } from '@commander-js/extra-typings';
import * as z from 'zod';
import { shortDigest } from '../../core/builds/describe-build.ts';
import { describeReason, type RetentionReport, retentionReportSchema } from '../../core/retention/retention-plan.ts';
import { oneLine } from '../../core/text/one-line.ts';
import type { Context } from '../command.ts';
import { invoke } from '../deployment/functions.ts';
import { UsageError } from '../errors.ts';
import { type Column, tableOf } from '../table.ts';

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
      context.answer(reportsSchema, { value: reports, text: describe(context, reports) });
    });
}

const countFrom =
  (least: number) =>
  (text: string): number => {
    const count = Number(text);
    if (/^\d{1,5}$/.test(text) && count >= least) return count;
    throw new InvalidArgumentError(`Write a whole number, ${least} or more.`);
  };

function describe({ terminal }: Context, reports: RetentionReport[]): string {
  const sorted = reports.toSorted((one, other) => one.repository.localeCompare(other.repository));
  if (!Number.isFinite(terminal.width)) return tableOf(terminal, columns, sorted.flatMap(imagesOf));
  const lines = sorted.flatMap((report) => [report.repository, ...imagesOf(report).flatMap(linesOf)]);
  return `${[...lines, '', describeRule(reports)].join('\n')}\n`;
}

type Image = RetentionReport['decisions'][number] & { repository: string };

const imagesOf = ({ repository, decisions }: RetentionReport): Image[] =>
  decisions.map((decision) => ({ ...decision, repository }));
const stateOf = ({ reasons }: Image) => (reasons.length > 0 ? 'stays' : 'expires');
const dayReleased = ({ releasedAt }: Image) => releasedAt.slice(0, 10);

const columns: Column<Image>[] = [
  { title: 'REPOSITORY', text: ({ repository }) => repository },
  { title: 'DIGEST', text: ({ digest }) => digest },
  { title: 'RELEASED', text: dayReleased },
  { title: 'STATE', text: stateOf },
  { title: 'WHY', text: ({ reasons }) => reasons.map(describeReason).join('; ') },
];

function linesOf(image: Image): string[] {
  return [
    `  ${shortDigest(image.digest)}  ${dayReleased(image)}  ${stateOf(image)}`,
    ...image.reasons.map((reason) => `    ${oneLine(describeReason(reason), 300)}`),
  ];
}

function describeRule(reports: RetentionReport[]): string {
  const [first] = reports;
  if (first?.days === undefined) return 'Released images are kept for ever: give --days N to see what a rule would do.';
  const images = reports.flatMap(imagesOf);
  const expiring = images.filter(({ reasons }) => reasons.length === 0);
  const bytes = expiring.reduce((sum, each) => sum + each.bytes, 0);
  return `${expiring.length} of ${images.length} images expire by a rule of ${first.days} days, ${(bytes / 1e6).toFixed(1)} MB without what they share with others.`;
}
