import { describe, expect, it } from 'vitest';
import type { Build } from '../../core/model/build.ts';
import type { BuildResult } from '../../core/model/builder-contract.ts';
import { PlatformFailedError, RecordConflictError } from '../../core/model/errors.ts';
import { type Platform, partOf, partTag, platforms } from '../../core/model/platform.ts';
import { createJoinPlatforms } from '../../functions/join-platforms.ts';
import { atEveryCrashPoint, type CrashPoints, createCrashPoints } from './crash-points.ts';
import { commit, setUpServices } from './services-setup.ts';

const id = '00000000000000aa';
const digests = { 'linux/amd64': `sha256:${'1'.repeat(64)}`, 'linux/arm64': `sha256:${'2'.repeat(64)}` };
const built = (platform: Platform): BuildResult => ({
  outcome: 'built',
  digest: digests[platform],
  commit,
  committedAt: '2026-11-21T00:00:00Z',
  bases: [],
  engine: 'buildah',
});
const reports = { version: 1 as const, reports: [] };
const machines = platforms.map((platform) => ({ platform }));

async function startJoining(over: Partial<Build> = {}, crashes: CrashPoints = createCrashPoints()) {
  const world = await setUpServices();
  await world.queue(id, { platforms: [...platforms], ...over });
  const pushed = new Map<string, { platform: string; digest: string }>();
  const indexes = new Map<string, string>();
  const copied: string[] = [];
  for (const platform of platforms) {
    world.results.set(partOf(id, platform), built(platform));
    world.scannerReports.set(partOf(id, platform), reports);
    pushed.set(partTag(id, platform), { platform, digest: digests[platform] });
  }
  const join = createJoinPlatforms({
    builds: world.builds,
    records: crashes.guard(world.records),
    taken: { copy: async (from, to, kinds) => void copied.push(`${kinds} ${from} ${to}`) },
    indexes: crashes.guard({
      async describe(repository: string, tag: string) {
        expect(repository).toBe('slipway/candidate/demo/app');
        const image = pushed.get(tag);
        return image && { ...image, mediaType: 'application/vnd.oci.image.manifest.v1+json', size: 7, annotations: {} };
      },
      async put(_: string, tag: string, manifest: string) {
        indexes.set(tag, manifest);
        return `sha256:${'f'.repeat(64)}`;
      },
    }),
    repositoryPrefix: 'slipway/',
  });
  return Object.assign(world, {
    pushed,
    indexes,
    copied,
    join: (ended: object[] = machines) => join({ build: id, machines: ended }),
  });
}

describe('the images that a build made for several platforms', () => {
  it('become one candidate, with one result', async () => {
    await using world = await startJoining();
    await world.join();
    expect(JSON.parse(world.indexes.get(id) ?? '').manifests).toMatchObject(
      platforms.map((platform) => ({ digest: digests[platform] })),
    );
    expect(world.results.get(id)).toMatchObject({ outcome: 'built', digest: `sha256:${'f'.repeat(64)}` });
    expect(world.scannerReports.get(id)).toEqual(reports);
    expect(world.copied).toEqual([`packages ${id}/amd64 ${id}`]);
  });

  it('become the same candidate, wherever the first try crashed', async () => {
    await atEveryCrashPoint(async (crashes) => {
      const world = await startJoining({}, crashes);
      return {
        run: () => world.join(),
        check: async () => expect(world.results.get(id)).toMatchObject({ outcome: 'built' }),
      };
    });
  });

  it('have no report of the scanners, which the verdict says, where one has none', async () => {
    await using world = await startJoining();
    world.scannerReports.delete(partOf(id, 'linux/arm64'));
    await world.join();
    expect(world.scannerReports.has(id)).toBe(false);
  });
});

describe('a build fails, and its result says why,', () => {
  it.each<[string, (world: Awaited<ReturnType<typeof startJoining>>) => void, object[], string]>([
    [
      'where one machine failed',
      ({ results }) =>
        results.set(partOf(id, 'linux/arm64'), { outcome: 'failed', error: 'DockerfileFailedError', message: 'RUN a' }),
      [{ platform: 'linux/amd64' }, { platform: 'linux/arm64', error: { Error: 'States.TaskFailed' } }],
      'linux/arm64: RUN a',
    ],
    [
      'where the image of one is another than its builder says',
      ({ pushed }) =>
        pushed.set(partTag(id, 'linux/arm64'), { platform: 'linux/arm64', digest: `sha256:${'9'.repeat(64)}` }),
      machines,
      'linux/arm64: the builder reports another image',
    ],
    [
      'where the image of one is for another machine',
      ({ pushed }) =>
        pushed.set(partTag(id, 'linux/arm64'), { platform: 'linux/amd64', digest: digests['linux/arm64'] }),
      machines,
      'linux/arm64: the image is one for linux/amd64',
    ],
  ])('%s', async (_, change, ended, message) => {
    await using world = await startJoining();
    change(world);
    await expect(world.join(ended)).rejects.toThrow(PlatformFailedError);
    expect(world.results.get(id)).toMatchObject({ outcome: 'failed', message: expect.stringContaining(message) });
    expect(world.indexes.size).toBe(0);
  });
});

it('nothing is joined of a build that has ended, or by machines of other platforms', async () => {
  await using ended = await startJoining({ status: 'superseded' });
  await ended.join();
  expect(ended.indexes.size).toBe(0);
  await using other = await startJoining();
  await expect(other.join(machines.slice(1))).rejects.toThrow(RecordConflictError);
});
