import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { apiBuildSchema } from '../core/api/builds.ts';
import { buildMinute, prices } from '../core/cost/prices.ts';
import { usualCalls } from '../core/cost/usual-calls.ts';
import { makeRootFileSystem } from '../local/demo/root-file-system.ts';
import type { Machine } from '../local/machine.ts';
import { createWorkingCopy, entry, smallDebian, type WorkingCopy } from '../test/e2e/sources.ts';
import { withMachine } from './machine.ts';
import { atMost, type Row, rowOf } from './report.ts';

const benchmark = 'control plane';
/** What the control plane's share is measured against, in minutes. */
const buildMinutes = 2;

type Unit = keyof typeof usualCalls;
type Built = (typeof apiBuildSchema)['_output'];

const buildsTable = /:table\/[^/]*Builds/;
/** A build has up to two kilobytes, each of which is written to the table and to its four indexes. */
const unitsOfBuildWrite = 2 * 5;
/** Calls that need nobody's permission here: a queue's and events' of a function. */
const functionsByEvents = 6;

/** What an allowed call is paid by; the others are free. */
const units: readonly [RegExp, Unit][] = [
  [/^lambda:InvokeFunction$/, 'functionCall'],
  [/^dynamodb:(?:Put|Update|Delete|BatchWrite)Item$/, 'tableWrite'],
  [/^dynamodb:(?:(?:Batch)?GetItem|Query|Scan)$/, 'tableRead'],
  [/^s3:(?:PutObject|ListBucket)$/, 'objectWrite'],
  [/^s3:GetObject$/, 'objectRead'],
  [/^sqs:/, 'queueRequest'],
  [/^events:PutEvents$/, 'event'],
  [/^kms:Sign$/, 'signature'],
];

/** Counts on one machine the calls of a build that is released, and compares what they cost on AWS with what a build's machine costs. */
export function run(): Promise<Row[]> {
  return withMachine(async (machine, folder) => {
    const archive = join(folder, 'rootfs.tar');
    await makeRootFileSystem({ archive, workspace: join(folder, 'packages'), say: () => undefined });
    const index = await createWorkingCopy(machine, machine.indexRepository);
    await index.write({ 'index.d/demo.yml': `Projects:\n${entry(machine.url, 'counted')}\n` });
    await index.push('Track the image of the benchmark');
    await index.remove();
    const copy = await createWorkingCopy(machine, 'demo/counted');
    await copy.add('rootfs.tar', archive);
    await copy.write({ Dockerfile: `${smallDebian}COPY stamp /stamp\n` });
    // Its first build is of a project that is new: repositories are made, and there is no release to compare with.
    await released(machine, copy);
    const counts = countCalls(machine);
    const build = await released(machine, copy);
    await copy.remove();
    return rowsOf(counts, build);
  });
}

function countCalls({ account }: Machine): Map<Unit, number> {
  const counts = new Map<Unit, number>([['functionCall', functionsByEvents]]);
  const { iam } = account;
  const authorize = iam.authorize.bind(iam);
  iam.authorize = (caller, permissions) => {
    authorize(caller, permissions);
    const { action = '', resource = '' } = permissions[0] ?? {};
    const unit = units.find(([pattern]) => pattern.test(action))?.[1];
    if (unit === undefined) return;
    const count = unit === 'tableWrite' && buildsTable.test(resource) ? unitsOfBuildWrite : 1;
    counts.set(unit, (counts.get(unit) ?? 0) + count);
  };
  return counts;
}

/** Pushes a change and waits until people were told of its release; seldom asks, as that is counted too. */
async function released({ url }: Machine, copy: WorkingCopy): Promise<Built> {
  await copy.write({ stamp: crypto.randomUUID() });
  const commit = await copy.push('Build again');
  for (;;) {
    await delay(2000);
    const answer = await fetch(`${url}/api/v1/builds?commit=${commit}`);
    const [build] = ((await answer.json()) as { items: Built[] }).items;
    if (build?.endedAt && build.status !== 'released') throw new Error(`The build ended as ${build.status}.`);
    if (build?.stages.some(({ name, endedAt }) => name === 'tell' && endedAt !== undefined)) return build;
  }
}

function rowsOf(counts: ReadonlyMap<Unit, number>, { cost }: Built): Row[] {
  const row = rowOf(benchmark);
  const counted = (Object.keys(usualCalls) as Unit[]).map((unit) => ({ unit, count: counts.get(unit) ?? 0 }));
  const usd = (count: (unit: Unit) => number) =>
    counted.reduce((sum, { unit }) => sum + count(unit) * prices[unit].usd, 0);
  const calls = usd((unit) => counts.get(unit) ?? 0);
  const known = usd((unit) => usualCalls[unit]);
  const machine = buildMinutes * buildMinute.MEDIUM.usd;
  // The calls that were counted take the place of those that the record of a build has.
  const control = (cost?.controlUsd ?? 0) - known + calls;
  return [
    ...counted.map(({ unit, count }) => row(unit, count, '')),
    row('all calls', 1000 * calls, 'm$'),
    row('against those of core/cost/usual-calls.ts', calls / known, '×', atMost(1.15, calls / known)),
    row('control plane, with its states and functions', 1000 * control, 'm$'),
    row(`share of a build of ${buildMinutes} minutes`, control / machine, '×', atMost(0.05, control / machine)),
  ];
}
