import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeAssembly } from '../local/assembly.ts';
import {
  endMachine,
  forkMachine,
  type MachineAnswer,
  type MachineFacts,
  type MachineProcess,
} from '../test/e2e/machine.ts';
import { fillTables } from './fill-tables.ts';
import { atMost, median, quantile, type Row, rowOf } from './report.ts';
import { type Amount, commitOf, digestOf, idOf, nameOf, sampleCascade, sampleContent, teamOf } from './site-content.ts';

const few: Amount = { projects: 100, builds: 300 };
const many: Amount = { projects: 10_000, builds: 30_000 };
const million: Amount = { projects: 10_000, builds: 1_000_000 };
const rounds = 100;
/** Those of a function that starts. */
const roundsAtStart = 10;
/** How much longer an answer may take where there is much more. */
const mostGrowth = 2;
/** In milliseconds, of the hundredth of the answers that take longest. */
const longest = 50;
/** In kB. */
const largestPage = 60;

const project = `/projects/${nameOf(0).replace(':', '/')}`;
const build = `/builds/${idOf(0)}`;
const release = `${project}/releases/${digestOf(0)}`;
const pages = [
  '/',
  '/?status=blocked',
  `/?project=${nameOf(0)}&status=failed`,
  '/search?q=',
  '/costs',
  '/cascades',
  project,
  `${project}/tags`,
  `${project}/releases`,
  release,
  `${project}/holds`,
  `${project}/retention`,
  build,
  `${build}/log`,
  `${build}/log?line=2500`,
  `${build}/log?q=bookworm+77`,
  `${build}/findings`,
  `${build}/findings?severity=HIGH`,
  `${build}/scanners/file-integrity`,
  `/cascades/${sampleCascade}`,
  `${project}/builds.atom`,
  `/badges/team0/service-0.svg`,
  `/badges/team0/service-0/version.svg`,
  '/badges/team0/service-0/vulnerability.svg',
];
const reads = [
  '/builds',
  `/builds?project=${nameOf(0)}&status=failed`,
  build,
  `${build}/log`,
  `${build}/findings`,
  `${build}/scanners`,
  `${build}/comparison`,
  project,
  `${project}/releases`,
  release,
  `${project}/holds`,
  '/cascades',
  `/cascades/${sampleCascade}`,
  `/cascades/${sampleCascade}/projects`,
  '/costs',
  '/openapi.json',
].map((path) => `/api/v1${path}`);
/** A different one each time. */
const others: Record<string, (number: number, amount: Amount) => string> = {
  'a project': (number, { projects }) => `/projects/${nameOf(number % projects).replace(':', '/')}`,
  'a build': (number) => `/builds/${idOf(number)}`,
  'projects by name': (number) => `/projects?prefix=${teamOf(number)}/`,
  'search for a job': (number, { projects }) => `/search?q=service-${projects - 1 - (number % projects)}`,
  'search for an app': (number) => `/search?q=${teamOf(number)}`,
  'search for a commit': (number) => `/search?q=${commitOf(number)}`,
  'search for a digest': (number, { projects }) => `/search?q=${digestOf(number % projects)}`,
  'search for a tag': (number) => `/search?q=${nameOf(number % 100)}`,
};
const addresses: typeof others = {
  ...Object.fromEntries([...pages, ...reads].map((path) => [path, () => path])),
  ...others,
};

/**
 * Every page and call of a machine that has 100 projects and 300 builds, and of one with 10,000 and 30,000 (or a million), of which two
 * projects have a third. The two are asked in turns, so that what else the computer does slows both.
 */
export async function run({ million: isMillion }: { million: boolean }): Promise<Row[]> {
  const amounts = [few, isMillion ? million : many] as const;
  const folder = await mkdtemp(join(tmpdir(), 'slipway-bench-'));
  const assembly = join(folder, 'cdk.out');
  await makeAssembly({ outputFolder: assembly, config: { pages: { requestsPerSecond: 10_000 } } });
  const machines: FilledMachine[] = [];
  try {
    for (const amount of amounts)
      machines.push(await filledMachine(join(folder, String(amount.builds)), assembly, amount));
    const [small, large] = machines as [FilledMachine, FilledMachine];
    const measured = new Map(Object.keys(addresses).map((name) => [name, { small: [], large: [], bytes: 0 } as Times]));
    // All in turns: what the site reads is used again for half a second, which an address asked for again at once would measure.
    for (let number = 0; number < roundsAtStart + rounds; number += 1)
      for (const [name, addressOf] of Object.entries(addresses)) {
        const times = measured.get(name) as Times;
        const before = await asked(small, addressOf(number % few.builds, small.amount));
        const after = await asked(large, addressOf(number % few.builds, large.amount));
        times.bytes = Math.max(times.bytes, after.bytes);
        if (number < roundsAtStart) continue;
        times.small.push(before.took);
        times.large.push(after.took);
      }
    return [...measured].flatMap(([name, times]) => rowsOf(name, times));
  } finally {
    for (const { process } of machines) await endMachine(process);
    await rm(folder, { recursive: true, force: true });
  }
}

/** In milliseconds, of each machine; and the size of the largest answer. */
interface Times {
  small: number[];
  large: number[];
  bytes: number;
}

async function asked({ facts }: FilledMachine, address: string): Promise<{ took: number; bytes: number }> {
  const begun = performance.now();
  const answer = await fetch(new URL(address, facts.url));
  const body = await answer.arrayBuffer();
  if (!answer.ok) throw new Error(`${answer.url} was answered with ${answer.status}.`);
  return { took: performance.now() - begun, bytes: body.byteLength };
}

function rowsOf(name: string, { small, large, bytes }: Times): Row[] {
  process.stderr.write(
    `  ${name}: ${median(small).toFixed(1)} and ${median(large).toFixed(1)} ms, at most ${Math.max(...large).toFixed(0)} ms\n`,
  );
  const row = rowOf('site');
  const [p99, growth, kilobytes] = [quantile(large, 0.99), median(large) / median(small), bytes / 1000];
  const isPage = !name.startsWith('/api/');
  return [
    row(`${name}: median`, median(large), 'ms'),
    row(`${name}: p99`, p99, 'ms', atMost(longest, p99)),
    row(`${name}: against few`, growth, '×', atMost(mostGrowth, growth)),
    ...(isPage ? [row(`${name}: page`, kilobytes, 'kB', atMost(largestPage, kilobytes))] : []),
  ];
}

interface FilledMachine {
  process: MachineProcess;
  facts: MachineFacts;
  amount: Amount;
}

async function filledMachine(folder: string, assembly: string, amount: Amount): Promise<FilledMachine> {
  const empty = await started(folder, assembly);
  const content = await sampleContent(empty.facts, amount);
  await endMachine(empty.process);
  const begun = performance.now();
  await fillTables(join(empty.facts.dataFolder, 'dynamodb'), content);
  const filled = await started(folder, assembly);
  const took = ((performance.now() - begun) / 1000).toFixed(0);
  process.stderr.write(`  ${amount.builds} builds are there after ${took} s\n`);
  return { ...filled, amount };
}

async function started(folder: string, assembly: string) {
  const machine = await forkMachine(folder, { assembly });
  const answer = await fetch(machine.url);
  if (!answer.ok) throw new Error(await answer.text());
  return { process: machine, facts: ((await answer.json()) as MachineAnswer).facts };
}
