import { describe, expect, it } from 'vitest';
import { graphBelow } from '../../../functions/cascade/graph.ts';
import { setUpCascades } from '../cascade-setup.ts';
import { digest } from '../services-setup.ts';

describe.each([
  ['asked for image by image', undefined],
  ['read whole, as of thousands', 0],
])('who depends on whom, %s,', (_, most) => {
  it('is known by what entries say and by what was seen, under every tag that a branch moves', async () => {
    await using world = await setUpCascades();
    await world.graph({ base: [], declared: ['base'], seen: [], branch: [], extra: [], top: ['seen'], other: [] });
    await world.trackJob('base', [], { extraTags: ['stable'] });
    const sees = (job: string, image: string) => world.dependents.observe(world.name(job), [{ image, digest }]);
    await sees('seen', 'demo/base:latest');
    await sees('branch', 'demo/base:main');
    await sees('extra', 'demo/base:stable');
    await sees('other', 'demo/base:1.2');
    const graph = await graphBelow([world.name('base')], world, most);
    expect(graph.get(world.name('base'))).toEqual(['branch', 'declared', 'extra', 'seen'].map(world.name));
    expect(graph.get(world.name('seen'))).toEqual([world.name('top')]);
  });

  it('leaves out whoever names a private image and may not build on it', async () => {
    await using world = await setUpCascades();
    const hidden = { visibility: 'private' } as const;
    await world.trackJob('base', [], hidden);
    await world.trackJob('vault', ['base'], hidden);
    await world.trackJob('curious', ['base']);
    await world.trackJob('rival', ['base'], { ...hidden, appId: 'other' });
    const graph = await graphBelow([world.name('base')], world, most);
    expect(graph.get(world.name('base'))).toEqual([world.name('vault')]);
  });

  it('leaves out who has left the index, and who was never in it', async () => {
    await using world = await setUpCascades();
    await world.graph({ base: [], gone: ['base'], top: ['gone'] });
    const gone = await world.projects.get(world.name('gone'));
    if (gone) await world.projects.put({ ...gone, active: false });
    await world.dependents.declare('demo/never:1', [world.name('base')]);
    const graph = await graphBelow([world.name('base')], world, most);
    expect(graph.get(world.name('base'))).toEqual([]);
    expect(graph.has(world.name('gone'))).toBe(false);
  });
});
