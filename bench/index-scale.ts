import { spawnSync } from 'node:child_process';
import { planIndex } from '../core/index/plan-index.ts';
import { readIndex } from '../core/index/read-index.ts';
import { atMost, type Row } from './report.ts';
import { indexFiles } from './sample-index.ts';

const sizes = [10_000, 100_000];
const entriesOfFile = 1000;

interface Measured {
  readSeconds: number;
  planSeconds: number;
  peakMegabytes: number;
}

/** Checks an index and plans it against the known projects; every hundredth project is new, changed or removed. */
function measure(entries: number): Measured {
  const files = indexFiles(entries, entries / entriesOfFile);
  const begun = performance.now();
  const index = readIndex(files, { now: new Date() });
  const read = performance.now();
  if (index.diagnostics.length > 0) throw new Error(`${JSON.stringify(index.diagnostics[0])}`);
  // Records come out of the table as their own objects.
  const known = index.projects
    .filter((_, at) => at % 100 !== 0)
    .map((project, at) => {
      if (at % 100 === 1) return { ...project, gitBranch: 'before' };
      return at % 100 === 2 ? { ...project, name: `${project.name}-gone` } : { ...project };
    });
  const planning = performance.now();
  const { added, changed, deactivated } = planIndex(index, known);
  const planned = performance.now();
  const expected = { added: index.projects.length - known.length + deactivated.length, share: entries / 100 };
  if (added.length !== expected.added || Math.abs(changed.length - expected.share) > 20) {
    throw new Error(`Planned were ${added.length} added, ${changed.length} changed, ${deactivated.length} removed.`);
  }
  return {
    readSeconds: (read - begun) / 1000,
    planSeconds: (planned - planning) / 1000,
    // In kilobytes. https://nodejs.org/api/process.html#processresourceusage
    peakMegabytes: process.resourceUsage().maxRSS / 1000,
  };
}

export async function run(): Promise<Row[]> {
  const results = sizes.map((entries) => ({ entries, ...inProcessOfItsOwn(entries) }));
  const rows = results.flatMap(({ entries, readSeconds, planSeconds, peakMegabytes }): Row[] => {
    const figure = (name: string) => `${entries.toLocaleString('en')} projects: ${name}`;
    return [
      { benchmark: 'index-scale', figure: figure('read and checked in'), value: readSeconds, unit: 's' },
      { benchmark: 'index-scale', figure: figure('compared with what is known in'), value: planSeconds, unit: 's' },
      {
        benchmark: 'index-scale',
        figure: figure('peak memory'),
        value: peakMegabytes,
        unit: 'MB',
        ...atMost(500, peakMegabytes),
      },
    ];
  });
  const perProject = results.map(({ entries, readSeconds, planSeconds }) => (readSeconds + planSeconds) / entries);
  const growth = (perProject.at(-1) ?? 0) / (perProject[0] ?? 0);
  const figure = 'time for each project, ten times as many against few';
  return [...rows, { benchmark: 'index-scale', figure, value: growth, unit: '×', ...atMost(1.5, growth) }];
}

/** The peak of one size is not to be that of another. With a larger heap the process would leave more garbage in it. */
function inProcessOfItsOwn(entries: number): Measured {
  const limits = ['--max-old-space-size=400', '--max-semi-space-size=2'];
  const { status, stdout, stderr } = spawnSync(process.execPath, [...limits, import.meta.filename, String(entries)], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Measured;
}

if (import.meta.main) process.stdout.write(JSON.stringify(measure(Number(process.argv[2]))));
