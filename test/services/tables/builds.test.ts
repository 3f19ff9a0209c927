import { beforeAll, describe, expect, it } from 'vitest';
import type { Build, BuildStatus } from '../../../core/model/build.ts';
import { InvalidInputError, RecordConflictError } from '../../../core/model/errors.ts';
import { type Builds, createBuilds } from '../../../services/tables/builds.ts';
import { createTables } from '../tables.ts';

let builds: Builds;
let count = 0;

beforeAll(() => {
  const client = createTables();
  builds = createBuilds(client, 'builds');
});

const cost = { machineUsd: 0.02, controlUsd: 0.001, storageUsdPerMonth: 0.01, pricesOf: '2026-11-29' };

async function queued(over: Partial<Build> = {}): Promise<Build> {
  count += 1;
  const createdAt = new Date(Date.now() - 60_000 + count).toISOString();
  const build: Build = {
    id: count.toString(16).padStart(16, '0'),
    project: 'demo/app:latest',
    status: 'queued',
    cause: { type: 'push', delivery: 'd', ref: 'refs/heads/main', commit: 'a'.repeat(40), pusher: 'someone' },
    commit: 'a'.repeat(40),
    ref: 'refs/heads/main',
    sourceUrl: 'https://git.example/demo/app',
    notifyEmail: [],
    sequence: count,
    createdAt,
    stages: { build: { status: 'running', startedAt: createdAt } },
    ...over,
  };
  expect(await builds.create(build)).toBe(true);
  return build;
}

describe('a commit', () => {
  it('finds its builds whole and by its first digits, and no other with the same first seven', async () => {
    const commit = `abcdef1${'2'.repeat(33)}`;
    const build = await queued({ commit });
    const near = await queued({ commit: `abcdef1${'3'.repeat(33)}` });
    const ids = async (text: string) => (await builds.list({ commit: text }, { limit: 10 })).items.map(({ id }) => id);
    expect(await ids(commit)).toEqual([build.id]);
    expect(await ids('abcdef12')).toEqual([build.id]);
    expect((await ids('abcdef1')).toSorted()).toEqual([build.id, near.id].toSorted());
  });
});

describe('a build', () => {
  it('is recorded once', async () => {
    const build = await queued();
    expect(await builds.create({ ...build, commit: 'b'.repeat(40) })).toBe(false);
    expect((await builds.require(build.id)).commit).toBe(build.commit);
  });

  it('that is not recorded is a conflict that says so', async () => {
    await expect(builds.require('none')).rejects.toThrow(RecordConflictError);
  });

  it('goes through its stages, and a step that runs twice changes no beginning', async () => {
    const { id } = await queued();
    await builds.begin(id, 'build', 'building', ['queued']);
    await builds.endStage(id, 'build', 'succeeded');
    const first = await builds.begin(id, 'scan', 'scanning');
    const again = await builds.begin(id, 'scan', 'scanning');
    expect(again?.stages.scan).toEqual(first?.stages.scan);
    expect(again?.status).toBe('scanning');
    expect(again?.stages.build).toMatchObject({ status: 'succeeded', endedAt: expect.any(String) });
  });

  it('is not set back by an event that comes late', async () => {
    const { id } = await queued();
    await builds.begin(id, 'scan', 'scanning');
    expect(await builds.begin(id, 'build', 'building', ['queued'])).toBeUndefined();
    expect((await builds.require(id)).status).toBe('scanning');
  });

  it('ends once: the first end stays', async () => {
    const build = await queued();
    const failure = { error: 'X', message: 'first' };
    expect(await builds.close(build, 'failed', { failure })).toMatchObject({
      status: 'failed',
      stages: { build: { status: 'failed' } },
    });
    expect(await builds.close(build, 'released')).toBeUndefined();
    expect(await builds.begin(build.id, 'scan', 'scanning')).toBeUndefined();
    expect(await builds.require(build.id)).toMatchObject({ status: 'failed', failure });
  });

  it('is notified by one of those who try, and by nobody afterwards', async () => {
    const build = await queued();
    await builds.close(build, 'failed');
    const claims = await Promise.all([builds.claimNotification(build.id), builds.claimNotification(build.id)]);
    expect(claims.filter(Boolean)).toHaveLength(1);
    await builds.markNotified(build.id, cost);
    expect(await builds.claimNotification(build.id, new Date(Date.now() + 3_600_000))).toBeUndefined();
  });

  it('is notified by another when the first one crashed', async () => {
    const { id } = await queued();
    await builds.claimNotification(id);
    expect(await builds.claimNotification(id)).toBeUndefined();
    expect(await builds.claimNotification(id, new Date(Date.now() + 3_600_000))).toBeDefined();
  });
});

describe('the list of builds', () => {
  it('has the newest first, page by page, over the turn of a month', async () => {
    const lastMonth = new Date();
    lastMonth.setUTCDate(0);
    const old = await queued({ createdAt: lastMonth.toISOString(), project: 'list/of:all' });
    await queued();
    const seen: Build[] = [];
    let cursor: string | undefined;
    do {
      const page = await builds.list({}, { limit: 3, cursor });
      expect(page.items.length).toBeLessThanOrEqual(3);
      seen.push(...page.items);
      cursor = page.cursor;
    } while (cursor);
    const times = seen.map(({ createdAt }) => createdAt);
    expect(times).toEqual([...times].sort().reverse());
    expect(new Set(seen.map(({ id }) => id)).size).toBe(count);
    expect(seen.at(-1)?.id).toBe(old.id);
  });

  it('of one project can be narrowed to a status', async () => {
    const build = await queued({ project: 'narrow/app:1' });
    const waiting = await queued({ project: 'narrow/app:1' });
    await builds.close(build, 'failed');
    expect((await builds.list({ project: 'narrow/app:1' }, { limit: 10 })).items).toHaveLength(2);
    const withStatus = async (status: BuildStatus) =>
      (await builds.list({ project: 'narrow/app:1', status }, { limit: 10 })).items.map(({ id }) => id);
    expect(await withStatus('failed')).toEqual([build.id]);
    expect(await withStatus('queued')).toEqual([waiting.id]);
    expect(await withStatus('released')).toEqual([]);
    expect((await builds.queuedOf('narrow/app:1', { limit: 10 })).items.map(({ id }) => id)).toEqual([waiting.id]);
  });

  it('refuses a cursor that it did not give', async () => {
    await expect(builds.list({}, { limit: 1, cursor: 'nonsense' })).rejects.toThrow(InvalidInputError);
  });
});

describe('the costs of a month', () => {
  it('are those of its builds that have ended, of one project or of all, and each build counts once', async () => {
    const [month, project] = ['2001-02', 'costs/of:one'];
    const notified = async (over: Partial<Build>) => {
      const { id } = await queued({ createdAt: `${month}-03T00:00:00.000Z`, ...over });
      await builds.claimNotification(id);
      await builds.markNotified(id, cost);
      await builds.markNotified(id, cost);
    };
    await notified({ project });
    await notified({ project, createdAt: `${month}-28T23:59:59.000Z` });
    await notified({ project, createdAt: '2001-03-01T00:00:00.000Z' });
    await notified({ project: 'costs/of:another' });
    await queued({ project, createdAt: `${month}-04T00:00:00.000Z` });

    const of = async (selection: Parameters<Builds['costs']>[0]) =>
      (await builds.costs(selection, { limit: 1000 })).items.map((item) => item.project).toSorted();
    expect(await of({ month, project })).toEqual([project, project]);
    expect(await of({ month })).toEqual(['costs/of:another', project, project]);
    expect(await of({ month: '2001-01' })).toEqual([]);
  });
});
