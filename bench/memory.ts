import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { entry } from '../test/e2e/sources.ts';
import { atMost, type Row, rowOf } from './report.ts';
import { type StandInMachine, startStandInMachine } from './stand-in-machine.ts';

const projects = 25;
const mostBuilds = 500;
/** Idle functions beyond a few end meanwhile (`local/aws/lambda/idle-instances.ts`). */
const restMilliseconds = 45_000;

/** The memory of a machine, read from outside: idle, and when it rests after ever more builds of a stand-in. */
export async function run(): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-bench-'));
  const machine = await startStandInMachine(folder, { bases: {} });
  try {
    const row = rowOf('memory');
    await machine.ask('/api/v1/projects');
    await delay(restMilliseconds);
    const idle = machine.megabytes();
    const rows = [row('idle', idle, 'MB', atMost(250, idle))];

    await machine.push('bench/one', { Dockerfile: 'FROM scratch\n' });
    await track(machine, ['one']);
    await ended(machine, 1);
    await machine.push('bench/one', { change: 'second' });
    await ended(machine, 2);
    await delay(restMilliseconds);
    rows.push(row('after 2 builds', machine.megabytes(), 'MB'));

    await machine.push('bench/all', { Dockerfile: 'FROM scratch\n' });
    await track(machine, ['one', ...Array.from({ length: projects }, (_, at) => `job-${at}`)]);
    const measured: number[] = [];
    for (let builds = 2 + projects; builds <= mostBuilds + 2; builds += projects) {
      await ended(machine, builds);
      process.stderr.write(`  ${builds} builds: ${machine.megabytes().toFixed(0)} MB\n`);
      if (builds === 2 + 2 * projects || builds === 2 + mostBuilds) {
        await delay(restMilliseconds);
        measured.push(machine.megabytes());
      }
      if (builds < mostBuilds) await machine.push('bench/all', { change: String(builds) });
    }
    const [few = 0, many = 0] = measured;
    return [
      ...rows,
      row(`after ${2 + 2 * projects} builds`, few, 'MB'),
      row(`after ${2 + mostBuilds} builds`, many, 'MB', atMost(400, many)),
      row('for each hundred builds more', (many - few) / ((mostBuilds - 2 * projects) / 100), 'MB'),
    ];
  } finally {
    await machine.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function track(machine: StandInMachine, jobs: string[]): Promise<void> {
  const { url, indexRepository } = machine.facts;
  const entries = jobs.map((job, at) => {
    const repository = job === 'one' ? 'one' : 'all';
    return entry(url, job, { id: String(at + 1), 'git-url': `${url}/git/bench/${repository}.git` });
  });
  await machine.push(indexRepository, { 'index.d/bench.yml': `Projects:\n${entries.join('\n')}\n` });
}

/** Waits until as many builds have ended. */
async function ended(machine: StandInMachine, builds: number): Promise<void> {
  for (;;) {
    let [count, cursor] = [0, ''];
    do {
      const page = await machine.ask<{ items: { endedAt: string | null }[]; cursor: string | null }>(
        `/api/v1/builds?limit=100${cursor && `&cursor=${encodeURIComponent(cursor)}`}`,
      );
      count += page?.items.filter(({ endedAt }) => endedAt !== null).length ?? 0;
      cursor = page?.cursor ?? '';
    } while (cursor !== '');
    if (count >= builds) return;
    await delay(2000);
  }
}
