import { DynamoDBClient, GetItemCommand, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { problemOf } from '../core/builds/problem.ts';
import type { Build } from '../core/model/build.ts';
import { recordKeys } from '../core/model/builder-contract.ts';
import { monthOf } from '../core/time/month.ts';
import { createRecords } from '../services/records/records.ts';
import { createBuilds } from '../services/tables/builds.ts';
import { createCascades } from '../services/tables/cascades.ts';
import { createHolds } from '../services/tables/holds.ts';
import { createProjects } from '../services/tables/projects.ts';
import { createReleases } from '../services/tables/releases.ts';
import type { MachineFacts } from '../test/e2e/machine.ts';
import { sampleComparison, sampleReports, sampleScan } from '../test/site/sample-records.ts';
import { sampleProject } from '../test/site/sample-site.ts';
import type { Content, Item } from './fill-tables.ts';

export interface Amount {
  projects: number;
  builds: number;
}

const teams = 4;
/** They have a third of all builds. */
const busyProjects = 2;
const logLines = 5000;
const statuses = ['released', 'released', 'released', 'blocked', 'failed', 'unchanged'] as const;
const digits = (number: number, length: number) => number.toString(16).padStart(length, '0');

export const idOf = (number: number): string => digits(number, 16);
export const commitOf = (number: number): string => digits(number, 8).padEnd(40, '0');
export const digestOf = (number: number): string => `sha256:${digits(number, 64)}`;
export const teamOf = (number: number): string => `team${number % teams}`;
export const nameOf = (number: number): string => `${teamOf(number)}/service-${number}:latest`;
/** The newest is that of number 0. A million are those of a year, and a month has many. */
const createdAt = (number: number, now: Date) => new Date(now.getTime() - (number + 1) * 30_000).toISOString();
const projectOf = (number: number, { projects }: Amount) =>
  nameOf(number % (number % 3 === 0 ? busyProjects : projects));

/**
 * Writes one record of each kind as the product does, and all that the newest build has; returns what makes a whole table of each record.
 * Nothing runs and nothing is overdue, so that the machine leaves all as it is.
 */
export async function sampleContent(
  { endpoint, region, credentials, outputs }: MachineFacts,
  amount: Amount,
): Promise<Record<string, Content>> {
  const settings = { endpoint, region, credentials };
  const client = new DynamoDBClient(settings);
  const { TableNames = [] } = await client.send(new ListTablesCommand());
  const tableOf = (noun: string) => TableNames.find((name) => name.includes(`State${noun}Table`)) ?? noun;
  const [builds, projects, releases] = [tableOf('Builds'), tableOf('Projects'), tableOf('Releases')];
  const documents = DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
  const now = new Date();
  const build = sampleBuild(now);
  await createBuilds(documents, builds).create(build);
  await createProjects(documents, projects).put({ ...sampleProject(build.project), notifyEmail: [] });
  const { digest = '', tags = [], repository = '' } = build.image ?? {};
  const release = { project: build.project, build: build.id, at: build.createdAt, digest, tags };
  await createReleases(documents, releases).record({ ...release, signed: false }, repository);
  for (let number = 0; number < 30; number += 1) {
    const by = { by: 'alex', at: createdAt(number, now), reason: 'A customer upgrades' };
    const action = number % 2 === 0 ? ('held' as const) : ('unheld' as const);
    await createHolds(documents, releases).record({ project: build.project, id: idOf(number), action, ...by });
  }
  await recordCascade(createCascades(documents, tableOf('Cascades')), amount, now);
  await recordBuild(
    { client: new S3Client({ ...settings, forcePathStyle: true }), bucket: outputs.RecordsBucketName ?? '' },
    build,
  );

  const itemOf = async (TableName: string, Key: Item) =>
    (await client.send(new GetItemCommand({ TableName, Key: Key as Record<string, { S: string }> }))).Item as Item;
  const [aBuild, aProject, aRelease] = await Promise.all([
    itemOf(builds, texts({ id: build.id })),
    itemOf(projects, texts({ name: build.project })),
    itemOf(releases, texts({ project: build.project, digest })),
  ]);
  return {
    [builds]: { items: amount.builds, same: aBuild, own: (number) => texts(buildKeys(number, amount, now)) },
    [projects]: { items: amount.projects, same: aProject, own: (number) => texts(projectKeys(number, amount, now)) },
    [releases]: { items: amount.projects, same: aRelease, own: (number) => texts(releaseKeys(number, now)) },
  };
}

const texts = (values: Record<string, string>): Item =>
  Object.fromEntries(Object.entries(values).map(([name, S]) => [name, { S }]));

/** Of each project builds have ended in each way. */
const statusOf = (number: number) => statuses[Math.floor(number / 3) % statuses.length] ?? 'released';

function buildKeys(number: number, amount: Amount, now: Date): Record<string, string> {
  const at = createdAt(number, now);
  const commit = commitOf(number);
  const project = projectOf(number, amount);
  const status = statusOf(number);
  return {
    id: idOf(number),
    project,
    status,
    outcome: `${project} ${status}`,
    commit,
    shortCommit: commit.slice(0, 7),
    createdAt: at,
    month: monthOf(new Date(at)),
  };
}

function projectKeys(number: number, { projects }: Amount, now: Date): Record<string, string> {
  const { name, appId, jobId, source } = sampleProject(nameOf(number));
  // Of every third number the build is that of a busy project.
  const last = number % 3 === 0 && number >= busyProjects ? number + projects : number;
  const problem = problemOf({ status: statusOf(last) });
  return {
    name,
    appId,
    jobId,
    source,
    lastBuild: idOf(last),
    ...(problem && { problem, problemAt: createdAt(last, now) }),
  };
}

const releaseKeys = (number: number, now: Date): Record<string, string> => ({
  project: nameOf(number),
  digest: digestOf(number),
  build: idOf(number),
  releasedAt: createdAt(number, now),
});

/** A build with all that one can have. */
function sampleBuild(now: Date): Build {
  const [at, commit, digest] = [createdAt(0, now), commitOf(0), digestOf(0)];
  const repository = 'slipway/team0/service-0';
  const stage = { status: 'succeeded', startedAt: at, endedAt: at } as const;
  return {
    id: idOf(0),
    project: nameOf(0),
    status: 'released',
    cause: { type: 'push', delivery: '1', ref: 'refs/heads/main', commit, pusher: 'alex' },
    commit,
    ref: 'refs/heads/main',
    sourceUrl: 'https://github.com/team0/service-0.git',
    notifyEmail: [],
    sequence: 1,
    createdAt: at,
    startedAt: at,
    endedAt: at,
    authored: { by: 'Alex', subject: 'Answer a request that has no session' },
    candidate: { repository: `candidate/${repository}`, digest, sizeBytes: 46_500_000 },
    image: { repository: `registry.example.org/${repository}`, digest, tags: ['latest', 'main', '1.2.3'] },
    stages: { build: stage, scan: stage, judge: stage, sign: stage, release: stage, tell: stage },
    verdict: { outcome: 'pass', digest, reasons: [], counts: { CRITICAL: 0, HIGH: 2, MEDIUM: 40, LOW: 258 } },
    scanners: { 'file-integrity': { state: 'complete', total: 2 } },
    changes: {
      against: idOf(1),
      packages: { added: 1, removed: 1, updated: 1 },
      vulnerabilities: { fixed: 4, introduced: 1 },
      size: { before: 45_300_000, after: 46_500_000 },
    },
    cost: { machineUsd: 0.01, controlUsd: 0.001, storageUsdPerMonth: 0.004, pricesOf: '2026-11-01' },
    notifiedAt: at,
  };
}

/** The log and the reports of a build. */
async function recordBuild(bucket: { client: S3Client; bucket: string }, { id }: Build): Promise<void> {
  const records = createRecords(bucket);
  const lines = Array.from(
    { length: logLines },
    (_, at) => `Get:${at} http://deb.debian.org/debian bookworm ${at} B\n`,
  );
  const log = { Bucket: bucket.bucket, Key: recordKeys.logPart(id, 1, 1), Body: lines.join('') };
  await Promise.all([
    bucket.client.send(new PutObjectCommand(log)),
    records.putScan(id, sampleScan(300)),
    records.putScanners(id, sampleReports),
    records.putComparison(id, sampleComparison),
  ]);
}

export const sampleCascade = '20261121T120000Z-000001';

async function recordCascade(
  cascades: ReturnType<typeof createCascades>,
  { projects }: Amount,
  now: Date,
): Promise<void> {
  const at = now.toISOString();
  const commit = commitOf(0);
  const cause = { type: 'push', delivery: '1', ref: 'refs/heads/main', commit, pusher: 'alex' } as const;
  await cascades.recordEvent(sampleCascade, { id: '1', cause, at });
  const names = Array.from({ length: Math.min(60, projects) }, (_, number) => nameOf(number));
  await cascades.addMembers(
    sampleCascade,
    names.map((project, number) => {
      const parents = number === 0 ? [] : [nameOf(number >> 1)];
      return { project, state: 'unchanged', parents, root: number === 0, since: at, version: 1 };
    }),
  );
}
