import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join, relative } from 'node:path';
import { parseArgs, stripVTControlCharacters, styleText } from 'node:util';
import { z } from 'zod';
import { ensureContainerEngine } from '../local/container-engine.ts';
import { changedSince, importingChanged, startingChanged } from './changed.ts';

const usage = `Everything that is tested, the quick things first: a table at the end, and a summary as the last line.

  npm test                        all of it
  npm test -- --changed           for daily work: the tests of what is not committed yet
  npm test -- --changed main      the tests of what has changed since main

With --changed, types, lint and unused code are checked as always; of the tests those run that import what has changed, or start a
program that it is part of. The end-to-end tests start the whole pipeline: they run when something of that, or of them, has changed.

One project or file: npx vitest run --project core|unit|infra|e2e [FILE …]`;

const root = join(import.meta.dirname, '..');
const binaries = join(root, 'node_modules', '.bin');

interface Outcome {
  passed: number;
  failed: number;
  skipped: number;
  /** What is said of each failure once more at the end, where who reads a long log looks first. */
  failures?: string[];
}

type Write = (text: string) => void;

interface Step {
  name: string;
  /** What it prints goes to `write`. */
  run(write: Write): Promise<Outcome>;
}

/** What vitest's JSON reporter counts. */
const reportSchema = z.object({
  numPassedTests: z.int(),
  numFailedTests: z.int(),
  numPendingTests: z.int(),
  numTodoTests: z.int(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      message: z.string().optional(),
      assertionResults: z.array(
        z.object({ status: z.string(), fullName: z.string(), failureMessages: z.array(z.string()).nullish() }),
      ),
    }),
  ),
});

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

function tool(name: string, args: string[], write: Write): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(join(binaries, name), args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...colour, ...process.env, PATH: `${binaries}${delimiter}${process.env.PATH}` },
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
      const folder = await mkdtemp(join(tmpdir(), 'slipway-test-'));
      const report = join(folder, 'report.json');
      const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
      const code = await tool('vitest', ['run', '--project', project, ...reporters, ...(chosen ?? [])], write);
      const text = await readFile(report, 'utf8').catch(() => undefined);
      await rm(folder, { recursive: true });
      // Without a report vitest itself could not run.
      if (text === undefined) return { passed: 0, failed: 1, skipped: 0 };
      const counts = reportSchema.parse(JSON.parse(text));
      // A file that cannot be loaded has no tests that could have failed.
      const broken = counts.testResults.filter(
        ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
      );
      const failed = counts.numFailedTests + broken.length;
      return {
        passed: counts.numPassedTests,
        failed: failed === 0 && code !== 0 ? 1 : failed,
        skipped: counts.numPendingTests + counts.numTodoTests,
        failures: counts.testResults.flatMap(failuresOf),
      };
    },
  };
}

/** Of one file: where, which test, and the first lines of why. */
function failuresOf({ name, status, message, assertionResults }: z.infer<typeof reportSchema>['testResults'][number]) {
  if (status !== 'failed') return [];
  const failed = assertionResults
    .filter((result) => result.status === 'failed')
    .map(({ fullName, failureMessages }) => ({ title: fullName, why: failureMessages?.join('\n') ?? '' }));
  const said = failed.length > 0 ? failed : [{ title: 'cannot be loaded', why: message ?? '' }];
  return said.map(
    ({ title, why }) => `${relative(root, name)}: ${title}\n  ${why.split('\n').slice(0, 12).join('\n  ')}`,
  );
}

/** The tests of the builder and those from end to end build images. */
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

/** Steps of one group run beside each other, as none of them keeps two cores busy. */
const groups: Step[][] = [
  [
    check('types', 'tsc'),
    check('lint and format', 'biome', 'check', '--error-on-warnings', '.'),
    check('unused code', 'knip'),
    tests('core'),
    tests('infra'),
  ],
  [engine],
  // Both wait for containers, git and the disk as much as they compute.
  [tests('unit'), tests('e2e')],
];

const rows: { name: string; outcome: Outcome; seconds: number }[] = [];

async function run(step: Step): Promise<(typeof rows)[number]> {
  const lines = linesOf(step.name);
  const begin = performance.now();
  const outcome = await step.run(lines.write);
  lines.end();
  return { name: step.name, outcome, seconds: (performance.now() - begin) / 1000 };
}

for (const [at, group] of groups.entries()) {
  console.log(styleText('bold', `\n[${at + 1}/${groups.length}] ${group.map(({ name }) => name).join(', ')}`));
  rows.push(...(await Promise.all(group.map(run))));
}

for (const failure of rows.flatMap(({ outcome }) => outcome.failures ?? [])) {
  console.log(`\n${styleText('red', 'failed')} ${stripVTControlCharacters(failure)}`);
}
console.log(
  `\n${'step'.padEnd(18)}${['passed', 'failed', 'skipped', 'seconds'].map((title) => title.padStart(9)).join('')}`,
);
for (const { name, outcome, seconds } of rows) {
  const cells = [outcome.passed, outcome.failed, outcome.skipped, seconds.toFixed(1)]
    .map((cell) => String(cell).padStart(9))
    .join('');
  console.log(styleText(outcome.failed > 0 ? 'red' : 'green', `${name.padEnd(18)}${cells}`));
}
const sum = (key: 'passed' | 'failed' | 'skipped') => rows.reduce((total, { outcome }) => total + outcome[key], 0);
const skipped = sum('skipped');
console.log(`\n${sum('passed')} passed, ${sum('failed')} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
process.exitCode = sum('failed') > 0 ? 1 : 0;
