import { describe, expect, it } from 'vitest';
import type { NamedBase } from '../../../core/bases/base-status.ts';
import type { Build } from '../../../core/model/build.ts';
import type { Base, BuildResult } from '../../../core/model/builder-contract.ts';
import { createRecordBases } from '../../../functions/bases/record-bases.ts';
import { atEveryCrashPoint, createCrashPoints } from '../crash-points.ts';
import { setUpServices, type TestServices } from '../services-setup.ts';

const [A, B] = ['a', 'b'].map((letter) => `sha256:${letter.repeat(64)}`) as [string, string];
const registry = 'own.example';
const base = (reference: string, image: string, over: Partial<Base> = {}): Base => ({
  reference,
  image,
  digest: A,
  own: false,
  ...over,
});
const debian = base('debian:12', 'docker.io/library/debian:12');
const parent = base('demo/base', `${registry}/slipway/demo/base:latest`, { own: true });

const built = (...bases: Base[]): BuildResult => ({
  outcome: 'built',
  digest: A,
  commit: 'c'.repeat(40),
  committedAt: '2026-11-21T00:00:00.000Z',
  bases,
  engine: 'buildkit',
});
const failed = (bases: Base[], missingBases: Omit<Base, 'digest'>[]): BuildResult => ({
  outcome: 'failed',
  error: 'BaseNotFoundError',
  message: 'It is not there.',
  bases,
  missingBases,
});

const ofBranch = { id: '0000000000000001', ref: 'refs/heads/main' };

async function seen(world: TestServices, result: BuildResult, over: Partial<Build> = {}) {
  const sequence = over.sequence ?? (await world.projects.nextSequence('demo/app:latest', ofBranch));
  const build = await world.queue(sequence.toString(16).padStart(16, '0'), { sequence, ...over });
  await world.recordBases(build, result);
  return build;
}

async function graph(world: TestServices): Promise<string[]> {
  const all = await world.dependents.all();
  return [...all]
    .filter(([, projects]) => projects.includes('demo/app:latest'))
    .map(([image]) => image)
    .sort();
}
const images = async (world: TestServices) => (await world.bases.all()).images;
const namedBy = async (world: TestServices): Promise<NamedBase[] | undefined> =>
  (await world.projects.get('demo/app:latest'))?.bases;

describe('what a build depends on', () => {
  it('is on the project, in the graph and among the bases that are watched', async () => {
    await using world = await setUpServices();
    await world.track();
    await world.track({ name: 'demo/base:latest', appId: 'demo', jobId: 'base' });
    await seen(world, built(debian, parent));
    expect(await namedBy(world)).toEqual([debian, parent]);
    expect(await graph(world)).toEqual(['demo/base:latest', debian.image]);
    expect([...(await images(world)).values()]).toMatchObject([{ image: debian.image, digest: A, used: [A] }]);
  });

  it('replaces what it depended on before', async () => {
    await using world = await setUpServices();
    await world.track();
    await seen(world, built(debian));
    await seen(world, built({ ...debian, image: 'docker.io/library/debian:13' }));
    expect(await graph(world)).toEqual(['docker.io/library/debian:13']);
  });

  it('is not what an older build says that ends later', async () => {
    await using world = await setUpServices();
    await world.track();
    const [older, newer] = [
      await world.projects.nextSequence('demo/app:latest', ofBranch),
      await world.projects.nextSequence('demo/app:latest', ofBranch),
    ];
    await seen(world, built(debian), { sequence: newer });
    await seen(world, built(parent), { sequence: older });
    expect(await namedBy(world)).toEqual([debian]);
  });

  it.each([
    ['a version tag', 'refs/tags/v1.0.0'],
    ['a pull request', 'refs/pull/7/head'],
  ])('is not what %s says', async (_, ref) => {
    await using world = await setUpServices();
    await world.track();
    await seen(world, built(debian), { ref });
    expect(await namedBy(world)).toBeUndefined();
    expect(await graph(world)).toEqual([]);
  });

  it('is known of a build that failed, with what was not there', async () => {
    await using world = await setUpServices();
    await world.track();
    const { digest: _, ...missing } = base('quay.io/none', 'quay.io/none:latest');
    await seen(world, failed([debian], [missing]));
    expect(await namedBy(world)).toEqual([debian, missing]);
    expect((await images(world)).get('quay.io/none:latest')).toMatchObject({ used: ['none'] });
  });

  it('stays as it was when a build fails before its Dockerfile is read', async () => {
    await using world = await setUpServices();
    await world.track();
    await seen(world, built(debian));
    await seen(world, { outcome: 'failed', error: 'SourceNotFoundError', message: 'It is not there.' });
    expect(await graph(world)).toEqual([debian.image]);
  });

  it('may be a project that has not released yet', async () => {
    await using world = await setUpServices();
    await world.track();
    const { digest: _, ...missing } = base('demo/base:latest', 'docker.io/demo/base:latest');
    await seen(world, failed([], [missing]));
    expect(await graph(world)).toEqual(['demo/base:latest', 'docker.io/demo/base:latest']);
  });

  it('is watched for the page alone where the Dockerfile names a digest beside the tag, and not at all without a tag', async () => {
    await using world = await setUpServices();
    await world.track();
    const pinned = base(`debian:12@${B}`, debian.image, { digest: B });
    await seen(world, built(pinned, base(`alpine@${B}`, `docker.io/library/alpine@${B}`)));
    expect(await graph(world)).toEqual([`pinned ${debian.image}`]);
    expect((await images(world)).size).toBe(0);
  });

  it('in our registry is a release, or what somebody else has put there', async () => {
    await using world = await setUpServices();
    await world.track();
    const mirror = base('bases/debian:12', `${registry}/slipway/bases/debian:12`, { own: true });
    await seen(world, built(mirror));
    expect([...(await images(world)).keys()]).toEqual([mirror.image]);
    expect(await graph(world)).toEqual(['bases/debian:12', mirror.image]);
  });

  it('is kept whole, wherever the first try crashed', async () => {
    await atEveryCrashPoint(async (crashes = createCrashPoints()) => {
      const world = await setUpServices();
      await world.track();
      const build = await world.queue('00000000000000aa');
      const observe = createRecordBases({
        bases: crashes.guard(world.bases),
        dependents: crashes.guard(world.dependents),
        projects: crashes.guard(world.projects),
        repositoryPrefix: 'slipway/',
      });
      return {
        run: () => observe(build, built(debian, parent)),
        async check() {
          await using _ = world;
          expect(await namedBy(world)).toEqual([debian, parent]);
          expect(await graph(world)).toContain(debian.image);
          expect((await images(world)).get(debian.image)).toMatchObject({ digest: A });
        },
      };
    });
  });
});
