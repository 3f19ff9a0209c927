import { describe, expect, it } from 'vitest';
import { indexFile, pushOf, setUpPlanBuilds } from '../plan-builds-setup.ts';
import { commit } from '../services-setup.ts';

describe('an entry that is new in the index', () => {
  it('is built once where its first push comes before its turn', async () => {
    await using planning = await setUpPlanBuilds();
    planning.files = [indexFile({ app: {} })];
    await planning.planBuilds(planning.pushIndex('index-1'));
    await planning.planBuilds(pushOf({ id: 'push-1' }));
    await planning.drain();
    expect((await planning.allBuilds()).map(({ cause }) => cause.type)).toEqual(['push']);
    expect((await planning.rebuilds.get('demo/app:latest')).pending).toMatchObject({
      state: 'building',
      build: (await planning.allBuilds())[0]?.id,
    });
  });

  it('is built once where its first push comes while its branch is being looked up', async () => {
    await using planning = await setUpPlanBuilds();
    planning.files = [indexFile({ app: {} })];
    await planning.planBuilds(planning.pushIndex('index-1'));
    planning.host.meanwhile = () => planning.planBuilds(pushOf({ id: 'push-1' }));
    await planning.drain();
    expect((await planning.allBuilds()).map(({ cause }) => cause.type)).toEqual(['push']);
    expect((await planning.rebuilds.get('demo/app:latest')).pending?.state).toBe('building');
  });

  it('that comes back is built, although its head was built before it left', async () => {
    await using planning = await setUpPlanBuilds();
    planning.files = [indexFile({ app: {}, other: {} })];
    await planning.plan(planning.pushIndex('index-1'));
    planning.files = [indexFile({ other: {} })];
    await planning.plan(planning.pushIndex('index-2'));
    planning.files = [indexFile({ app: {}, other: {} })];
    await planning.plan(planning.pushIndex('index-3'));
    const ofApp = (await planning.allBuilds()).filter(({ project }) => project === 'demo/app:latest');
    expect(ofApp.map((build) => build.commit)).toEqual([commit, commit]);
  });
});
