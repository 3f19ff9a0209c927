import { describe, expect, it } from 'vitest';
import { HostUnreachableError } from '../../../core/model/errors.ts';
import { pushTrigger } from '../../../core/triggers/pushed.ts';
import { indexCommit, indexFile, indexSource, pushOf, setUpPlanBuilds } from '../plan-builds-setup.ts';
import { commit } from '../services-setup.ts';

const forksCommit = 'f'.repeat(40);
const tag = 'refs/tags/v1.2.3';

describe('a signed event of a push that never happened', () => {
  it('builds nothing of the commit that it names', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    await planning.plan(planning.push({ id: 'real' }));
    await planning.plan(pushOf({ id: 'forged', expected: forksCommit }));
    await planning.plan(pushOf({ id: 'forged-tag', ref: tag, expected: forksCommit }));
    expect((await planning.allBuilds()).map((build) => build.commit)).toEqual([commit]);
    expect((await planning.deliveries.get('forged'))?.builds).toEqual((await planning.deliveries.get('real'))?.builds);
    expect(await planning.deliveries.get('forged-tag')).toMatchObject({
      outcome: `ignored: git.example/demo/app has no ${tag}`,
    });
  });

  it('puts no index in force that the branch does not have', async () => {
    await using planning = await setUpPlanBuilds();
    planning.filesAt = async (at) => (at === forksCommit ? [indexFile({ evil: {} })] : [indexFile({ app: {} })]);
    await planning.plan(planning.pushIndex());
    await planning.plan(pushOf({ id: 'forged', source: indexSource, expected: forksCommit }));
    expect((await planning.projects.all()).map(({ name }) => name)).toEqual(['demo/app:latest']);
    expect(await planning.indexHead.get()).toEqual({ commit: indexCommit('index-1'), revision: 1, applied: 1 });
  });

  it('does not stop the build of a branch that it says was deleted', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    await planning.plan(planning.push({ id: 'real' }));
    await planning.plan(pushOf({ id: 'forged', expected: '0'.repeat(40) }));
    expect(await planning.allBuilds()).toMatchObject([{ commit, status: 'queued' }]);
  });
});

describe('a push of the index', () => {
  it('applies what the branch has now, also when it is forced back, and each state once', async () => {
    await using planning = await setUpPlanBuilds();
    const read: string[] = [];
    planning.filesAt = async (at) => {
      read.push(at);
      return [indexFile(at === indexCommit('two') ? { app: {}, other: {} } : { app: {} })];
    };
    const active = async () =>
      (await planning.projects.all())
        .filter((project) => project.active)
        .map(({ name }) => name)
        .sort();
    await planning.plan(planning.pushIndex('one'));
    const two = planning.pushIndex('two');
    await planning.plan(two);
    expect(await active()).toEqual(['demo/app:latest', 'demo/other:latest']);
    await planning.plan({ ...planning.pushIndex('one'), id: 'forced back' });
    expect(await active()).toEqual(['demo/app:latest']);
    for (const id of ['late', 'later']) await planning.plan({ ...two, id });
    expect(await active()).toEqual(['demo/app:latest']);
    expect(read).toEqual([indexCommit('one'), indexCommit('two'), indexCommit('one')]);
  });

  it('that another push overtakes while it is applied leaves the newer one in force', async () => {
    await using planning = await setUpPlanBuilds();
    planning.filesAt = async (at) => [indexFile(at === indexCommit('older') ? { app: {}, gone: {} } : { app: {} })];
    const older = planning.pushIndex('older');
    const { put } = planning.projects;
    planning.projects.put = async (project, from) => {
      planning.projects.put = put;
      await planning.planBuilds(planning.pushIndex('newer'));
      return put(project, from);
    };
    await planning.plan(older);
    const projects = await planning.projects.all();
    expect(projects.filter(({ active }) => active).map(({ name }) => name)).toEqual(['demo/app:latest']);
    expect(await planning.indexHead.get()).toEqual({ commit: indexCommit('newer'), revision: 2, applied: 2 });
  });
});

describe('a version tag', () => {
  it('that is annotated is built at its commit, though its event names the tag object and no commit', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    planning.host.set('git.example/demo/app', tag, commit);
    const event = { ref: tag, after: 'e'.repeat(40), pusher: 'someone' };
    await planning.plan(pushTrigger(event, { id: 'annotated', source: 'git.example/demo/app' }));
    expect(await planning.allBuilds()).toMatchObject([{ commit, ref: tag }]);
    expect(planning.requests).toMatchObject([
      { source: { commit }, labels: { 'org.opencontainers.image.revision': commit } },
    ]);
  });

  it('that is moved, deleted and made again is built once for each commit that it comes to', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    const other = 'b'.repeat(40);
    const events = [commit, null, commit, other, null, commit].map((to, at) => {
      return () => planning.push({ id: `push-${at}`, ref: tag, commit: to });
    });
    for (const happens of events) await planning.plan(happens());
    const builds = (await planning.allBuilds()).toSorted((one, two) => one.sequence - two.sequence);
    expect(builds.map((build) => build.commit)).toEqual([commit, other, commit]);
    expect(builds.map(({ headRevision }) => headRevision)).toEqual([1, 2, 3]);
  });
});

it('a push takes one request to the host, however many projects share the repository', async () => {
  await using planning = await setUpPlanBuilds();
  for (let at = 0; at < 30; at++) await planning.track({ name: `demo/app${at}:latest`, jobId: `app${at}` });
  await planning.planBuilds(planning.push());
  expect(await planning.allBuilds()).toHaveLength(30);
  expect(planning.host.asked).toEqual(['git.example/demo/app refs/heads/main']);
});

describe('while the git host is down', () => {
  it('events wait, are not lost, and build what the host has when it is back', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    planning.files = [indexFile({ app: {} })];
    const pushes = [planning.push({ id: 'first' }), planning.push({ id: 'second', commit: 'b'.repeat(40) })];
    planning.host.failure = new HostUnreachableError('git.example cannot be reached.');
    for (const push of [...pushes, planning.pushIndex()]) await planning.planBuilds(push);
    // An hour of tries, the longest five minutes apart.
    for (let tries = 0; tries < 20; tries++) {
      const waiting = planning.sent.splice(0);
      expect(waiting.map(({ id, postponed }) => [id, postponed])).toEqual(
        ['first', 'second', 'index-1'].map((id) => [id, tries + 1]),
      );
      for (const trigger of waiting) await planning.planBuilds(trigger);
    }
    expect(await planning.allBuilds()).toEqual([]);
    const waiting = { outcome: 'waits: git.example cannot be reached.', builds: [], waitsUntil: expect.any(String) };
    expect(await planning.deliveries.get('first')).toMatchObject(waiting);
    planning.host.failure = undefined;
    await planning.drain();
    expect(await planning.allBuilds()).toMatchObject([{ commit: 'b'.repeat(40) }]);
    expect(await planning.indexHead.get()).toMatchObject({ commit: indexCommit('index-1'), applied: 1 });
    for (const id of ['first', 'second', 'index-1'])
      expect(await planning.deliveries.get(id)).not.toHaveProperty('waitsUntil');
  });

  it('an event fails after about a day, so that the alarm on lost triggers rings', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    planning.host.failure = new HostUnreachableError('git.example cannot be reached.');
    await expect(planning.planBuilds(pushOf({ postponed: 400 }))).rejects.toThrow('cannot be reached');
    expect(planning.sent).toEqual([]);
  });
});

it('a host that shows a push only a moment after its event is asked again', async () => {
  await using planning = await setUpPlanBuilds();
  await planning.track();
  await planning.plan(planning.push({ id: 'first' }));
  const event = planning.push({ id: 'second', commit: 'b'.repeat(40) });
  planning.push({ commit });
  await planning.planBuilds(event);
  expect(planning.sent).toMatchObject([{ id: 'second', postponed: 1 }]);
  planning.push({ commit: 'b'.repeat(40) });
  await planning.drain();
  expect((await planning.allBuilds()).map((build) => build.commit).sort()).toEqual([commit, 'b'.repeat(40)]);
});
