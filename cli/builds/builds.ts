import { type Command, InvalidArgumentError, Option } from '@commander-js/extra-typings';
import * as z from 'zod';
import { type ApiBuild, apiBuildListSchema, apiBuildSchema } from '../../core/api/builds.ts';
import { describeCause, describeDuration, elapsed, shortCommit } from '../../core/builds/describe-build.ts';
import { buildStatuses } from '../../core/model/build.ts';
import { oneLine } from '../../core/text/one-line.ts';
import type { Context } from '../command.ts';
import { asProject, findProject } from '../projects/named-project.ts';
import { ago } from '../shown-time.ts';
import { statusStyle } from '../status-style.ts';
import { tableOf } from '../table.ts';

const listSchema = z.array(apiBuildSchema);

export function define(command: Command, context: Context): void {
  command
    .description('Lists builds, the newest first: of one project, or of all.')
    .argument('[APP/JOB[:TAG]]', 'the project (default: all)', asProject)
    .addOption(new Option('--status <STATUS>', 'only these').choices(buildStatuses))
    .option('--since <TIME>', 'created since: 2026-11-21, 2026-11-21T10:00:00Z, or 90m, 36h, 7d ago', asTime)
    .option('--commit <SHA>', 'of this commit, given in full', asCommit)
    .option('--limit <N>', 'how many at most', asCount, 20)
    .action(async (named, { status, since, commit, limit }) => {
      const deployment = await context.deployment();
      const project = named && (await findProject(deployment, named)).name;
      const query = { project, status, since, commit, limit: String(Math.min(limit, 100)) };
      const builds: ApiBuild[] = [];
      for await (const build of deployment.api.list('builds', query, apiBuildListSchema)) {
        if (builds.push(build) === limit) break;
      }
      if (builds.length === 0) context.terminal.err('There is no such build.\n');
      context.answer(listSchema, { value: builds, text: tableOfBuilds(context, builds) });
    });
}

function tableOfBuilds({ terminal }: Context, builds: ApiBuild[]): string {
  const now = new Date();
  return tableOf(
    terminal,
    [
      { title: 'BUILD', text: ({ id }) => id, isWhole: true },
      { title: 'PROJECT', text: ({ project }) => project, isWhole: true },
      { title: 'STATUS', text: ({ status }) => status, style: statusStyle },
      { title: 'COMMIT', text: ({ commit }) => shortCommit(commit), isWhole: true, isOptional: true },
      { title: 'CREATED', text: ({ createdAt }) => ago(createdAt, now) },
      {
        title: 'TOOK',
        isOptional: true,
        text: ({ createdAt, endedAt }) => (endedAt ? describeDuration(elapsed({ createdAt, endedAt }, now)) : ''),
      },
      { title: 'CAUSE', text: ({ cause }) => describeCause(cause), isOptional: true },
    ],
    builds,
  );
}

const unitMilliseconds: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 24 * 3_600_000 };

function asTime(text: string): string {
  const [, count, unit = ''] = /^(\d{1,4})([mhd])$/.exec(text) ?? [];
  if (count !== undefined) return new Date(Date.now() - Number(count) * (unitMilliseconds[unit] ?? 0)).toISOString();
  if (z.union([z.iso.date(), z.iso.datetime({ offset: true })]).safeParse(text).success) return text;
  throw new InvalidArgumentError(`"${oneLine(text, 40)}" is not a time: write 2026-11-21, or 36h for 36 hours ago.`);
}

function asCommit(text: string): string {
  if (/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i.test(text)) return text.toLowerCase();
  throw new InvalidArgumentError('Write a whole commit, of 40 digits: "git rev-parse HEAD" says it.');
}

function asCount(text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Write a whole number, 1 or more.');
}
