import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { entry } from '../test/e2e/sources.ts';
import { atMost, type Row, rowOf } from './report.ts';
import { type StandInMachine, startStandInMachine } from './stand-in-machine.ts';

/** All are built from one source, and so by each push to it. */
const projects = 50;
const pushes = 10;
const atOnce = 8;
/**
 * Idle functions beyond a few end a minute after a build (`local/aws/lambda/idle-instances.ts`), and some seconds later V8 gives their
 * memory back.
 */
const restMilliseconds = 90_000;
const row = rowOf('memory');

/** The memory of a machine, read from outside: idle, and when it rests after ever more builds of a stand-in. */
export async function run(): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-bench-'));
  const machine = await startStandInMachine(folder, {
    bases: {},
    concurrentBuilds: atOnce,
    build: { concurrency: atOnce },
  });
  try {
    await machine.ask('/api/v1/projects');
    await delay(restMilliseconds / 4);
    const idle = machine.megabytes();

    await machine.push('bench/all', { Dockerfile: 'FROM scratch\n' });
    await machine.push(machine.facts.indexRepository, { 'index.d/bench.yml': index(machine.facts.url) });
    const ended = new Set<string>();
    let most = await memoryUntilEnded(machine, ended);
    const few = await memoryAtRest(machine);
    while (ended.size < pushes * projects) {
      await machine.push('bench/all', { change: String(ended.size) });
      most = Math.max(most, await memoryUntilEnded(machine, ended));
      process.stderr.write(`  ${ended.size} builds: ${machine.megabytes().toFixed(0)} MB\n`);
    }
    const many = await memoryAtRest(machine);
    return [
      row('idle', idle, 'MB', atMost(250, idle)),
      row(`after ${projects} builds`, few, 'MB'),
      row(`after ${ended.size} builds`, many, 'MB', atMost(400, many)),
      row('for each hundred builds more', (100 * (many - few)) / (ended.size - projects), 'MB'),
      row('most while builds run', most, 'MB'),
    ];
  } finally {
    await machine.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function index(url: string): string {
  const entries = Array.from({ length: projects }, (_, at) =>
    entry(url, `job-${at}`, { id: String(at + 1), 'git-url': `${url}/git/bench/all.git` }),
  );
  return `Projects:\n${entries.join('\n')}\n`;
}

async function memoryAtRest(machine: StandInMachine): Promise<number> {
  await delay(restMilliseconds);
  return machine.megabytes();
}

/**
 * Waits until each project has a build that has ended and is none of those that had; adds these.
 * @returns the most memory meanwhile
 */
async function memoryUntilEnded(machine: StandInMachine, ended: Set<string>): Promise<number> {
  for (let most = 0; ; await delay(2000)) {
    most = Math.max(most, machine.megabytes());
    const page = await machine.ask<{ items: { id: string; endedAt: string | null }[] }>(
      `/api/v1/builds?limit=${projects}`,
    );
    const newest = page?.items.filter(({ id, endedAt }) => endedAt !== null && !ended.has(id)) ?? [];
    if (newest.length < projects) continue;
    for (const { id } of newest) ended.add(id);
    return most;
  }
}
