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
import { createTables, stateTables } from '../test/services/tables.ts';
import { event } from '../test/site/sample-site.ts';
import { atMost, quantile, type Row } from './report.ts';

const projectCount = 10_000;
const buildCount = 30_000;
const writesAtOnce = 200;
const requestsOfEach = 200;
/** In milliseconds, of the slowest of a hundred answers. */
const slowest = 50;
/** In bytes. */
const largestPage = 60_000;

const digits = (number: number, length: number) => number.toString(16).padStart(length, '0');
const nameOf = (number: number) => `team${number % 100}/service-${number}:latest`;
const siteUrl = 'https://slipway.example.org';

/**
 * The pages and the search on tables with 10,000 projects and 30,000 builds, of which a few projects have many: an answer must not take
 * longer because there is more. The tables are dynalite's, in this process; the log and the reports are empty.
 */
export async function run(): Promise<Row[]> {
  const client = createTables(stateTables);
  const [builds, projects, releases] = [
    createBuilds(client, 'builds'),
    createProjects(client, 'projects'),
    createReleases(client, 'releases'),
  ];
  await inBatches(projectCount, (number) => projects.put(sampleProject(number)));
  await inBatches(buildCount, (number) => builds.create(sampleBuild(number)));
  const [cascades, holds, targets] = [
    createCascades(client, 'cascades'),
    createHolds(client, 'releases'),
    createTargets(client, 'targets'),
  ];
  const none = async () => undefined;
  const handler = createSiteHandler({
    builds,
    projects,
    releases: { ...releases, findings: none, retention: none },
    cascades,
    holds,
    targets,
    sources: { get: none },
    relations: {
      statuses: async (bases) => baseStatuses(bases, new Map()),
      dependents: async () => ({ projects: [], more: 0 }),
      pending: none,
    },
    log: { slice: async () => ({ bytes: Buffer.of(), from: 0, total: 0 }), lines: none },
    records: { scan: none, scanners: none, comparison: none, packages: none, steps: none },
    sboms: { address: none },
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
  const rows: Row[] = [];
  for (const [figure, addressOf] of Object.entries(requests))
    rows.push(...(await measured(handler, figure, addressOf)));
  return rows;
}

/** A different address each time, so that nothing is answered from what was read before. */
const requests: Record<string, (number: number) => string> = {
  overview: () => '/',
  'builds by status': () => '/?status=blocked',
  'projects by name': (number) => `/projects?prefix=team${number % 100}/`,
  project: (number) => `/projects/${nameOf(number % 50).replace(':', '/')}`,
  build: (number) => `/builds/${digits(number, 16)}`,
  'search for a job': (number) => `/search?q=service-${number}`,
  'search for an app': (number) => `/search?q=team${number % 100}`,
  'search for a commit': (number) => `/search?q=${digits(number, 8)}`,
};

async function measured(handler: SiteHandler, figure: string, addressOf: (number: number) => string): Promise<Row[]> {
  const times: number[] = [];
  let largest = 0;
  for (let number = 1; number <= requestsOfEach; number += 1) {
    const url = new URL(addressOf(number), siteUrl);
    const begun = performance.now();
    const { statusCode = 0, body = '' } = await handler(event(url, {}, 'GET'));
    times.push(performance.now() - begun);
    if (statusCode >= 400) throw new Error(`${url.href} was answered with ${statusCode}.`);
    largest = Math.max(largest, body.length);
  }
  const p99 = quantile(times, 0.99);
  return [
    { benchmark: 'site', figure: `${figure}: p99`, value: p99, unit: 'ms', ...atMost(slowest, p99) },
    {
      benchmark: 'site',
      figure: `${figure}: page`,
      value: largest / 1000,
      unit: 'kB',
      ...atMost(largestPage / 1000, largest / 1000),
    },
  ];
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

function sampleBuild(number: number): Build {
  const createdAt = new Date(Date.now() - number * 1000).toISOString();
  const commit = digits(number, 8).padEnd(40, '0');
  return {
    id: digits(number, 16),
    // Every third build is of one of fifty busy projects.
    project: nameOf(number % 3 === 0 ? number % 50 : number % projectCount),
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
