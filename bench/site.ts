import { baseStatuses } from '../core/bases/base-status.ts';
import type { Build } from '../core/model/build.ts';
import type { Project } from '../core/model/project.ts';
import { createSeals } from '../services/aws/seals.ts';
import { createBuilds } from '../services/tables/builds.ts';
import { createCascades } from '../services/tables/cascades.ts';
import { createHolds } from '../services/tables/holds.ts';
import { createProjects } from '../services/tables/projects.ts';
import { createReleases } from '../services/tables/releases.ts';
import { createTargets } from '../services/tables/targets.ts';
import { createSiteHandler, type SiteHandler } from '../site/handler.ts';
import { cpuTime } from '../test/cpu-time.ts';
import { createTables, stateTables } from '../test/services/tables.ts';
import { event } from '../test/site/sample-site.ts';
import { atMost, median, quantile, type Row } from './report.ts';

const few = { projects: 100, builds: 300 };
const many = { projects: 10_000, builds: 30_000 };
const million = { projects: 10_000, builds: 1_000_000 };
const writesAtOnce = 200;
const requestsOfEach = 100;
/** How much longer an answer may take where there is a hundred times as much. */
const mostGrowth = 2;
/** In milliseconds, of the hundredth of the answers that take longest. */
const longest = 50;
/** In kB. */
const largestPage = 60;

const digits = (number: number, length: number) => number.toString(16).padStart(length, '0');
/** Few have every third build, so that their pages are as long in both. */
const busyProjects = 2;
const teams = 4;
const commitOf = (number: number) => digits(number, 8).padEnd(40, '0');
const nameOf = (number: number) => `team${number % teams}/service-${number}:latest`;
const siteUrl = 'https://slipway.example.org';

/**
 * The pages and the search on tables with 100 projects and 300 builds, and with 10,000 and 30,000, of which some projects have most: an answer
 * must not take longer because there is more. The tables are dynalite's, in this process, and take most of the time; the log and the
 * reports are empty. What is measured is the time of the processor, so that other programs do not count.
 */
export async function run({ million: isMillion }: { million: boolean }): Promise<Row[]> {
  const all = isMillion ? million : many;
  const [small, large] = [await siteWith(few), await siteWith(all)];
  const results: Row[] = [];
  for (const [figure, addressOf] of Object.entries(requests)) {
    const [before, after] = [await measured(small, addressOf, few), await measured(large, addressOf, all)];
    const growth = median(after.times) / median(before.times);
    const p99 = quantile(after.times, 0.99);
    const kilobytes = after.largest / 1000;
    const benchmark = 'site';
    results.push(
      { benchmark, figure: `${figure}: median`, value: median(after.times), unit: 'ms' },
      { benchmark, figure: `${figure}: p99`, value: p99, unit: 'ms', ...atMost(longest, p99) },
      { benchmark, figure: `${figure}: against 100 projects`, value: growth, unit: '×', ...atMost(mostGrowth, growth) },
      { benchmark, figure: `${figure}: page`, value: kilobytes, unit: 'kB', ...atMost(largestPage, kilobytes) },
    );
  }
  return results;
}

interface Amount {
  projects: number;
  builds: number;
}

async function siteWith(amount: Amount): Promise<SiteHandler> {
  const client = createTables(stateTables);
  const [builds, projects, releases] = [
    createBuilds(client, 'builds'),
    createProjects(client, 'projects'),
    createReleases(client, 'releases'),
  ];
  await inBatches(amount.projects, (number) => projects.put(sampleProject(number)));
  await inBatches(amount.builds, (number) => builds.create(sampleBuild(number, amount)));
  const [cascades, holds, targets] = [
    createCascades(client, 'cascades'),
    createHolds(client, 'releases'),
    createTargets(client, 'targets'),
  ];
  const none = async () => undefined;
  return createSiteHandler({
    operators: [],
    hasLogin: false,
    builds,
    projects,
    releases: { ...releases, findings: none, retention: none },
    cascades,
    holds,
    targets,
    urlNotifications: { ofProject: async () => [] },
    sources: { get: none },
    relations: {
      statuses: async (bases) => baseStatuses(bases, new Map()),
      dependents: async () => ({ projects: [], more: 0 }),
      pending: none,
    },
    log: { slice: async () => ({ bytes: Buffer.of(), from: 0, total: 0 }), lines: none },
    records: { scan: none, scanners: none, comparison: none, packages: none, steps: none },
    sboms: { address: none },
    commitSigner: undefined,
    buildsInFlight: 0,
    signingKey: { publicKey: async () => Buffer.of() },
    signatures: { read: none },
    addresses: {
      get: none,
      answer: none,
      summary: async () => ({ all: 1, unconfirmed: 0, refused: 0, unreachable: 0 }),
    },
    seals: createSeals({ current: async () => 'the key' }),
    siteUrl,
    onError: (error) => process.stderr.write(`${String(error)}\n`),
  });
}

/** A different address each time, so that nothing is answered from what was read before. */
const requests: Record<string, (number: number, amount: Amount) => string> = {
  overview: () => '/',
  'builds by status': () => '/?status=blocked',
  'projects by name': (number) => `/projects?prefix=team${number % teams}/`,
  project: (number) => `/projects/${nameOf(number % busyProjects).replace(':', '/')}`,
  build: (number) => `/builds/${digits(number, 16)}`,
  'search for a job': (number, { projects }) => `/search?q=service-${projects - number}`,
  'search for an app': (number) => `/search?q=team${number % teams}`,
  'search for a commit': (number) => `/search?q=${commitOf(number)}`,
};

async function measured(handler: SiteHandler, addressOf: (typeof requests)[string], amount: Amount) {
  const times: number[] = [];
  let largest = 0;
  for (let number = 1; number < requestsOfEach; number += 1) {
    const url = new URL(addressOf(number, amount), siteUrl);
    const begun = cpuTime();
    const { statusCode = 0, body = '' } = await handler(event(url, {}, 'GET'));
    times.push(cpuTime() - begun);
    if (statusCode >= 400) throw new Error(`${url.href} was answered with ${statusCode}.`);
    largest = Math.max(largest, body.length);
  }
  return { times, largest };
}

async function inBatches(count: number, write: (number: number) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < count; from += writesAtOnce)
    await Promise.all(Array.from({ length: Math.min(writesAtOnce, count - from) }, (_, at) => write(from + at)));
}

function sampleProject(number: number): Project {
  const name = nameOf(number);
  const [appId = '', jobId = '', desiredTag = ''] = name.split(/[/:]/);
  return {
    name,
    appId,
    jobId,
    desiredTag,
    gitUrl: `https://github.com/${appId}/${jobId}.git`,
    gitBranch: 'main',
    source: `github.com/${appId}/${jobId}`,
    dockerfile: 'Dockerfile',
    context: '.',
    notifyEmail: [],
    dependsOn: [],
    file: 'index.d/teams.yml',
    sharesRepository: false,
    active: true,
  };
}

const statuses = ['released', 'released', 'released', 'blocked', 'failed', 'unchanged', 'building'] as const;

function sampleBuild(number: number, amount: Amount): Build {
  const createdAt = new Date(Date.now() - number * 1000).toISOString();
  const commit = commitOf(number);
  return {
    id: digits(number, 16),
    project: nameOf(number % (number % 3 === 0 ? busyProjects : amount.projects)),
    status: statuses[number % statuses.length] ?? 'released',
    cause: { type: 'push', delivery: String(number), ref: 'refs/heads/main', commit, pusher: 'alex' },
    commit,
    ref: 'refs/heads/main',
    sourceUrl: 'https://github.com/team/service.git',
    notifyEmail: [],
    sequence: number + 1,
    createdAt,
    endedAt: createdAt,
    stages: {},
  };
}
