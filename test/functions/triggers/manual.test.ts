import { describe, expect, it } from 'vitest';
import { UpstreamError } from '../../../core/model/errors.ts';
import type { TriggerOf } from '../../../core/model/trigger.ts';
import { pushOf, setUpPlanBuilds } from '../plan-builds-setup.ts';
import { commit } from '../services-setup.ts';

const branch = 'refs/heads/main';
const other = 'b'.repeat(40);

const manual = (over: Partial<TriggerOf<'manual'>> = {}): TriggerOf<'manual'> => ({
  type: 'manual',
  id: 'manual:1',
  project: 'demo/app:latest',
  requester: 'an-operator',
  ...over,
});

describe('a build that is asked for by hand', () => {
  it('is one of the head of the branch, also when it was built before', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    await planning.planBuilds(pushOf());
    await planning.planBuilds(manual());
    await planning.planBuilds(manual());
    const builds = await planning.allBuilds();
    expect(builds).toHaveLength(2);
    expect(builds.find(({ cause }) => cause.type === 'manual')).toMatchObject({
      cause: { requester: 'an-operator' },
      commit,
      ref: branch,
      status: 'queued',
    });
  });

  it('takes the head that the host has, if no delivery reported it', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    await planning.planBuilds(pushOf());
    planning.host.main = other;
    await planning.planBuilds(manual());
    expect(await planning.heads.get('demo/app:latest', branch)).toMatchObject({ commit: other });
  });

  it('waits for a host that does not answer, and takes the head that it has then', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    await planning.planBuilds(pushOf());
    planning.host.failure = new UpstreamError('down');
    await planning.planBuilds(manual());
    expect(await planning.allBuilds()).toHaveLength(1);
    planning.host.failure = undefined;
    planning.host.main = other;
    await planning.drain();
    const build = (await planning.allBuilds()).find(({ cause }) => cause.type === 'manual');
    expect(build).toMatchObject({ commit: other, ref: branch, status: 'queued' });
  });

  it('does not begin where the host does not show the repository, and says what to do', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track({ sourceSecret: 'deploy' });
    planning.host.opened.set('git.example/demo/app', 'other/deploy');
    await planning.planBuilds(manual());
    expect(await planning.allBuilds()).toEqual([]);
    expect((await planning.deliveries.get('manual:1'))?.outcome).toContain(
      'the token of "source-secret" "deploy" has ended',
    );
    expect(planning.sent).toEqual([]);
  });

  it('names the head, and is released as it', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    await planning.planBuilds(manual({ commit }));
    expect(await planning.allBuilds()).toMatchObject([{ commit, ref: branch }]);
  });

  it('of another commit is built beside the branch, where nothing is released and no cache is shared', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    await planning.planBuilds(pushOf());
    await planning.planBuilds(manual({ commit: other }));
    const build = (await planning.allBuilds()).find(({ cause }) => cause.type === 'manual');
    expect(build).toMatchObject({ commit: other, ref: `refs/commits/${other}`, status: 'queued' });
    expect(planning.requests.at(-1)).toMatchObject({ source: { commit: other }, cache: 'none' });
    expect(await planning.heads.get('demo/app:latest', branch)).toMatchObject({ commit });
    expect((await planning.allBuilds()).find(({ cause }) => cause.type === 'push')?.status).toBe('queued');
    expect((await planning.deliveries.get('manual:1'))?.outcome).toMatch(/not to be released/);
  });

  it.each([
    ['a project that is not in the index', { project: 'demo/nobody:latest' }],
    ['a project that has left the index', { project: 'demo/gone:latest' }],
    ['a branch that is not there', { project: 'demo/branchless:latest' }],
  ])('is none for %s', async (_, over) => {
    await using planning = await setUpPlanBuilds();
    await planning.track({ name: 'demo/gone:latest', active: false });
    await planning.track({ name: 'demo/branchless:latest' });
    planning.host.main = undefined;
    await planning.planBuilds(manual(over));
    expect(await planning.allBuilds()).toEqual([]);
    expect((await planning.deliveries.get('manual:1'))?.outcome).toMatch(/^ignored: /);
  });
});
