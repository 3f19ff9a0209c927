import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join, relative } from 'node:path';
import { parseArgs, stripVTControlCharacters, styleText } from 'node:util';
import { ensureContainerEngine } from '../local/container-engine.ts';
import { changedSince, importingChanged, startingChanged } from './changed.ts';
import {
  type Failure,
  type FileResult,
  filesToRepeat,
  resultsSchema,
  type Summary,
  summarize,
} from './suite/results.ts';

const usage = `Everything that is tested, the quick things first and the end-to-end tests beside them: a table at the end, a summary as the last line.

  npm test                        all of it
  npm test -- --changed           for daily work: the tests of what is not committed yet
  npm test -- --changed main      the tests of what has changed since main

A test file that fails is run once more at the end, by itself. What passes then is listed as unsteady: it does not fail the whole, but is
a bug to be fixed.

With --changed, types, lint and unused code are checked as always; of the tests those run that import what has changed, or start a
program that it is part of. The end-to-end tests start the whole pipeline: they run when something of that, or of them, has changed.

One project or file: npx vitest run --project core|unit|infra|e2e [FILE …]`;

const root = join(import.meta.dirname, '..');
const binaries = join(root, 'node_modules', '.bin');

interface Outcome {
  passed: number;
  failed: number;
  skipped: number;
  /** Of tests: what is said of them once more at the end, where who reads a long log looks first. */
  failures?: Failure[];
  unsteady?: Failure[];
  /** Runs the test files that failed once more. */
  repeat?: ((write: Write) => Promise<Outcome>) | undefined;
}

type Write = (text: string) => void;

interface Step {
  name: string;
  /** What it prints goes to `write`. */
  run(write: Write): Promise<Outcome>;
}

/** A pipe has no colours of its own. */
const colour = process.stdout.isTTY ? { FORCE_COLOR: '1' } : {};

const { values, positionals } = parseArgs({
  options: { changed: { type: 'boolean', default: false }, help: { type: 'boolean', short: 'h', default: false } },
  allowPositionals: true,
});
if (values.help) {
  console.log(usage);
  process.exit();
}
const [since = 'HEAD'] = positionals;
const concerned = values.changed ? await startingChanged(await changedSince(since)) : [];

/** Files and folders; undefined for all. */
async function testsToRun(project: string): Promise<string[] | undefined> {
  if (!values.changed) return undefined;
  const folders = concerned.filter((folder) => projectOf(folder) === project);
  const files = await importingChanged(join(binaries, 'vitest'), project, since);
  return [...folders, ...files.filter((file) => !folders.some((folder) => file.startsWith(folder)))];
}

function projectOf(folder: string): string {
  const [, name = ''] = folder.split('/');
  return name === 'infra' || name === 'e2e' ? name : 'unit';
}

function tool(name: string, args: string[], write: Write, env: NodeJS.ProcessEnv = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(join(binaries, name), args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...colour, ...process.env, ...env, PATH: `${binaries}${delimiter}${process.env.PATH}` },
    });
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', write);
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (signal) write(`${name} was ended by ${signal}.\n`);
      resolve(code ?? 1);
    });
  });
}

/** Shows whole lines, each with the name of the step: those of several steps are mixed. */
function linesOf(name: string): { write: Write; end(): void } {
  let rest = '';
  const show = (line: string) => process.stdout.write(`${styleText('dim', `${name} │`)} ${line}\n`);
  return {
    write(text) {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) show(line);
    },
    end() {
      if (rest !== '') show(rest);
    },
  };
}

function check(name: string, binary: string, ...args: string[]): Step {
  return {
    name,
    async run(write) {
      const passed = (await tool(binary, args, write)) === 0;
      return { passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: 0 };
    },
  };
}

function tests(project: string): Step {
  return {
    name: `${project} tests`,
    async run(write) {
      const chosen = await testsToRun(project);
      if (chosen?.length === 0) {
        write('Nothing that they test has changed.\n');
        return { passed: 0, failed: 0, skipped: 0 };
      }
      const first = await resultsOf(project, chosen ?? [], write);
      const failed = filesToRepeat(first);
      const repeat = async (write: Write) => outcomeOf(summarize(first, await resultsOf(project, failed, write)));
      return { ...outcomeOf(summarize(first)), repeat: failed.length > 0 ? repeat : undefined };
    },
  };
}

async function resultsOf(project: string, files: readonly string[], write: Write): Promise<FileResult[]> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-test-'));
  const path = join(folder, 'results.json');
  const reporters = ['--reporter=default', '--reporter=./test/suite/reporter.ts'];
  const args = ['run', '--project', project, ...reporters, ...files];
  const code = await tool('vitest', args, write, { TEST_RESULTS: path });
  // Without it vitest itself could not run.
  const text = await readFile(path, 'utf8').catch(() => '[]');
  await rm(folder, { recursive: true });
  const results = resultsSchema.parse(JSON.parse(text));
  if (code === 0 || results.some(({ failures }) => failures.length > 0)) return results;
  const failure = { test: `vitest of ${project}`, why: `It ended with code ${code}; what it printed says more.` };
  return [...results, { file: '', passed: 0, skipped: 0, failures: [failure] }];
}

const outcomeOf = (summary: Summary): Outcome => ({ ...summary, failed: summary.failures.length });

/** The tests of the builder and those from end to end need it. */
const engine: Step = {
  name: 'container engine',
  async run(write) {
    const say = (line: string) => write(`${line}\n`);
    try {
      const { name, version } = await ensureContainerEngine({ say });
      say(`${name} ${version}`);
      return { passed: 1, failed: 0, skipped: 0 };
    } catch (error) {
      // The message is what to install; the tests that need no engine go on.
      say((error as Error).message);
      return { passed: 0, failed: 1, skipped: 0 };
    }
  },
};

/**
 * Two lanes beside each other, which end at about the same time. The end-to-end tests wait for builds as much as they compute: they begin at
 * once. Of the other lane the quick checks come first; steps of one group run beside each other.
 */
const lanes: Step[][][] = [
  [[tests('e2e')], [tests('core')], [tests('infra')]],
  [
    [
      // Of several checkers each works out for itself what their files have in common: four take half as much time again, of both cores.
      check('types', 'tsc', '--checkers', '1'),
      check('lint and format', 'biome', 'check', '--error-on-warnings', '.'),
      check('unused code', 'knip'),
    ],
    [tests('unit')],
  ],
];

interface Row {
  name: string;
  outcome: Outcome;
  seconds: number;
}

const rows: Row[] = [];

async function run(name: string, work: Step['run']): Promise<Row> {
  console.log(styleText('bold', name));
  const lines = linesOf(name);
  const begin = performance.now();
  const outcome = await work(lines.write);
  lines.end();
  return { name, outcome, seconds: (performance.now() - begin) / 1000 };
}

async function runLane(groups: Step[][]): Promise<void> {
  for (const group of groups) rows.push(...(await Promise.all(group.map(({ name, run: work }) => run(name, work)))));
}

rows.push(await run(engine.name, engine.run));
await Promise.all(lanes.map(runLane));

// What failed beside much other work is run by itself: what then passes is unsteady, which is a bug too, but not of the change.
for (const row of rows) {
  const { repeat } = row.outcome;
  if (!repeat) continue;
  const { outcome, seconds } = await run(`${row.name}, once more what failed`, repeat);
  Object.assign(row, { outcome, seconds: row.seconds + seconds });
}

function tell(what: string, { file, test, why }: Failure) {
  const lines = stripVTControlCharacters(why)
    .split('\n')
    .filter((line) => !line.includes('/node_modules/'));
  console.log(
    `\n${what} ${file === '' ? '' : `${relative(root, file)}: `}${test}\n  ${lines.slice(0, 12).join('\n  ')}`,
  );
}
for (const { outcome } of rows) {
  for (const failure of outcome.unsteady ?? []) tell(styleText('yellow', 'unsteady'), failure);
}
for (const { outcome } of rows) for (const failure of outcome.failures ?? []) tell(styleText('red', 'failed'), failure);

const columns = ['passed', 'failed', 'unsteady', 'skipped', 'seconds'];
console.log(`\n${'step'.padEnd(18)}${columns.map((title) => title.padStart(9)).join('')}`);
for (const { name, outcome, seconds } of rows) {
  const unsteady = outcome.unsteady?.length ?? 0;
  const cells = [outcome.passed, outcome.failed, unsteady, outcome.skipped, seconds.toFixed(1)]
    .map((cell) => String(cell).padStart(9))
    .join('');
  const colour = outcome.failed > 0 ? 'red' : unsteady > 0 ? 'yellow' : 'green';
  console.log(styleText(colour, `${name.padEnd(18)}${cells}`));
}
const sum = (count: (outcome: Outcome) => number) => rows.reduce((total, { outcome }) => total + count(outcome), 0);
const [unsteady, skipped] = [sum((outcome) => outcome.unsteady?.length ?? 0), sum((outcome) => outcome.skipped)];
const counts = [`${sum((outcome) => outcome.passed)} passed`, `${sum((outcome) => outcome.failed)} failed`];
if (unsteady > 0) counts.push(`${unsteady} unsteady`);
if (skipped > 0) counts.push(`${skipped} skipped`);
console.log(`\n${counts.join(', ')}`);
process.exitCode = sum((outcome) => outcome.failed) > 0 ? 1 : 0;
