import { beforeEach, describe, expect, it } from 'vitest';
import { platforms as platformNames } from '../../core/model/platform.ts';
import type { RetentionReport, StoredImage } from '../../core/retention/retention-plan.ts';
import { createExpireImages } from '../../functions/expire-images.ts';
import { createExpireRepository } from '../../functions/retention/expire-repository.ts';
import { createTargets } from '../../services/tables/targets.ts';
import { atEveryCrashPoint, type CrashPoints, createCrashPoints } from './crash-points.ts';
import { setUpServices, silentLogger } from './services-setup.ts';

const now = new Date('2026-11-29T12:00:00Z');
const daysAgo = (days: number) => new Date(now.getTime() - days * 86_400_000).toISOString();
const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`;
const rules = { days: 90, newest: 0 };

/** A registry with released images, and what is known of them. */
async function setUp(crashes: CrashPoints = createCrashPoints()) {
  const services = await setUpServices();
  const stored = new Map<string, StoredImage>();
  const referrers = new Map<string, string[]>();
  const [deleted, archived]: [string[], string[]] = [[], []];
  const reports = new Map<string, RetentionReport>();
  const expireImages = createExpireImages({
    projects: services.projects,
    logger: silentLogger,
    expireRepository: createExpireRepository({
      images: crashes.guard({
        list: async (repository: string) =>
          repository === 'slipway/demo/app' ? { images: [...stored.values()], referrers } : undefined,
        remove: async (_: string, digests: readonly string[]) => {
          deleted.push(...digests);
          for (const digest of digests) stored.delete(digest);
        },
        archive: async (_: string, digest: string) => {
          archived.push(digest);
          stored.delete(digest);
        },
      }),
      imageUse: { lastUses: async () => new Map() },
      projects: crashes.guard(services.projects),
      releases: crashes.guard(services.releases),
      targets: createTargets(services.client, 'targets'),
      reports: crashes.guard({ put: async (path: string, report: RetentionReport) => void reports.set(path, report) }),
      repositoryPrefix: 'slipway/',
    }),
  });
  await services.track({ name: 'demo/app:latest', appId: 'demo', jobId: 'app' });
  return {
    ...services,
    deleted,
    archived,
    reports,
    referrers,
    run: (options: { isDryRun?: boolean; repository?: string; expired?: 'archive' } = {}) =>
      expireImages({
        rules,
        expired: 'delete',
        isDryRun: false,
        repository: undefined,
        now,
        isLate: () => false,
        ...options,
      }),
    async release(letter: string, days: number, parts = ''): Promise<void> {
      const digest = digestOf(letter);
      const tags = [`build-20260101T000000Z-${letter.repeat(7)}`];
      const platforms = [...parts].map((part, at) => ({
        platform: platformNames[at] ?? 'linux/arm64',
        digest: digestOf(part),
      }));
      const image = { project: 'demo/app:latest', digest, build: `build-${letter}`, tags, at: daysAgo(days) };
      await services.releases.record({ ...image, platforms: parts ? platforms : undefined }, 'slipway/demo/app');
      const unused = { bytes: 10, pulledAt: undefined, inUseAt: undefined };
      stored.set(digest, { digest, tags, ...unused });
      for (const part of platforms) stored.set(part.digest, { digest: part.digest, tags: [], ...unused });
    },
    pull: (letter: string, days: number) => {
      const image = stored.get(digestOf(letter));
      if (image) stored.set(image.digest, { ...image, pulledAt: daysAgo(days) });
    },
  };
}

let world: Awaited<ReturnType<typeof setUp>>;
beforeEach(async () => {
  world = await setUp();
  await world.release('a', 200);
  await world.release('b', 10);
});

describe('a released image that has expired', () => {
  it('is deleted with its signature and SBOMs, and can no longer be gone back to', async () => {
    world.referrers.set(digestOf('a'), ['sha256:signature', 'sha256:sbom']);
    await world.run();
    expect(world.deleted).toEqual([digestOf('a'), 'sha256:signature', 'sha256:sbom']);
    expect(await world.releases.get({ project: 'demo/app:latest', digest: digestOf('a') })).toMatchObject({
      state: 'gone',
    });
    expect(world.reports.get('demo/app')?.decisions.map(({ digest }) => digest)).toEqual([
      digestOf('b'),
      digestOf('a'),
    ]);
  });

  it('is archived instead where the configuration says so, and what stands beside it stays', async () => {
    world.referrers.set(digestOf('a'), ['sha256:signature']);
    await world.run({ expired: 'archive' });
    expect([world.archived, world.deleted]).toEqual([[digestOf('a')], []]);
    expect(await world.releases.get({ project: 'demo/app:latest', digest: digestOf('a') })).toMatchObject({
      state: 'gone',
      reason: 'It was archived.',
    });
  });

  it('stays if it is the current release, or what another project is built on', async () => {
    await world.projects.claimRelease('demo/app:latest', 'build-a', now);
    await world.projects.finishRelease('demo/app:latest', {
      build: 'build-a',
      digest: digestOf('a'),
      tags: [],
      at: daysAgo(200),
    });
    await world.release('c', 300);
    await world.track({ name: 'demo/child:latest', appId: 'demo', jobId: 'child' });
    const base = { reference: 'demo/app:latest', image: 'registry.example/demo/app', digest: digestOf('c'), own: true };
    await world.projects.recordBases('demo/child:latest', [base], 1);
    await world.run();
    expect(world.deleted).toEqual([]);
  });

  it('stays if it is released again while the run decides', async () => {
    const { markExpired } = world.releases;
    world.releases.markExpired = async (image, expired) => {
      await world.release('a', 0);
      return markExpired(image, expired);
    };
    await world.run();
    expect(world.deleted).toEqual([]);
  });
});

describe('a release or a rollback that runs at the same time', () => {
  const current = { build: 'rollback', digest: digestOf('a'), tags: ['latest'], at: daysAgo(0) };

  it('goes first: nothing of the repository is deleted while it has the tags', async () => {
    await world.projects.claimRelease('demo/app:latest', 'rollback');
    expect(await world.run()).toEqual([]);
    expect(world.deleted).toEqual([]);
  });

  it('keeps the image that it has taken up since the run began', async () => {
    const { claimRelease } = world.projects;
    world.projects.claimRelease = async (name, build, at) => {
      await claimRelease(name, 'rollback');
      await world.projects.finishRelease(name, current);
      return claimRelease(name, build, at);
    };
    await world.run();
    expect(world.deleted).toEqual([]);
  });

  it('gets the tags once the run is over', async () => {
    await world.run();
    expect(world.deleted).toEqual([digestOf('a')]);
    await expect(world.projects.claimRelease('demo/app:latest', 'rollback')).resolves.toBeDefined();
  });
});

it('a dry run says what would be, deletes nothing and records nothing', async () => {
  const [report] = await world.run({ isDryRun: true, repository: 'demo/app' });
  expect(report?.decisions.map(({ digest, reasons }) => [digest, reasons.length > 0])).toEqual([
    [digestOf('b'), true],
    [digestOf('a'), false],
  ]);
  expect([world.deleted, world.reports.size]).toEqual([[], 0]);
  expect(await world.run({ isDryRun: true, repository: 'demo/none' })).toEqual([]);
});

it('a run that crashes anywhere is made good by the next', async () => {
  await atEveryCrashPoint(async (crashes) => {
    const crashing = await setUp(crashes);
    await crashing.release('a', 200, '12');
    return {
      run: () => crashing.run(),
      check: async () =>
        expect(crashing.deleted).toEqual(expect.arrayContaining([digestOf('a'), digestOf('1'), digestOf('2')])),
    };
  });
});

describe('a released image for several platforms', () => {
  it('is deleted with the images that no other one has, and with what stands beside them', async () => {
    await world.release('c', 200, '12');
    await world.release('d', 10, '13');
    world.referrers.set(digestOf('2'), [digestOf('9')]);
    await world.run();
    expect(world.deleted.slice(2)).toEqual([digestOf('2'), digestOf('9')]);
    expect(new Set(world.deleted.slice(0, 2))).toEqual(new Set([digestOf('a'), digestOf('c')]));
  });

  it('stays while somebody pulls it, who pulls the image of a platform', async () => {
    await world.release('c', 200, '12');
    world.pull('2', 3);
    await world.run();
    expect(world.deleted).toEqual([digestOf('a')]);
  });

  it('keeps an image that was released by itself, and is archived with all of its own', async () => {
    await world.release('1', 200);
    await world.release('c', 10, '12');
    await world.release('d', 200, '14');
    await world.run({ expired: 'archive' });
    expect(world.archived.toSorted()).toEqual([digestOf('4'), digestOf('a'), digestOf('d')]);
  });
});
