import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { runCommand } from '../test/e2e/command.ts';
import { atMost, type BenchmarkOptions, type Row, rowOf } from './report.ts';
import { areKnown, buildsOf, faultsIn, mostAtOnce } from './scale-counts.ts';
import { type Graph, generatedGraph, indexOf, reachedFrom, readGraph } from './scale-graph.ts';
import { type StandInMachine, startStandInMachine } from './stand-in-machine.ts';

const atOnce = 8;
const row = rowOf('scale');

interface Run {
  machine: StandInMachine;
  graph: Graph;
  /** The projects that depend on the base. */
  expected: ReadonlySet<string>;
}

/**
 * An index is pushed to one machine, then its base image is released for the first time: what depends on it is built by a stand-in, which is
 * killed with its machine half-way. What was built is compared with the graph, which `scale-graph.ts` computes by itself. The cascade of a
 * second release is cancelled.
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
    const known = await pushIndex({ machine, graph, expected });
    const built = await releaseBase({ machine, graph, expected });
    return [...known, ...built, ...(await cancelSecond({ machine, graph, expected }))];
  } finally {
    await machine.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function pushIndex({ machine, graph, expected }: Run): Promise<Row[]> {
  // What does not depend on the base has a repository that is not there.
  await machine.push('bench/below', { Dockerfile: 'FROM scratch\n' });
  const [seconds, processor] = [stopwatch(), processorOf(machine)];
  await machine.push(machine.facts.indexRepository, indexOf(graph, machine.facts.url, expected));
  const total = graph.parents.size;
  await until(() => areKnown(machine, [...graph.parents.keys()]));
  const [knownIn, knownProcessor] = [seconds(), processor()];
  say(`${total} entries are known after ${knownIn.toFixed(0)} s; ${machine.megabytes().toFixed(0)} MB`);
  await until(async () => isEnded(await newestCascade(machine)));
  const [decidedIn, decidedProcessor, megabytes] = [seconds(), processor(), machine.megabytes()];
  say(`all of it was decided after ${decidedIn.toFixed(0)} s; ${megabytes.toFixed(0)} MB`);
  return [
    row('entries', total, ''),
    row('known in', knownIn, 's', atMost(60, knownIn)),
    row('processor time for each entry, until it is known', (1000 * knownProcessor) / total, 'ms'),
    row('decided in', decidedIn, 's'),
    row('processor time for each entry, until it is decided', (1000 * decidedProcessor) / total, 'ms'),
    row('memory after the index', megabytes, 'MB'),
  ];
}

async function releaseBase({ machine, graph, expected }: Run): Promise<Row[]> {
  const before = (await newestCascade(machine))?.id;
  const [seconds, processor] = [stopwatch(), processorOf(machine)];
  await machine.push('bench/base', { Dockerfile: 'FROM scratch\n' });
  let isKilled = false;
  let mostMegabytes = 0;
  await until(async () => {
    const cascade = await newestCascade(machine);
    mostMegabytes = Math.max(mostMegabytes, machine.megabytes());
    if (cascade === undefined || cascade.id === before) return false;
    const { released = 0, building = 0 } = cascade.counts;
    say(`${released} of ${expected.size} released, ${building} in the works, after ${seconds().toFixed(0)} s`);
    if (!isKilled && released >= expected.size / 2) {
      isKilled = true;
      say('the machine is killed');
      await machine.killAndStart();
    }
    return isEnded(cascade);
  });
  const [elapsed, worked] = [seconds(), processor()];
  const all = await buildsOf(machine);
  const built = all.filter(({ project }) => project !== graph.base);
  const { missed, needless, repeated, early } = faultsIn(built, expected, graph);
  const count = Math.max(1, built.length);
  const most = mostAtOnce(all);
  return [
    row('projects that depend on the base', expected.size, ''),
    row('of these not built', missed, '', atMost(0, missed)),
    row('built without need', needless, '', atMost(0, needless)),
    row('built more than once', repeated, '', atMost(0, repeated)),
    row('built before a parent', early, '', atMost(0, early)),
    row('builds at once', most, '', atMost(atOnce, most)),
    row('processor time for each build', (1000 * worked) / count, 'ms'),
    row('builds a minute', (60 * count) / elapsed, ''),
    row('most memory', mostMegabytes, 'MB'),
  ];
}

async function cancelSecond({ machine, graph, expected }: Run): Promise<Row[]> {
  const before = (await newestCascade(machine))?.id;
  await machine.push('bench/base', { again: '' });
  await until(async () => {
    const cascade = await newestCascade(machine);
    return cascade !== undefined && cascade.id !== before && (cascade.counts.released ?? 0) > 0;
  });
  const id = (await newestCascade(machine))?.id ?? '';
  const { code, output } = await runCommand(machine.facts, 'cancel', id, '--reason', 'enough');
  if (code !== 0) throw new Error(`slipway cancel ${id}: ${output}`);
  await until(async () => isEnded(await newestCascade(machine)));
  const { counts = {}, cancelled } = (await newestCascade(machine)) ?? {};
  // The command itself takes a second to start.
  const cancelledAt = cancelled?.at ?? '';
  say(`the second was cancelled: ${JSON.stringify(counts)}`);
  const members = Object.values(counts).reduce<number>((sum, count = 0) => sum + count, 0);
  const late = (await buildsOf(machine)).filter(
    ({ project, cascade, endedAt, status }) =>
      project !== graph.base && cascade === id && status === 'released' && endedAt > cancelledAt,
  ).length;
  return [
    row('of a second cascade, that was cancelled: without an end', expected.size - members, ''),
    row('released after it was cancelled', late, '', atMost(atOnce, late)),
  ];
}

function stopwatch(): () => number {
  const began = performance.now();
  return () => (performance.now() - began) / 1000;
}

function processorOf(machine: StandInMachine): () => number {
  const before = machine.processorSeconds();
  return () => machine.processorSeconds() - before;
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
  cancelled: { at: string } | null;
  counts: Partial<Record<string, number>>;
}

const isEnded = (cascade: Cascade | undefined): boolean => cascade !== undefined && cascade.endedAt !== null;

async function newestCascade(machine: StandInMachine): Promise<Cascade | undefined> {
  const newest = (await machine.ask<{ items: { id: string }[] }>('/api/v1/cascades?limit=1'))?.items[0];
  return newest && machine.ask<Cascade>(`/api/v1/cascades/${newest.id}`);
}
