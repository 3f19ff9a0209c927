import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findFreePort } from '../local/demo/port.ts';
import { atMost, type Row } from './report.ts';

const programs = join(import.meta.dirname, '..', 'local');
const benchmark = 'start';

/** What a user waits for after `npm ci`: the first start, every later one, and the demo. */
export async function run(): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-start-'));
  try {
    const first = await timeOfStart(folder);
    const second = await timeOfStart(folder);
    const demo = await timeOfDemo();
    return [
      { benchmark, figure: 'first start until a page is there', value: first, unit: 's', ...atMost(10, first) },
      { benchmark, figure: 'second start', value: second, unit: 's', ...atMost(3, second) },
      { benchmark, figure: 'demo', value: demo, unit: 's', ...atMost(45, demo) },
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function timeOfStart(dataFolder: string): Promise<number> {
  const port = await findFreePort();
  const begun = performance.now();
  const machine = start(['main.ts', '--data', dataFolder, '--port', String(port), '--scanner', 'records']);
  const ended = once(machine, 'exit');
  while (!(await hasPage(port))) {
    if (machine.exitCode !== null) throw new Error(`npm run local ended with ${machine.exitCode}.`);
    await delay(50);
  }
  const took = performance.now() - begun;
  machine.kill('SIGINT');
  await ended;
  return took / 1000;
}

async function hasPage(port: number): Promise<boolean> {
  const response = await fetch(`http://localhost:${port}/`).catch(() => undefined);
  await response?.body?.cancel();
  return response?.ok ?? false;
}

async function timeOfDemo(): Promise<number> {
  const begun = performance.now();
  const [code] = await once(start(['demo.ts', '--port', String(await findFreePort())]), 'exit');
  if (code !== 0) throw new Error(`npm run demo ended with ${code}.`);
  return (performance.now() - begun) / 1000;
}

function start([program = '', ...args]: string[]): ChildProcess {
  const cache = join(programs, 'compile-cache.js');
  return spawn(process.execPath, ['--import', cache, join(programs, program), ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}
