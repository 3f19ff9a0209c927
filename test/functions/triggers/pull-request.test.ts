import { describe, expect, it } from 'vitest';
import { UpstreamError } from '../../../core/model/errors.ts';
import type { TriggerOf } from '../../../core/model/trigger.ts';
import { GithubRefusedError } from '../../../services/git-host/github-api.ts';
import { atEveryCrashPoint } from '../crash-points.ts';
import { indexSource, setUpPlanBuilds } from '../plan-builds-setup.ts';
import { commit } from '../services-setup.ts';

const source = 'git.example/demo/app';
const newer = 'b'.repeat(40);
const seconds = (count: number) => new Date(Date.parse('2026-11-21T00:00:00.000Z') + count * 1000).toISOString();

const pullRequest = (over: Partial<TriggerOf<'pull-request'>> = {}): TriggerOf<'pull-request'> => ({
  type: 'pull-request',
  id: 'delivery-1',
  receivedAt: seconds(0),
  changedAt: seconds(0),
  source,
  repository: 'demo/app',
  number: 7,
  action: 'opened',
  commit,
  baseRef: 'main',
  fork: false,
  author: 'someone',
  ...over,
});

const approval = (over: Partial<TriggerOf<'approval'>> = {}): TriggerOf<'approval'> => ({
  type: 'approval',
  id: 'approval:1',
  receivedAt: seconds(60),
  source,
  repository: 'demo/app',
  number: 7,
  commit,
  approver: 'maintainer',
  ...over,
});

/** A project that has its pull requests built, and one of them, number 7, as the API knows it. */
async function startWithPullRequest(...[crashes]: Parameters<typeof setUpPlanBuilds>) {
  const planning = await setUpPlanBuilds(crashes);
  await planning.track({ pullRequests: true });
  planning.github.pullRequests.set(7, { isOpen: true, commit, baseRef: 'main', author: 'stranger' });
  planning.github.permissions.set('maintainer', 'write');
  return planning;
}

describe('a pull request', () => {
  it('of a branch of the repository is built at its head, and shares no cache with releases', async () => {
    await using planning = await startWithPullRequest();
    await planning.planBuilds(pullRequest());
    expect(await planning.allBuilds()).toMatchObject([
      {
        commit,
        ref: 'refs/pull/7/head',
        sourceUrl: 'https://git.example/demo/app.git',
        cause: { type: 'pull-request', number: 7, author: 'someone' },
      },
    ]);
    expect(planning.requests).toMatchObject([{ source: { commit, ref: 'refs/pull/7/head' }, cache: 'none' }]);
    expect(planning.marks).toEqual([{ commit, status: 'queued' }]);
  });

  it('is of no interest to a project that did not ask for it, or that tracks another branch', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    await planning.track({ name: 'demo/other:latest', pullRequests: true, gitBranch: 'stable' });
    await planning.track({ name: 'demo/gone:latest', pullRequests: true, active: false });
    await planning.planBuilds(pullRequest());
    expect(await planning.allBuilds()).toEqual([]);
    expect((await planning.deliveries.get('delivery-1'))?.outcome).toMatch(/^ignored: no entry .* main/);
  });

  it('is built once although two webhooks report it, and again for a newer commit, which supersedes the older', async () => {
    await using planning = await startWithPullRequest();
    await planning.planBuilds(pullRequest());
    await planning.planBuilds(pullRequest({ id: 'the-other-hook' }));
    const [older] = await planning.allBuilds();
    await planning.planBuilds(
      pullRequest({
        id: 'delivery-2',
        action: 'synchronize',
        commit: newer,
        changedAt: seconds(5),
        receivedAt: seconds(5),
      }),
    );
    const builds = await planning.allBuilds();
    expect(builds).toHaveLength(2);
    expect(builds.find(({ id }) => id === older?.id)).toMatchObject({ status: 'superseded' });
    expect(planning.stopped).toContain(older?.id);
  });

  it('whose older commit is reported late stays with the newer one', async () => {
    await using planning = await startWithPullRequest();
    await planning.planBuilds(
      pullRequest({
        id: 'delivery-2',
        action: 'synchronize',
        commit: newer,
        changedAt: seconds(5),
        receivedAt: seconds(5),
      }),
    );
    await planning.planBuilds(pullRequest({ receivedAt: seconds(600) }));
    const builds = await planning.allBuilds();
    expect(Object.fromEntries(builds.map((build) => [build.commit, build.status]))).toEqual({
      [newer]: 'queued',
      [commit]: 'superseded',
    });
  });

  it('that is closed takes its running build with it, and builds again when it is opened again', async () => {
    await using planning = await startWithPullRequest();
    await planning.planBuilds(pullRequest());
    const [build] = await planning.allBuilds();
    await planning.planBuilds(pullRequest({ id: 'delivery-2', action: 'closed', receivedAt: seconds(5) }));
    expect(await planning.builds.get(build?.id ?? '')).toMatchObject({
      status: 'cancelled',
      failure: { error: 'PullRequestClosedError' },
    });
    expect(planning.stopped).toEqual([build?.id]);
    for (const id of ['delivery-3', 'the-other-hook']) {
      await planning.planBuilds(pullRequest({ id, action: 'reopened', changedAt: seconds(9), receivedAt: seconds(9) }));
    }
    expect((await planning.allBuilds()).map(({ status }) => status).sort()).toEqual(['cancelled', 'queued']);
  });

  it('that touches no path of the entry says so at its commit and is not built', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track({ pullRequests: true, paths: ['src/**'] });
    planning.github.comparisons.set(`main...${commit}`, { isAhead: false, files: ['docs/README.md'] });
    await planning.planBuilds(pullRequest());
    expect(await planning.allBuilds()).toEqual([]);
    expect(planning.proposals).toMatchObject([
      { commit, state: 'success', description: expect.stringMatching(/paths/) },
    ]);
    planning.github.comparisons.set(`main...${newer}`, { isAhead: true, files: ['docs/README.md', 'src/main.c'] });
    await planning.planBuilds(
      pullRequest({
        id: 'delivery-2',
        action: 'synchronize',
        commit: newer,
        changedAt: seconds(5),
        receivedAt: seconds(5),
      }),
    );
    expect(await planning.allBuilds()).toMatchObject([{ commit: newer }]);
  });

  it('is held against its base as that is now: a commit that did not touch a project may do so when it is opened again', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track({ pullRequests: true, paths: ['src/**'] });
    planning.github.comparisons.set(`main...${commit}`, { isAhead: true, files: ['docs/README.md'] });
    await planning.planBuilds(pullRequest());
    expect(await planning.allBuilds()).toEqual([]);
    // The base was taken back behind a commit that the pull request has too.
    planning.github.comparisons.set(`main...${commit}`, { isAhead: true, files: ['docs/README.md', 'src/main.c'] });
    await planning.planBuilds(pullRequest({ id: 'delivery-2', action: 'reopened', changedAt: seconds(5) }));
    expect(await planning.allBuilds()).toMatchObject([{ commit }]);
  });

  it('to the index is not built', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track({ source: indexSource, pullRequests: true });
    await planning.planBuilds(pullRequest({ source: indexSource }));
    expect(await planning.allBuilds()).toEqual([]);
  });

  it('is built once wherever the first try crashed', async () => {
    await atEveryCrashPoint(async (crashes) => {
      const planning = await startWithPullRequest(crashes);
      return {
        run: () => planning.planBuilds(pullRequest()),
        async check() {
          await using _ = planning;
          expect(await planning.allBuilds()).toHaveLength(1);
          expect(planning.runs.size).toBe(1);
        },
      };
    });
  });
});

describe('the pull request of a fork', () => {
  const fork = (over: Partial<TriggerOf<'pull-request'>> = {}) =>
    pullRequest({ fork: true, author: 'stranger', ...over });

  it('waits, and says at its commit for what', async () => {
    await using planning = await startWithPullRequest();
    for (const action of ['opened', 'synchronize', 'reopened'] as const) {
      await planning.planBuilds(fork({ id: action, action }));
    }
    expect(await planning.allBuilds()).toEqual([]);
    expect(planning.requests).toEqual([]);
    const description = `Waiting for a maintainer: comment /ok-to-test ${commit}`;
    expect(planning.proposals[0]).toEqual({ project: 'demo/app:latest', commit, state: 'pending', description });
    expect(description.length).toBeLessThanOrEqual(140);
  });

  it('is built when a maintainer approved the commit, which the build remembers', async () => {
    await using planning = await startWithPullRequest();
    await planning.planBuilds(fork());
    await planning.planBuilds(approval());
    expect(await planning.allBuilds()).toMatchObject([
      { commit, ref: 'refs/pull/7/head', cause: { type: 'pull-request', author: 'stranger', approver: 'maintainer' } },
    ]);
    expect(planning.requests).toMatchObject([{ source: { commit }, cache: 'none' }]);
    expect(planning.github.comments).toEqual([]);
    // The event of the pull request itself, coming late or once more, takes nothing back.
    await planning.planBuilds(fork({ id: 'the-other-hook' }));
    expect(planning.proposals).toHaveLength(1);
  });

  it('is built once wherever the first try crashed', async () => {
    await atEveryCrashPoint(async (crashes) => {
      const planning = await startWithPullRequest(crashes);
      return {
        run: () => planning.planBuilds(approval()),
        async check() {
          await using _ = planning;
          expect(await planning.allBuilds()).toHaveLength(1);
          expect(planning.runs.size).toBe(1);
        },
      };
    });
  });

  it('needs another approval for what is pushed afterwards', async () => {
    await using planning = await startWithPullRequest();
    await planning.planBuilds(approval());
    await planning.planBuilds(
      fork({ id: 'delivery-2', action: 'synchronize', commit: newer, changedAt: seconds(99), receivedAt: seconds(99) }),
    );
    expect((await planning.allBuilds()).map((build) => build.commit)).toEqual([commit]);
    expect(planning.proposals).toMatchObject([{ commit: newer, state: 'pending' }]);
  });

  it.each([
    ['a stranger', { approver: 'stranger' }, /must be able to write/],
    ['somebody who may only read', { approver: 'reader' }, /must be able to write/],
    ['a maintainer, of a commit that is not the head any more', { commit: newer }, /is not `b{40}` but `a{40}`/],
    ['a maintainer who names no commit in full', { commit: undefined }, /does not name a commit/],
    ['a maintainer, of a pull request that is not there', { number: 8 }, /#8 is not open/],
    ['a maintainer, of a pull request that is closed', { number: 9 }, /#9 is not open/],
    ['a maintainer, for a branch that nobody tracks', { number: 10 }, /pull requests to `stable`/],
  ])('is not built after the approval of %s, with the reason in a comment', async (_, over, reason) => {
    await using planning = await startWithPullRequest();
    planning.github.permissions.set('reader', 'read');
    planning.github.pullRequests.set(9, { isOpen: false, commit, baseRef: 'main', author: 'stranger' });
    planning.github.pullRequests.set(10, { isOpen: true, commit, baseRef: 'stable', author: 'stranger' });
    await planning.planBuilds({ ...approval(), ...over } as TriggerOf<'approval'>);
    expect(await planning.allBuilds()).toEqual([]);
    expect(planning.runs.size).toBe(0);
    expect(planning.github.comments).toMatchObject([{ body: expect.stringMatching(reason) }]);
    expect((await planning.deliveries.get('approval:1'))?.outcome).toMatch(/^ignored: /);
  });

  it('gets no answer that could itself be read as an approval', async () => {
    await using planning = await startWithPullRequest();
    await planning.planBuilds({ ...approval(), commit: newer });
    expect(planning.github.comments[0]?.body).toMatch(/^<!-- slipway/);
    expect(planning.github.comments[0]?.body).not.toMatch(/^\/ok-to-test/m);
  });

  it('is not built as long as nobody can say who may approve: the approval is tried again', async () => {
    await using planning = await startWithPullRequest();
    planning.github.failure = new UpstreamError('The git host did not answer.');
    await expect(planning.planBuilds(approval())).rejects.toThrow('did not answer');
    expect(await planning.allBuilds()).toEqual([]);
    expect(await planning.deliveries.get('approval:1')).toBeUndefined();
  });

  it('is not built where the token may not ask, and the delivery says so', async () => {
    await using planning = await startWithPullRequest();
    planning.github.failure = new GithubRefusedError('The git host answered 403.');
    await planning.planBuilds(approval());
    expect(await planning.allBuilds()).toEqual([]);
    expect((await planning.deliveries.get('approval:1'))?.outcome).toMatch(/could not be checked.*403/);
  });

  it('of a repository that nobody asked for is ignored', async () => {
    await using planning = await startWithPullRequest();
    await planning.planBuilds(approval({ source: 'git.example/demo/elsewhere', approver: 'stranger' }));
    await planning.planBuilds(approval({ id: 'approval:2', source: indexSource }));
    expect(planning.github.comments).toEqual([]);
    expect(await planning.allBuilds()).toEqual([]);
  });
});
