import type { Command } from '@commander-js/extra-typings';
import * as z from 'zod';
import { type ApiBuild, apiBuildListSchema } from '../../core/api/builds.ts';
import { operatorsReportSchema } from '../../core/api/operators.ts';
import { type ApiProject, apiProjectListSchema } from '../../core/api/projects.ts';
import { describeCause, describeStatus } from '../../core/builds/describe-build.ts';
import { describeHold } from '../../core/holds/hold.ts';
import { type BuildStatus, buildStatuses, runningStatuses } from '../../core/model/build.ts';
import type { Context } from '../command.ts';
import type { Deployment } from '../deployment/deployment.ts';
import { ago } from '../shown-time.ts';
import { statusStyle } from '../status-style.ts';
import { tableOf } from '../table.ts';

/** What somebody may want to look at. */
const itemSchema = z.object({
  project: z.string(),
  /** The state of a build that runs, or of the last one of the project; or that the project's releases are held. */
  state: z.enum([...buildStatuses, 'held']),
  since: z.iso.datetime().nullable(),
  /** Null for a hold. */
  build: z.string().nullable(),
  reason: z.string(),
});

const answerSchema = z.object({
  /** How many projects of the index have which status; `none` has not been built. */
  projects: z.record(z.string(), z.int()),
  items: z.array(itemSchema),
});

type Item = z.infer<typeof itemSchema>;

const description = `Says what builds and what waits, of which projects the last build failed or was blocked, and which are held.

Pull requests count while they are built. What only operators may know is asked by a signed call, which needs execute-api:Invoke.`;

export function define(command: Command, context: Context): void {
  command
    .description(description)
    .option(
      '--operators',
      'say what only operators may know: queues, deliveries, failing sources, unreachable addresses',
    )
    .action(({ operators = false }) => (operators ? showToOperators(context) : show(context)));
}

async function showToOperators(context: Context): Promise<void> {
  const { readOperatorsReport, operatorsText } = await import('../operators/report.ts');
  const report = await readOperatorsReport(await context.deployment());
  context.answer(operatorsReportSchema, { value: report, text: operatorsText(context.terminal, report, new Date()) });
}

async function show(context: Context): Promise<void> {
  const deployment = await context.deployment();
  const now = new Date();
  const running = await runningBuilds(deployment);
  const all = await Array.fromAsync(deployment.api.list('projects', {}, apiProjectListSchema));
  const projects = all.filter(({ active }) => active);
  const items = [
    ...running.map((build) => itemOf(build, build.startedAt ?? build.createdAt, now)),
    ...unwell(projects, now),
    ...held(projects),
  ];
  const counts: Record<string, number> = {};
  for (const { lastBuild } of projects) {
    const status = lastBuild?.status ?? 'none';
    counts[status] = (counts[status] ?? 0) + 1;
  }
  context.answer(answerSchema, { value: { projects: counts, items }, text: textOf(context, counts, items, now) });
}

async function runningBuilds({ api }: Deployment): Promise<ApiBuild[]> {
  const lists = runningStatuses.map((status) => Array.fromAsync(api.list('builds', { status }, apiBuildListSchema)));
  return (await Promise.all(lists)).flat().sort((one, other) => (one.createdAt < other.createdAt ? -1 : 1));
}

/** Projects whose last build failed or was blocked. */
function unwell(projects: ApiProject[], now: Date): Item[] {
  const builds = projects.flatMap(({ lastBuild }) => lastBuild ?? []);
  return (['failed', 'blocked'] as const).flatMap((status) =>
    builds.filter((build) => build.status === status).map((build) => itemOf(build, build.endedAt, now)),
  );
}

function held(projects: ApiProject[]): Item[] {
  return projects.flatMap(({ name, hold }) =>
    hold
      ? { project: name, state: 'held' as const, since: hold.at ?? null, build: null, reason: describeHold(hold) }
      : [],
  );
}

function itemOf(build: ApiBuild, since: string | null, now: Date): Item {
  const { project, status: state, id } = build;
  return { project, state, since, build: id, reason: reasonOf(build, now) };
}

function reasonOf({ status, cause, failure, verdict, waiting, held: hold, createdAt }: ApiBuild, now: Date): string {
  if (status === 'failed' && failure) return failure.message;
  if (status === 'blocked' && verdict?.reasons[0] !== undefined) {
    const more = verdict.reasons.length - 1;
    return more > 0 ? `${verdict.reasons[0]} (and ${more} more)` : verdict.reasons[0];
  }
  if (status !== 'queued') return describeCause(cause);
  const given = { waiting: waiting ?? undefined, held: hold ?? undefined, failure: failure ?? undefined };
  return describeStatus({ status, cause, createdAt, ...given }, now);
}

const styleOf = (state: Item['state']) =>
  state === 'held' ? ('yellow' as const) : statusStyle({ status: state satisfies BuildStatus });

function textOf({ terminal }: Context, counts: Record<string, number>, items: Item[], now: Date): string {
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const parts = Object.entries(counts).map(
    ([status, count]) => `${count} ${status === 'none' ? 'not built yet' : status}`,
  );
  const summary = `${total} ${total === 1 ? 'project' : 'projects'}: ${parts.join(', ') || 'the index is empty or not known yet'}\n`;
  const table = tableOf(
    terminal,
    [
      { title: 'STATE', text: ({ state }) => state, style: ({ state }) => styleOf(state) },
      { title: 'PROJECT', text: ({ project }) => project, isWhole: true },
      { title: 'SINCE', text: ({ since }) => (since ? ago(since, now) : '') },
      { title: 'BUILD', text: ({ build }) => build ?? '', isWhole: true, isOptional: true },
      { title: 'WHY', text: ({ reason }) => reason },
    ],
    items,
  );
  if (!Number.isFinite(terminal.width)) return table;
  return items.length > 0
    ? `${table}\n${summary}`
    : `Nothing builds, waits, is held, has failed or is blocked.\n${summary}`;
}
