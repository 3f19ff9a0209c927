import { describe, expect, it } from 'vitest';
import type { NamedBase } from '../../../core/bases/base-status.ts';
import type { BaseChange } from '../../../core/bases/base-watch.ts';
import type { Trigger } from '../../../core/model/trigger.ts';
import { type CascadeSetup, setUpCascades } from '../cascade-setup.ts';
import { digestOf } from '../watch-bases-setup.ts';

const [A, B, C] = ['a', 'b', 'c'].map(digestOf) as [string, string, string];
const [debian, tools] = ['docker.io/library/debian:12', 'quay.io/tools/go:1'];

let count = 0;
const changed = (...bases: BaseChange[]): Trigger => {
  count += 1;
  return { type: 'bases-changed', id: `bases:${count}`, bases };
};
const change = (image: string, previous = A, digest = B): BaseChange => ({ image, digest, previous });

/** The newest candidate of a job depends on these, as its build has seen it. */
async function dependsOn(world: CascadeSetup, job: string, ...bases: Partial<NamedBase>[]): Promise<void> {
  const named = bases.map(
    (base): NamedBase => ({ reference: base.image ?? '', image: debian, digest: A, own: false, ...base }),
  );
  await world.projects.recordBases(world.name(job), named, 1);
  await world.dependents.observe(
    world.name(job),
    named.map(({ image, digest = 'none' }) => ({ image, digest })),
  );
}

/** Plans a trigger and everything that comes of it; gives the builds in their order. */
async function plan(world: CascadeSetup, trigger: Trigger) {
  const before = new Set((await world.allBuilds()).map(({ id }) => id));
  await world.planBuilds(trigger);
  await world.drain();
  for (;;) {
    const [build] = await world.running();
    if (!build) break;
    await world.finish(build, 'released');
    await world.drain();
  }
  return (await world.allBuilds()).filter(({ id }) => !before.has(id)).toReversed();
}

const jobs = (builds: { project: string }[]) => builds.map(({ project }) => /\/(.+):/.exec(project)?.[1]);

describe('a base with a new digest', () => {
  it('rebuilds what was built on another, once for all that changed, with the old and the new digest as the cause', async () => {
    await using world = await setUpCascades();
    await world.graph({ one: [], both: [], has: [], other: [] });
    await dependsOn(world, 'one', { image: debian });
    await dependsOn(world, 'both', { image: debian }, { image: tools, digest: C });
    await dependsOn(world, 'has', { image: debian, digest: B });
    await dependsOn(world, 'other', { image: 'quay.io/other/image:1' });
    const builds = await plan(world, changed(change(debian), change(tools)));
    expect(jobs(builds).sort()).toEqual(['both', 'one']);
    expect(builds.find(({ project }) => project.includes('both'))?.cause).toEqual({
      type: 'bases-changed',
      bases: [
        { image: debian, previous: A, digest: B },
        { image: tools, previous: C, digest: B },
      ],
    });
  });

  it('rebuilds a project that depends on it and on a project that does after its parent, and once', async () => {
    await using world = await setUpCascades();
    await world.graph({ parent: [], child: ['parent'], grandchild: ['child'] });
    await dependsOn(world, 'parent', { image: debian });
    await dependsOn(world, 'child', { image: debian }, { image: tools });
    const builds = await plan(world, changed(change(debian), change(tools)));
    expect(jobs(builds)).toEqual(['parent', 'child', 'grandchild']);
  });

  it('is planned once, however often it is announced', async () => {
    await using world = await setUpCascades();
    await world.graph({ one: [] });
    await dependsOn(world, 'one', { image: debian });
    const trigger = changed(change(debian));
    expect(jobs(await plan(world, trigger))).toEqual(['one']);
    expect(await plan(world, trigger)).toEqual([]);
  });

  it('rebuilds what only its entry says to depend on it', async () => {
    await using world = await setUpCascades();
    await world.trackJob('declared', []);
    await world.dependents.declare(world.name('declared'), [debian]);
    expect(jobs(await plan(world, changed(change(debian))))).toEqual(['declared']);
  });

  it('rebuilds what could not be built because the image was not there', async () => {
    await using world = await setUpCascades();
    await world.trackJob('waiting', []);
    const { digest: _, ...missing } = { reference: debian, image: debian, digest: A, own: false };
    await world.projects.recordBases(world.name('waiting'), [missing], 1);
    await world.dependents.observe(world.name('waiting'), [{ image: debian, digest: 'none' }]);
    expect(jobs(await plan(world, changed(change(debian, 'none', A))))).toEqual(['waiting']);
  });

  it.each([
    ['names the image by its digest', { reference: `debian:12@${A}` }],
    ['has it already', { digest: B }],
  ])('does nothing for a project that %s', async (_, base) => {
    await using world = await setUpCascades();
    await world.graph({ one: [] });
    await dependsOn(world, 'one', base);
    expect(await plan(world, changed(change(debian)))).toEqual([]);
  });

  it('does nothing for a project that left the index', async () => {
    await using world = await setUpCascades();
    await world.trackJob('gone', [], { active: false });
    await dependsOn(world, 'gone', { image: debian });
    expect(await plan(world, changed(change(debian)))).toEqual([]);
  });
});

describe('a change of a base while a project is being rebuilt', () => {
  it('calls for a further build if the digest is newer than that build', async () => {
    await using world = await setUpCascades();
    await world.graph({ one: [] });
    await dependsOn(world, 'one', { image: debian });
    await world.planBuilds(changed(change(debian, A, B)));
    await world.drain();
    expect(await world.running()).toHaveLength(1);
    const seenAt = new Date(Date.now() + 1000).toISOString();
    const builds = await plan(world, changed({ ...change(debian, B, C), seenAt }));
    expect(builds.map(({ cause }) => cause)).toMatchObject([{ bases: [{ digest: C }] }]);
  });

  it('calls for none if the build began after the digest was there', async () => {
    await using world = await setUpCascades();
    await world.graph({ one: [] });
    await dependsOn(world, 'one', { image: debian });
    await world.planBuilds(changed(change(debian, A, B)));
    await world.drain();
    const seenAt = new Date(Date.now() - 60_000).toISOString();
    expect(await plan(world, changed({ ...change(debian, A, C), seenAt }))).toEqual([]);
  });
});
