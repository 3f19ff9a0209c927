import { describe, expect, it } from 'vitest';
import { ReleaseBusyError } from '../../core/model/errors.ts';
import { createPromote } from '../../functions/promote.ts';
import { createProjects } from '../../services/tables/projects.ts';
import { createReleases } from '../../services/tables/releases.ts';
import { buildOf } from './services-setup.ts';
import { imageOf, releaseOf, setUpDelivery, targetOf } from './targets/delivery-setup.ts';

const name = 'demo/app:latest';
const immutable = (number: number) => `build-2026110${number}T000000Z-aaaaaaa`;

/** Two releases: staging has the second, production is promoted from it. */
async function setUp() {
  const deploy = [targetOf('staging'), targetOf('production', { on: 'promotion' })];
  const live = await setUpDelivery(deploy);
  const [projects, releases] = [createProjects(live.client, 'projects'), createReleases(live.client, 'releases')];
  await projects.put({ ...live.project, active: true });
  for (const number of [1, 2]) {
    const { build, digest, releasedAt: at } = releaseOf(number);
    await releases.record({ project: name, build, digest, tags: ['latest', immutable(number)], at }, 'demo/app');
    await live.deliver(releaseOf(number, { tag: immutable(number) }));
  }
  const builds = {
    async get(id: string) {
      const { build, digest, releasedAt: endedAt, repository } = releaseOf(Number(id.at(-1)));
      const image = { repository, digest, tags: ['latest', immutable(Number(id.at(-1)))] };
      return buildOf(build, { project: name, status: 'released', endedAt, image });
    },
  };
  const promote = createPromote({ builds, projects, releases, targets: live.targets, delivery: live.delivery });
  return {
    ...live,
    projects,
    releases,
    has: (number: number) => live.file('production/app.yaml').includes(imageOf(number, immutable(number))),
    promote: (release?: string, requester = 'ben') => promote({ project: name, to: 'production', release, requester }),
  };
}

describe('a promotion by command', () => {
  it('is of what the target before has, and says who asked for it', async () => {
    await using live = await setUp();
    expect(await live.promote()).toMatchObject({
      state: 'delivered',
      wanted: { build: 'build2', call: { by: 'ben' } },
    });
    expect(live.has(2)).toBe(true);
  });

  it.each(['digest', 'tag', 'build'])('may name another release by its %s', async (by) => {
    await using live = await setUp();
    const names: Record<string, string> = { digest: releaseOf(1).digest, tag: immutable(1), build: 'build1' };
    expect(await live.promote(names[by])).toMatchObject({ state: 'delivered', wanted: { build: 'build1' } });
    expect(live.has(1)).toBe(true);
  });

  it('names what can be had, where the release was never made, is gone, or is of another project', async () => {
    await using live = await setUp();
    await live.releases.record(
      {
        project: 'demo/other:latest',
        build: 'build3',
        digest: releaseOf(3).digest,
        tags: [immutable(3)],
        at: '2026-11-03T00:00:00.000Z',
      },
      'demo/other',
    );
    for (const wanted of ['1.2.3', releaseOf(3).digest, immutable(3)]) {
      await expect(live.promote(wanted)).rejects.toThrow(
        `${name} has no release ${wanted}. Its last ones are: ${immutable(2)}, ${immutable(1)}.`,
      );
    }
    const first = await live.releases.get({ project: name, digest: releaseOf(1).digest });
    if (first) await live.releases.markExpired(first, 'delete');
    await expect(live.promote(immutable(1))).rejects.toThrow(`Its last ones are: ${immutable(2)}.`);
    expect(live.has(1)).toBe(false);
  });

  it('is refused while releases are held, and takes no claim with it', async () => {
    await using live = await setUp();
    await live.projects.hold(name, { id: 'hold:1', by: 'ann', at: '2026-11-01T00:00:00.000Z', reason: 'the fair' });
    await expect(live.promote()).rejects.toThrow(
      `Nothing was promoted. Releases of ${name} are held by ann: the fair. Promote it when the hold has ended.`,
    );
    await expect(live.projects.claimRelease(name, 'build3')).resolves.toMatchObject({ name });
  });

  it('waits for a release or a rollback that is setting tags, and sees what that leaves', async () => {
    await using live = await setUp();
    await live.projects.claimRelease(name, 'rollback1');
    const promotion = live.promote().catch(String);
    await expect(live.projects.claimRelease(name, 'another')).rejects.toThrow(ReleaseBusyError);
    await live.projects.hold(name, {
      id: 'rollback1',
      by: 'ann',
      at: '2026-11-01T00:00:00.000Z',
      reason: 'it crashes',
    });
    await live.projects.yieldRelease(name, 'rollback1');
    expect(await promotion).toContain('held by ann: it crashes');
    expect(live.has(2)).toBe(false);
  });

  it('of two at once leaves one of the two, in the manifest as in the record', async () => {
    await using live = await setUp();
    await Promise.all([live.promote(immutable(1), 'ann'), live.promote(immutable(2), 'ben')]);
    const state = await live.stateOf('production');
    expect(state?.state).toBe('delivered');
    expect(live.has(state?.wanted.build === 'build1' ? 1 : 2)).toBe(true);
    expect(state?.delivered[0]?.build).toBe(state?.wanted.build);
  });
});
