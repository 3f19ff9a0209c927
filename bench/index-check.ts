import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atMost, median, type Row } from './report.ts';
import { indexFiles } from './sample-index.ts';

const runs = 15;
const files = 33;
const entries = 205;
const slipway = join(import.meta.dirname, '..', 'cli', 'slipway.js');

/** What the check is measured against: the least that reads the same files. */
const plainReader = `
import { readdirSync, readFileSync } from 'node:fs';
import { parse } from ${JSON.stringify(import.meta.resolve('yaml'))};
for (const name of readdirSync('index.d')) parse(readFileSync('index.d/' + name, 'utf8'));
`;

/** `slipway index check` as a new process, alternating with a process that only parses the same files. */
export async function run(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-index-'));
  try {
    mkdirSync(join(folder, 'index.d'));
    for (const { path, text } of indexFiles(entries, files)) writeFileSync(join(folder, path), text);
    const reader = join(folder, 'reader.mjs');
    writeFileSync(reader, plainReader);
    const times = { plain: [] as number[], check: [] as number[], uncached: [] as number[] };
    for (let at = 0; at < runs; at++) {
      times.plain.push(timeOf(folder, [reader]));
      times.check.push(timeOf(folder, [slipway, 'index', 'check']));
      times.uncached.push(timeOf(folder, [slipway, 'index', 'check'], { NODE_DISABLE_COMPILE_CACHE: '1' }));
    }
    const ratio = median(times.check) / median(times.plain);
    const uncached = median(times.uncached) / median(times.plain);
    const row = (figure: string, value: number, unit: string, bound = {}): Row => ({
      benchmark: 'index-check',
      figure: `${entries} entries in ${files} files: ${figure}`,
      value,
      unit,
      ...bound,
    });
    return [
      row('only parsed', median(times.plain), 'ms'),
      row('slipway index check', median(times.check), 'ms'),
      row('the check against only parsing', ratio, '×', atMost(1.5, ratio)),
      row('the check without its compile cache, against only parsing', uncached, '×', atMost(2, uncached)),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function timeOf(cwd: string, args: string[], env: NodeJS.ProcessEnv = {}): number {
  const begun = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd,
    env: { ...process.env, ...env },
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`The process ended with ${status}: ${stdout}${stderr}`);
  return performance.now() - begun;
}
