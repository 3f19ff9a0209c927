import { describe, expect, it } from 'vitest';
import { ReleaseBusyError } from '../../core/model/errors.ts';
import { createRollBack } from '../../functions/roll-back.ts';
import { atEveryCrashPoint, type CrashPoints, createCrashPoints } from './crash-points.ts';
import { createFakeRegistry } from './fake-registry.ts';
import { setUpServices } from './services-setup.ts';

const name = 'demo/app:latest';
const repository = 'slipway/demo/app';
const [one, other] = ['a'.repeat(16), 'b'.repeat(16)];
const digestOf = (number: number) => `sha256:${String(number).repeat(64)}`;
const immutable = (number: number) => `build-2026110${number}T000000Z-aaaaaaa`;

/** Three releases of the branch, the third of which is current. */
async function startRollingBack(crashes: CrashPoints = createCrashPoints()) {
  const world = await setUpServices();
  await world.track();
  const shelf = createFakeRegistry();
  for (const number of [1, 2, 3]) {
    const [digest, at] = [digestOf(number), `2026-11-0${number}T00:00:00.000Z`];
    const tags = ['latest', 'main', `sha-${number}`, immutable(number)];
    shelf.push(repository, digest);
    for (const tag of tags) await shelf.registry.tag(repository, digest, tag);
    const release = { build: `build${number}`, digest, tags, at };
    await world.releases.record({ project: name, ...release }, repository);
    await world.projects.claimRelease(name, release.build);
    await world.projects.finishRelease(name, { ...release, ref: 'refs/heads/main', headRevision: number });
  }
  const rollBack = createRollBack({
    builds: crashes.guard(world.builds),
    projects: crashes.guard(world.projects),
    releases: crashes.guard(world.releases),
    holds: crashes.guard(world.holds),
    openRegistry: async () => crashes.guard(shelf.registry),
    repositoryPrefix: 'slipway/',
  });
  return Object.assign(world, {
    shelf,
    call: (build: string) => rollBack({ build }),
    /** Somebody calls for a rollback, as it is recorded. */
    ask: (id: string, from: number, to: number, requester = 'alice') =>
      world.queue(id, {
        cause: { type: 'rollback', requester, reason: 'it crashes', from: digestOf(from), to: digestOf(to) },
        stages: {},
      }),
  });
}

const tagsAt = (number: number) => ({
  latest: digestOf(number),
  main: digestOf(number),
  ...Object.fromEntries(
    [1, 2, 3].flatMap((at) => [
      [`sha-${at}`, digestOf(at)],
      [immutable(at), digestOf(at)],
    ]),
  ),
});

describe('a rollback', () => {
  it('moves the floating tags of the current release to an earlier one, and holds them there', async () => {
    await using world = await startRollingBack();
    await world.ask(one, 3, 1);
    expect(await world.call(one)).toEqual({ status: 'released' });
    expect(world.shelf.tagsOf(repository)).toEqual(tagsAt(1));
    expect(await world.builds.require(one)).toMatchObject({
      status: 'released',
      image: { digest: digestOf(1), tags: ['latest', 'main', immutable(1)] },
    });
    const project = await world.projects.get(name);
    expect(project).toMatchObject({
      held: { by: 'alice', reason: 'it crashes' },
      // The revision is that of the newest head: a build between the two takes no tag after the hold.
      released: { build: 'build1', digest: digestOf(1), headRevision: 3 },
    });
    expect(project).not.toHaveProperty('releasing');
    const floating = (await world.releases.allOf(name)).map((image) => [image.digest, image.floating]);
    expect(Object.fromEntries(floating)).toEqual({
      [digestOf(1)]: ['latest', 'main'],
      [digestOf(2)]: [],
      [digestOf(3)]: [],
    });
    expect((await world.holds.ofProject(name, { limit: 10 })).items).toMatchObject([
      { action: 'rolled back', by: 'alice', reason: 'it crashes', digest: digestOf(1), id: one },
    ]);
  });

  it('comes to the same end wherever the first try crashed', async () => {
    await atEveryCrashPoint(async (crashes) => {
      const world = await startRollingBack(crashes);
      await world.ask(one, 3, 2);
      return {
        run: () => world.call(one),
        async check() {
          await using _ = world;
          expect(world.shelf.tagsOf(repository)).toEqual(tagsAt(2));
          expect((await world.builds.require(one)).status).toBe('released');
          const project = await world.projects.get(name);
          expect(project).toMatchObject({ held: { by: 'alice' }, released: { digest: digestOf(2) } });
          expect(project).not.toHaveProperty('releasing');
          expect((await world.holds.ofProject(name, { limit: 10 })).items).toHaveLength(1);
        },
      };
    });
  });

  it.each<[string, number, number, RegExp]>([
    ['to what was never released', 3, 9, /has released nothing .* can be had: sha256:2222/],
    ['to the current release', 3, 3, /is the current release already/],
    ['from what is not current any more', 2, 1, /Nothing was changed: the current release .* is sha256:3333/],
  ])('%s is refused, and changes nothing', async (_, from, to, message) => {
    await using world = await startRollingBack();
    await world.ask(one, from, to);
    expect(await world.call(one)).toEqual({ status: 'cancelled' });
    expect((await world.builds.require(one)).failure).toEqual({
      error: 'RollbackRefusedError',
      message: expect.stringMatching(message),
    });
    expect(world.shelf.tagsOf(repository)).toEqual(tagsAt(3));
    const project = await world.projects.get(name);
    expect(project).not.toHaveProperty('held');
    expect(project).not.toHaveProperty('releasing');
  });

  it('to the image of another project is refused', async () => {
    await using world = await startRollingBack();
    const stranger = { project: 'demo/other:latest', digest: digestOf(5), build: 'build5', tags: ['latest'] };
    await world.releases.record({ ...stranger, at: '2026-11-05T00:00:00.000Z' }, 'slipway/demo/other');
    await world.ask(one, 3, 5);
    expect(await world.call(one)).toEqual({ status: 'cancelled' });
  });

  it('to an image that is gone from the registry is refused', async () => {
    await using world = await startRollingBack();
    const { registry } = world.shelf;
    const { digestOf: find } = registry;
    registry.digestOf = async (from, reference) => (reference === digestOf(1) ? undefined : find(from, reference));
    await world.ask(one, 3, 1);
    expect(await world.call(one)).toEqual({ status: 'cancelled' });
    expect((await world.builds.require(one)).failure?.message).toMatch(/no longer in the registry/);
  });

  it('leaves a tag that the release of a version has taken', async () => {
    await using world = await startRollingBack();
    world.shelf.push(repository, digestOf(7));
    await world.shelf.registry.tag(repository, digestOf(7), 'latest');
    await world.ask(one, 3, 2);
    expect(await world.call(one)).toEqual({ status: 'released' });
    expect(world.shelf.tagsOf(repository)).toMatchObject({ latest: digestOf(7), main: digestOf(2) });
  });

  it('waits for a release that is setting its tags', async () => {
    await using world = await startRollingBack();
    await world.projects.claimRelease(name, 'build4');
    await world.ask(one, 3, 2);
    await expect(world.call(one)).rejects.toThrow(ReleaseBusyError);
    expect((await world.builds.require(one)).status).toBe('releasing');
  });
});

it('of two rollbacks at once one is done, and the other is told by whom', async () => {
  await using world = await startRollingBack();
  await world.ask(one, 3, 2, 'alice');
  await world.ask(other, 3, 2, 'bob');
  const call = (id: string) =>
    world.call(id).catch((error: unknown) => {
      if (!(error instanceof ReleaseBusyError)) throw error;
      return { status: 'busy' };
    });
  const first = await Promise.all([one, other].map(call));
  const again = await Promise.all([one, other].map(call));
  expect([...first, ...again].filter(({ status }) => status === 'busy').length).toBeLessThan(2);
  const ended = await Promise.all([one, other].map((id) => world.builds.require(id)));
  expect(ended.map(({ status }) => status).sort()).toEqual(['cancelled', 'released']);
  const refused = ended.find(({ status }) => status === 'cancelled');
  const winner = refused?.id === one ? 'bob' : 'alice';
  expect(refused?.failure?.message).toContain(`${winner} has held releases since`);
  expect(world.shelf.tagsOf(repository)).toEqual(tagsAt(2));
});
