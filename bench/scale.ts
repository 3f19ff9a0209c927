import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import { atMost, type BenchmarkOptions, type Row, rowOf } from './report.ts';
import { generatedGraph, indexOf, reachedFrom, readGraph } from './scale-graph.ts';
import { type StandInMachine, startStandInMachine } from './stand-in-machine.ts';

const atOnce = 8;

interface Built {
  project: string;
  status: string;
  createdAt: string;
  endedAt: string;
}

/**
 * An index is pushed to one machine, then its base image is released for the first time: what depends on it is built by a stand-in, which is
 * killed with its machine half-way. What was built is compared with the graph, which this file computes by itself.
 */
export async function run({ entries, below, index }: BenchmarkOptions): Promise<Row[]> {
  const graph = index === undefined ? generatedGraph(entries, below) : await readGraph(index);
  const expected = reachedFrom(graph);
  const folder = await mkdtemp(join(tmpdir(), 'slipway-bench-'));
  const bases = Object.fromEntries(
    [...expected, graph.base].map((name) => [
      name,
      (graph.parents.get(name) ?? []).filter((each) => graph.parents.has(each)),
    ]),
  );
  const machine = await startStandInMachine(folder, {
    bases,
    concurrentBuilds: atOnce,
    build: { concurrency: atOnce },
  });
  try {
    const row = rowOf('scale');
    // What does not depend on the base has a repository that is not there.
    await machine.push('bench/below', { Dockerfile: 'FROM scratch\n' });
    const began = performance.now();
    const idleProcessor = machine.processorSeconds();
    await machine.push(machine.facts.indexRepository, indexOf(graph, machine.facts.url, expected));
    const total = graph.parents.size;
    await until(async () => (await known(machine)) >= total);
    const knownIn = (performance.now() - began) / 1000;
    const knownProcessor = machine.processorSeconds() - idleProcessor;
    say(`${total} entries are known after ${knownIn.toFixed(0)} s; ${machine.megabytes().toFixed(0)} MB`);
    await until(async () => isEnded(await newestCascade(machine)));
    const applied = (performance.now() - began) / 1000;
    const beforeMegabytes = machine.megabytes();
    say(`all of it was decided after ${applied.toFixed(0)} s; ${beforeMegabytes.toFixed(0)} MB`);

    const first = (await newestCascade(machine))?.id;
    const pushed = performance.now();
    const appliedProcessor = machine.processorSeconds() - idleProcessor;
    say(`the processor worked ${appliedProcessor.toFixed(0)} s, ${knownProcessor.toFixed(0)} s until all were known`);
    await machine.push('bench/base', { Dockerfile: 'FROM scratch\n' });
    let isKilled = false;
    let mostMegabytes = 0;
    await until(async () => {
      const cascade = await newestCascade(machine);
      mostMegabytes = Math.max(mostMegabytes, machine.megabytes());
      if (cascade === undefined || cascade.id === first) return false;
      const done = cascade.counts.released ?? 0;
      const inFlight = cascade.counts.building ?? 0;
      say(
        `${done} of ${expected.size} released, ${inFlight} in the works, after ${((performance.now() - pushed) / 1000).toFixed(0)} s`,
      );
      if (!isKilled && done >= expected.size / 2) {
        isKilled = true;
        say('the machine is killed');
        await machine.killAndStart();
      }
      return isEnded(cascade);
    });
    const seconds = (performance.now() - pushed) / 1000;
    const buildProcessor = machine.processorSeconds() - idleProcessor - appliedProcessor;
    const built = (await buildsOf(machine)).filter(({ project }) => project !== graph.base);
    const released = built.filter(({ status }) => status === 'released');
    const endedAt = new Map(released.map((each) => [each.project, each.endedAt]));
    const early = released.filter(({ project, createdAt }) =>
      (bases[project] ?? []).some((parent) => expected.has(parent) && (endedAt.get(parent) ?? '~') > createdAt),
    );
    const missed = [...expected].filter((name) => !endedAt.has(name)).length;
    const needless = released.filter(({ project }) => !expected.has(project)).length;
    return [
      row('entries', total, ''),
      row('known in', knownIn, 's', atMost(60, knownIn)),
      row('processor time for each entry, until it is known', (1000 * knownProcessor) / total, 'ms'),
      row('decided in', applied, 's'),
      row('processor time for each entry, until it is decided', (1000 * appliedProcessor) / total, 'ms'),
      row('memory after the index', beforeMegabytes, 'MB'),
      row('projects that depend on the base', expected.size, ''),
      row('of these not built', missed, '', atMost(0, missed)),
      row('built without need', needless, '', atMost(0, needless)),
      row('built more than once', released.length - endedAt.size, '', atMost(0, released.length - endedAt.size)),
      row('built before a parent', early.length, '', atMost(0, early.length)),
      row('processor time for each build', (1000 * buildProcessor) / Math.max(1, released.length), 'ms'),
      row('builds a minute', (60 * released.length) / seconds, ''),
      row('most memory', mostMegabytes, 'MB'),
    ];
  } finally {
    await machine.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function say(text: string): void {
  process.stderr.write(`  ${text}\n`);
}

async function until(question: () => Promise<boolean>): Promise<void> {
  while (!(await question())) await delay(3000);
}

interface Cascade {
  id: string;
  endedAt: string | null;
  counts: Partial<Record<string, number>>;
}

const isEnded = (cascade: Cascade | undefined): boolean => cascade !== undefined && cascade.endedAt !== null;

async function newestCascade(machine: StandInMachine): Promise<Cascade | undefined> {
  const newest = (await machine.ask<{ items: { id: string }[] }>('/api/v1/cascades?limit=1'))?.items[0];
  return newest && machine.ask<Cascade>(`/api/v1/cascades/${newest.id}`);
}

const client = ({ facts }: StandInMachine) =>
  new DynamoDBClient({ endpoint: facts.endpoint, region: facts.region, credentials: facts.credentials });

async function known(machine: StandInMachine): Promise<number> {
  let count = 0;
  const table = { TableName: machine.facts.outputs.ProjectsTableName ?? '', Select: 'COUNT' as const };
  for await (const page of paginateScan({ client: client(machine) }, table)) count += page.Count ?? 0;
  return count;
}

async function buildsOf(machine: StandInMachine): Promise<Built[]> {
  const found: Built[] = [];
  for await (const page of paginateScan(
    { client: client(machine) },
    { TableName: machine.facts.outputs.BuildsTableName },
  ))
    for (const item of page.Items ?? [])
      found.push({
        project: item.project?.S ?? '',
        status: item.status?.S ?? '',
        createdAt: item.createdAt?.S ?? '',
        endedAt: item.endedAt?.S ?? '',
      });
  return found;
}
