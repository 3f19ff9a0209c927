import { describe, expect, it, vi } from 'vitest';
import type { Build } from '../../core/model/build.ts';
import type { BuildResult } from '../../core/model/builder-contract.ts';
import { CandidateMismatchError, RecordConflictError, ScanPendingError } from '../../core/model/errors.ts';
import type { Scan } from '../../core/model/findings.ts';
import { type PlatformImage, platforms } from '../../core/model/platform.ts';
import { createCollectScan } from '../../functions/collect-scan.ts';
import { atEveryCrashPoint, type CrashPoints, createCrashPoints } from './crash-points.ts';
import { commit, digest, setUpServices } from './services-setup.ts';

const id = '00000000000000aa';
const complete: Scan = { state: 'complete', findings: [] };
const base = {
  reference: 'debian:12',
  image: 'docker.io/library/debian:12',
  digest: `sha256:${'b'.repeat(64)}`,
  own: false,
};
const made: BuildResult = {
  outcome: 'built',
  digest,
  commit,
  committedAt: '2026-11-21T00:00:00Z',
  bases: [base],
  engine: 'buildah',
  cacheUse: { cached: 7, total: 9 },
};

const images: PlatformImage[] = [
  { platform: 'linux/amd64', digest: `sha256:${'1'.repeat(64)}` },
  { platform: 'linux/arm64', digest: `sha256:${'2'.repeat(64)}` },
];

async function startCollecting(crashes: CrashPoints = createCrashPoints(), over: Partial<Build> = {}, isIndex = true) {
  const world = await setUpServices();
  await world.queue(id, over);
  await world.builds.begin(id, 'build', 'building');
  world.results.set(id, made);
  const scans = {
    scanOf: async (_: { repository: string; digest: string }): Promise<Scan> => complete,
    tagged: async (...[repository, tag]: [string, string]) =>
      repository === candidate.repository && tag === id ? { digest, sizeBytes: 12_345 } : undefined,
  };
  const observed: string[] = [];
  const copied: string[] = [];
  await world.track();
  const watcher = crashes.guard({
    async recordBases(...[build, result]: Parameters<typeof world.recordBases>) {
      observed.push(...(result.bases ?? []).map(({ image }) => image));
      await world.recordBases(build, result);
    },
  });
  const collect = createCollectScan({
    builds: crashes.guard(world.builds),
    recordBases: watcher.recordBases,
    records: crashes.guard(world.records),
    taken: { copy: async (from, to) => void copied.push(`${from} ${to}`) },
    indexes: { imagesOf: async () => (isIndex ? images : undefined) },
    scans: crashes.guard(scans),
    repositoryPrefix: 'slipway/',
  });
  return Object.assign(world, { scanner: scans, observed, copied, collect: (build = id) => collect({ build }) });
}

const candidate = { repository: 'slipway/candidate/demo/app', digest, sizeBytes: 12_345 };

describe('a candidate', () => {
  it('that a hold kept back is taken over from the build that made it, with what was recorded of it', async () => {
    const taker = 'f'.repeat(16);
    await using world = await startCollecting();
    await world.queue(taker, { cause: { type: 'unheld', requester: 'alice', candidateOf: id } });
    await world.collect(taker);
    expect(await world.builds.require(taker)).toMatchObject({ candidate });
    expect(world.copied).toEqual([`${id} ${taker}`]);
    expect(world.scans.get(taker)).toEqual(complete);
  });

  it('for several platforms has the images that its index names, which are scanned, and is kept back with what each has', async () => {
    const taker = 'f'.repeat(16);
    await using world = await startCollecting(createCrashPoints(), { platforms: [...platforms] });
    await world.queue(taker, { cause: { type: 'unheld', requester: 'alice', candidateOf: id } });
    const scanned = vi.spyOn(world.scanner, 'scanOf');
    await world.collect();
    await world.collect(taker);
    for (const build of [id, taker])
      expect(await world.builds.require(build)).toMatchObject({ candidate: { ...candidate, platforms: images } });
    expect(scanned).toHaveBeenCalledWith({ ...candidate, platforms: images });
    expect(world.copied).toEqual([`${id} ${taker}`, `${id}/amd64 ${taker}/amd64`, `${id}/arm64 ${taker}/arm64`]);
  });

  it('for several platforms that is not an index of them is not taken over', async () => {
    await using world = await startCollecting(createCrashPoints(), { platforms: [...platforms] }, false);
    await expect(world.collect()).rejects.toThrow(CandidateMismatchError);
    expect((await world.builds.require(id)).candidate).toBeUndefined();
  });

  it('is taken over with its bases, and its scan is kept', async () => {
    await using world = await startCollecting();
    await world.collect();
    expect(await world.builds.require(id)).toMatchObject({
      status: 'scanning',
      candidate,
      cacheUse: { cached: 7, total: 9 },
      stages: { build: { status: 'succeeded' }, scan: { status: 'succeeded' } },
    });
    expect(world.scans.get(id)).toEqual(complete);
    expect(world.observed).toEqual([base.image]);
  });

  it('waits for its scan, for which there is a reason if it never comes, and is taken over once', async () => {
    await using world = await startCollecting();
    world.scanner.scanOf = () => Promise.reject(new ScanPendingError('not yet'));
    await expect(world.collect()).rejects.toThrow(ScanPendingError);
    const waiting = await world.builds.require(id);
    expect(waiting).toMatchObject({ status: 'scanning', candidate, stages: { scan: { status: 'running' } } });
    await expect(world.collect()).rejects.toThrow(ScanPendingError);
    expect(world.scans.get(id)).toEqual({ state: 'timed-out', reason: 'not yet', findings: [] });
    world.scanner.scanOf = async () => complete;
    await world.collect();
    const { stages } = await world.builds.require(id);
    expect(stages.build).toEqual(waiting.stages.build);
    expect(stages.scan?.startedAt).toBe(waiting.stages.scan?.startedAt);
    expect(world.observed).toEqual([base.image]);
  });

  it('is taken over whole, wherever the first try crashed', async () => {
    await atEveryCrashPoint(async (crashes) => {
      const world = await startCollecting(crashes);
      return {
        run: world.collect,
        async check() {
          await using _ = world;
          expect(await world.builds.require(id)).toMatchObject({
            status: 'scanning',
            candidate,
            stages: { build: { status: 'succeeded' }, scan: { status: 'succeeded' } },
          });
          expect(world.observed).toContain(base.image);
          expect(world.scans.get(id)).toEqual(complete);
        },
      };
    });
  });
});

describe('the registry says which image a build has pushed', () => {
  it.each([
    ['another image', { digest: `sha256:${'e'.repeat(64)}`, sizeBytes: 1 }],
    ['no image', undefined],
  ])('a build whose tag names %s than it reports fails', async (_, pushed) => {
    await using world = await startCollecting();
    world.scanner.tagged = async () => pushed;
    await expect(world.collect()).rejects.toThrow(CandidateMismatchError);
    expect(await world.builds.require(id)).not.toHaveProperty('candidate');
    expect(world.scans.size).toBe(0);
  });
});

describe('no scan is requested', () => {
  it.each([
    ['when the builder left no result', undefined],
    ['when the builder says it failed', { outcome: 'failed', error: 'DockerfileFailedError', message: 'no' } as const],
  ])('%s', async (_, result) => {
    await using world = await startCollecting();
    if (result) world.results.set(id, result);
    else world.results.delete(id);
    await expect(world.collect()).rejects.toThrow(RecordConflictError);
    expect(await world.builds.require(id)).not.toHaveProperty('candidate');
    expect(world.scans.size).toBe(0);
  });

  it('for a build that has ended', async () => {
    await using world = await startCollecting();
    await world.builds.close(await world.builds.require(id), 'failed');
    const before = await world.builds.require(id);
    await world.collect();
    expect(await world.builds.require(id)).toEqual(before);
    expect(world.scans.size).toBe(0);
  });

  it.each([[{}], [{ build: '../x' }], [null]])('for the input %j', async (input) => {
    const nothing = new Proxy({}, { get: () => expect.unreachable() }) as never;
    const collect = createCollectScan({
      builds: nothing,
      recordBases: nothing,
      records: nothing,
      taken: nothing,
      indexes: nothing,
      scans: nothing,
      repositoryPrefix: '',
    });
    await expect(collect(input)).rejects.toThrow();
  });
});
