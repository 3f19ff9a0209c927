import { describe, expect, it } from 'vitest';
import { indexFile, indexPush, pushOf, setUpPlanBuilds } from '../plan-builds-setup.ts';
import { commit } from '../services-setup.ts';

const receivedAt = new Date().toISOString();

describe('an entry that is new in the index', () => {
  it('is built once where its first push comes before its turn', async () => {
    await using planning = await setUpPlanBuilds();
    planning.files = [indexFile({ app: {} })];
    await planning.planBuilds(indexPush('index-1', { receivedAt }));
    await planning.planBuilds(pushOf({ id: 'push-1', receivedAt: new Date().toISOString() }));
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
    await planning.planBuilds(indexPush('index-1', { receivedAt }));
    planning.headOf = async () => {
      await planning.planBuilds(pushOf({ id: 'push-1', receivedAt: new Date().toISOString() }));
      return commit;
    };
    await planning.drain();
    expect((await planning.allBuilds()).map(({ cause }) => cause.type)).toEqual(['push']);
    expect((await planning.rebuilds.get('demo/app:latest')).pending?.state).toBe('building');
  });

  it('that comes back is built, although its head was built before it left', async () => {
    await using planning = await setUpPlanBuilds();
    planning.files = [indexFile({ app: {}, other: {} })];
    await planning.plan(indexPush('index-1', { receivedAt }));
    planning.files = [indexFile({ other: {} })];
    await planning.plan(indexPush('index-2', { receivedAt: new Date().toISOString() }));
    planning.files = [indexFile({ app: {}, other: {} })];
    await planning.plan(indexPush('index-3', { receivedAt: new Date().toISOString() }));
    const ofApp = (await planning.allBuilds()).filter(({ project }) => project === 'demo/app:latest');
    expect(ofApp.map((build) => build.commit)).toEqual([commit, commit]);
  });
});
