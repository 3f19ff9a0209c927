import { gzipSync } from 'node:zlib';
import { Logger } from '@aws-lambda-powertools/logger';
import { PutCommand, ScanCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { InvalidInputError } from '../../core/model/errors.ts';
import type { PackageList, PackageRepository } from '../../core/model/package-list.ts';
import type { Trigger } from '../../core/model/trigger.ts';
import { createWatchPackages } from '../../functions/watch-packages.ts';
import { createPublicFetch } from '../../services/http/public-fetch.ts';
import { createPackageRepositories } from '../../services/packages/package-repositories.ts';
import { createPackageChecks } from '../../services/tables/package-checks.ts';
import { memoryCache, type PackageSite, packagesFile, putSuite, startPackageSite } from '../services/package-site.ts';
import { createTables } from '../services/tables.ts';

let site: PackageSite;
let client: ReturnType<typeof createTables>;
let lists: Map<string, PackageList | Error>;
let sent: Trigger[];
let cache: ReturnType<typeof memoryCache>;
const logger = new Logger({ serviceName: 'test', logLevel: 'SILENT' });
const warn = vi.spyOn(logger, 'warn');

beforeEach(async () => {
  site = await startPackageSite();
  client = createTables();
  lists = new Map();
  sent = [];
  cache = memoryCache();
  warn.mockClear();
});
afterEach(async () => {
  await site[Symbol.asyncDispose]();
});

const main = (): PackageRepository => ({
  type: 'apt',
  url: `${site.url}/debian`,
  suite: 'stable',
  components: ['main'],
});

/** A released image of Debian with these packages. */
async function release(
  job: string,
  versions: Record<string, string>,
  { repositories = [main()], ...more }: { repositories?: PackageRepository[] } & Record<string, unknown> = {},
): Promise<void> {
  const packages = Object.entries(versions).map(([name, version]) => ({ name, version, architecture: 'amd64' }));
  lists.set(job, {
    version: 1,
    contents: { state: 'read', manager: 'dpkg', architecture: 'amd64', packages, repositories },
  });
  const project = { name: `demo/${job}:latest`, active: true, released: { build: job }, ...more };
  await client.send(new PutCommand({ TableName: 'projects', Item: project }));
}

const publish = (versions: Record<string, string>) =>
  putSuite(site, '/debian/dists/stable', { 'main/binary-amd64/Packages.gz': gzipSync(packagesFile(versions)) });

/** One run; gives the projects that it calls for rebuilds of. */
async function watch(deadline = new Date(Date.now() + 60_000)) {
  const run = createWatchPackages({
    checks: createPackageChecks(client, 'projects'),
    lists: {
      of: async (build) => {
        const found = lists.get(build);
        if (found instanceof Error) throw found;
        return found;
      },
    },
    openRepositories: () => createPackageRepositories(createPublicFetch({ privateHosts: [site.host] }), cache),
    triggers: { sendBatch: async (triggers) => void sent.push(...triggers) },
    repositoryPrefix: '',
    logger,
  });
  const before = sent.length;
  const report = await run(deadline);
  const triggers = sent.slice(before);
  return { report, rebuilt: triggers.map((each) => ('project' in each ? each.project : '')).sort(), triggers };
}

test('an image with a package that has an update is rebuilt once, and again only for another update', async () => {
  await release('app', { bash: '5-1', zlib1g: '1-1' });
  await release('fresh', { bash: '5-2' });
  publish({ bash: '5-2', zlib1g: '1-1' });

  const first = await watch();
  expect(first.triggers).toEqual([
    {
      type: 'packages-changed',
      id: expect.stringMatching(/^packages:demo\/app:latest:[0-9a-f]{32}$/),
      project: 'demo/app:latest',
      updates: [{ package: 'bash', installed: '5-1', available: '5-2' }],
      total: 1,
    },
  ]);
  expect((await watch()).rebuilt).toEqual([]);
  publish({ bash: '5-2', zlib1g: '1-2' });
  expect((await watch()).rebuilt).toEqual(['demo/app:latest']);
  expect((await watch()).rebuilt).toEqual([]);
});

test('a run that crashed before it recorded what it sent sends the same again, under the same id', async () => {
  await release('app', { bash: '5-1' });
  publish({ bash: '5-2' });
  const [first] = (await watch()).triggers;
  await release('app', { bash: '5-1' });
  const [again] = (await watch()).triggers;
  expect(again?.id).toBe(first?.id);
});

test('a project waits for its parent, declared or observed, and comes by itself if the parent’s rebuild brought nothing', async () => {
  await release('base', { bash: '5-1' });
  await release('declared', { bash: '5-1' }, { dependsOn: ['demo/base'] });
  await release(
    'observed',
    { bash: '5-1', own: '1' },
    { bases: [{ image: 'registry.test/demo/base:latest', own: true }] },
  );
  await release('grandchild', { bash: '5-1' }, { dependsOn: ['demo/declared:latest'] });
  await release('stranger', { bash: '5-1' }, { bases: [{ image: 'docker.io/demo/base:latest', own: false }] });
  publish({ bash: '5-2', own: '2' });

  expect((await watch()).rebuilt).toEqual(['demo/base:latest', 'demo/stranger:latest']);
  expect((await watch()).rebuilt).toEqual(['demo/declared:latest', 'demo/observed:latest']);
  expect((await watch()).rebuilt).toEqual(['demo/grandchild:latest']);
  expect((await watch()).rebuilt).toEqual([]);
});

test('a project that was rebuilt after the parent that it waited for is not rebuilt again by itself', async () => {
  await release('base', { bash: '5-1' });
  await release('app', { bash: '5-1', own: '1' }, { dependsOn: ['demo/base'] });
  publish({ bash: '5-2', own: '2' });
  expect((await watch()).rebuilt).toEqual(['demo/base:latest']);

  // Both are released anew, and their Dockerfiles have upgraded nothing.
  for (const job of ['base', 'app']) {
    lists.set(`${job} again`, lists.get(job) ?? new Error('no list'));
    await client.send(
      new UpdateCommand({
        TableName: 'projects',
        Key: { name: `demo/${job}:latest` },
        UpdateExpression: 'SET released.build = :build',
        ExpressionAttributeValues: { ':build': `${job} again` },
      }),
    );
  }
  expect((await watch()).rebuilt).toEqual([]);
  expect((await watch()).rebuilt).toEqual([]);
  publish({ bash: '5-2', own: '3' });
  expect((await watch()).rebuilt).toEqual(['demo/app:latest']);
});

test('a repository out of reach is one warning, keeps no other image and makes nothing sent that was none', async () => {
  const gone: PackageRepository = { type: 'apk', url: `${site.url}/gone` };
  await release('one', { bash: '5-1' }, { repositories: [gone, main()] });
  await release('two', { bash: '5-1' }, { repositories: [main(), gone] });
  publish({ bash: '5-2' });

  const { report, rebuilt } = await watch();
  expect(rebuilt).toEqual(['demo/one:latest', 'demo/two:latest']);
  expect(report).toMatchObject({ checked: 2, unreachable: 1 });
  expect(warn).toHaveBeenCalledTimes(1);

  const everything = new Map(site.files);
  site.files.clear();
  expect((await watch()).rebuilt).toEqual([]);
  for (const [path, file] of everything) site.files.set(path, file);
  expect((await watch()).rebuilt).toEqual([]);
});

test('an image without a list, with one that cannot be read or with no packages is no reason to stop', async () => {
  await release('app', { bash: '5-1' });
  await release('old', {});
  lists.delete('old');
  await release('forged', {});
  lists.set('forged', new InvalidInputError('The list cannot be read.'));
  await release('unreadable', {});
  lists.set('unreadable', { version: 1, contents: { state: 'unreadable', reason: 'bdb' } });
  await release('scratch', {});
  lists.set('scratch', { version: 1, contents: { state: 'none' } });
  await release('inactive', { bash: '5-1' }, { active: false });
  publish({ bash: '5-2' });

  const { report, rebuilt } = await watch();
  expect(rebuilt).toEqual(['demo/app:latest']);
  expect(report).toMatchObject({ images: 5, checked: 2, unknown: 3 });
});

test('what a run did not get to comes first in the next', async () => {
  await release('a', { bash: '5-1' });
  await release('b', { bash: '5-1' }, { packagesCheckedAt: new Date(Date.now() - 2 * 86_400_000).toISOString() });
  await release('c', { bash: '5-1' }, { packagesCheckedAt: new Date().toISOString() });
  publish({ bash: '5-2' });
  const { report, rebuilt } = await watch(new Date(0));
  expect({ rebuilt, left: report.left }).toEqual({ rebuilt: [], left: 3 });

  // The first two are read at once; then the time is up.
  let reads = 0;
  const order: string[] = [];
  const real = lists;
  lists = new Map(real);
  lists.get = (build) => {
    reads += 1;
    order.push(build);
    return real.get(build);
  };
  await watch();
  expect({ reads, order }).toEqual({ reads: 3, order: ['a', 'b', 'c'] });
});

test('a project that is taken away while it is checked does not come back as half of one', async () => {
  publish({ bash: '5-2' });
  await createPackageChecks(client, 'projects').record('demo/gone:latest', 'now', { tried: '' });
  const { Items } = await client.send(new ScanCommand({ TableName: 'projects' }));
  expect(Items).toEqual([]);
});

test('two hundred images of one distribution ask for its files once', async () => {
  publish({ bash: '5-2' });
  for (let at = 0; at < 200; at += 1) await release(`app${at}`, { bash: '5-1' });
  const { report } = await watch();
  expect(report).toMatchObject({ images: 200, checked: 200, outdated: 200, rebuilds: 200, left: 0 });
  expect(site.answers).toHaveLength(3);
});
