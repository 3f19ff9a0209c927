import { describe, expect, it } from 'vitest';
import { UpstreamError } from '../../../core/model/errors.ts';
import type { TriggerOf } from '../../../core/model/trigger.ts';
import { githubEvents } from '../../../core/triggers/github/events.ts';
import { HostRefusedError } from '../../../services/git-host/host-requests.ts';
import type { PullRequest } from '../../../services/git-host/repository-api.ts';
import { atEveryCrashPoint } from '../crash-points.ts';
import { indexSource, setUpPlanBuilds } from '../plan-builds-setup.ts';
import { commit } from '../services-setup.ts';

const source = 'git.example/demo/app';
const newer = 'b'.repeat(40);
type Planning = Awaited<ReturnType<typeof setUpPlanBuilds>>;
type Shown = Partial<PullRequest>;

/** The event of a pull request, whatever the host shows. */
const eventOf = (over: Partial<TriggerOf<'pull-request'>> = {}): TriggerOf<'pull-request'> => ({
  type: 'pull-request',
  id: 'delivery-1',
  source,
  number: 7,
  expected: { commit, isOpen: true },
  ...over,
});

/** Something happens to pull request number 7. @returns the event of it */
function happens(planning: Planning, id: string, over: Shown = {}): TriggerOf<'pull-request'> {
  const before = planning.github.pullRequests.get(7);
  const shown = { isOpen: true, commit, baseRef: 'main', isFork: false, author: 'someone', ...before, ...over };
  planning.github.pullRequests.set(7, shown);
  return eventOf({ id, expected: { commit: shown.commit, isOpen: shown.isOpen } });
}

const approval = (over: Partial<TriggerOf<'approval'>> = {}): TriggerOf<'approval'> => ({
  type: 'approval',
  id: 'approval:1',
  source,
  number: 7,
  commit,
  approver: 'maintainer',
  ...over,
});

/** A project that has its pull requests built, and one of them, number 7, as the API knows it. */
async function startWithPullRequest(shown: Shown = {}, ...[crashes]: Parameters<typeof setUpPlanBuilds>) {
  const planning = await setUpPlanBuilds(crashes);
  await planning.track({ pullRequests: true });
  happens(planning, 'opened', shown);
  planning.github.writers.add('maintainer');
  return planning;
}

describe('a pull request', () => {
  it('of a branch of the repository is built at its head, and shares no cache with releases', async () => {
    await using planning = await startWithPullRequest();
    await planning.planBuilds(eventOf());
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
    await planning.planBuilds(happens(planning, 'delivery-1'));
    expect(await planning.allBuilds()).toEqual([]);
    expect((await planning.deliveries.get('delivery-1'))?.outcome).toMatch(/^ignored: no entry .* main/);
  });

  it('is built once although two webhooks report it, and again for a newer commit, which supersedes the older', async () => {
    await using planning = await startWithPullRequest();
    await planning.planBuilds(eventOf());
    await planning.planBuilds(eventOf({ id: 'the-other-hook' }));
    const [older] = await planning.allBuilds();
    await planning.planBuilds(happens(planning, 'delivery-2', { commit: newer }));
    const builds = await planning.allBuilds();
    expect(builds).toHaveLength(2);
    expect(builds.find(({ id }) => id === older?.id)).toMatchObject({ status: 'superseded' });
    expect(planning.stopped).toContain(older?.id);
  });

  it('whose older commit is reported late stays with the newer one', async () => {
    await using planning = await startWithPullRequest();
    const late = eventOf();
    await planning.planBuilds(happens(planning, 'delivery-2', { commit: newer }));
    await planning.plan(late);
    expect(await planning.allBuilds()).toMatchObject([{ commit: newer, status: 'queued' }]);
  });

  it('is built at the commit that the host names, whatever an event says of it, its author and its origin', async () => {
    await using planning = await startWithPullRequest({ isFork: true, author: 'stranger' });
    await planning.plan(eventOf({ expected: { commit: newer, isOpen: true } }));
    expect(await planning.allBuilds()).toEqual([]);
    expect(planning.proposals[0]).toMatchObject({ commit, state: 'pending' });
    expect(planning.proposals.map((proposal) => proposal.commit)).not.toContain(newer);
  });

  it('is asked for once, however many projects want it', async () => {
    await using planning = await startWithPullRequest();
    for (const job of ['two', 'three'])
      await planning.track({ name: `demo/${job}:latest`, jobId: job, pullRequests: true });
    await planning.planBuilds(eventOf());
    expect(await planning.allBuilds()).toHaveLength(3);
    expect(planning.github.asked).toEqual(['demo/app#7']);
  });

  it('is built at the new commit even if the host shows the old one for a moment after its event', async () => {
    await using planning = await startWithPullRequest();
    await planning.planBuilds(eventOf());
    const event = happens(planning, 'delivery-2', { commit: newer });
    happens(planning, 'not seen yet', { commit });
    await planning.planBuilds(event);
    expect(await planning.deliveries.get('delivery-2')).toBeUndefined();
    happens(planning, 'seen', { commit: newer });
    await planning.drain();
    expect((await planning.allBuilds()).map((build) => `${build.commit[0]} ${build.status}`).sort()).toEqual([
      'a superseded',
      'b queued',
    ]);
  });

  it('that is closed takes its running build with it, and builds again when it is opened again', async () => {
    await using planning = await startWithPullRequest();
    await planning.planBuilds(eventOf());
    const [build] = await planning.allBuilds();
    await planning.planBuilds(happens(planning, 'delivery-2', { isOpen: false }));
    expect(await planning.builds.get(build?.id ?? '')).toMatchObject({
      status: 'cancelled',
      failure: { error: 'PullRequestClosedError' },
    });
    expect(planning.stopped).toEqual([build?.id]);
    const reopened = happens(planning, 'delivery-3', { isOpen: true });
    await planning.planBuilds(reopened);
    await planning.planBuilds({ ...reopened, id: 'the-other-hook' });
    expect((await planning.allBuilds()).map(({ status }) => status).sort()).toEqual(['cancelled', 'queued']);
  });

  it('that is open keeps its build, although an event says that it was closed', async () => {
    await using planning = await startWithPullRequest();
    await planning.planBuilds(eventOf());
    await planning.plan(eventOf({ id: 'forged', expected: { commit, isOpen: false } }));
    expect(await planning.allBuilds()).toMatchObject([{ status: 'queued' }]);
  });

  it('that is opened again while its builds are being cancelled is built again', async () => {
    await using planning = await startWithPullRequest();
    await planning.planBuilds(eventOf());
    const closed = happens(planning, 'delivery-2', { isOpen: false });
    planning.github.meanwhile = () => planning.planBuilds(happens(planning, 'delivery-3', { isOpen: true }));
    await planning.planBuilds(closed);
    expect((await planning.allBuilds()).map(({ status }) => status).sort()).toEqual(['cancelled', 'queued']);
  });

  it('that touches no path of the entry says so at its commit and is not built', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track({ pullRequests: true, paths: ['src/**'] });
    planning.github.comparisons.set(`main...${commit}`, { isAhead: false, files: ['docs/README.md'] });
    await planning.planBuilds(happens(planning, 'delivery-1'));
    expect(await planning.allBuilds()).toEqual([]);
    expect(planning.proposals).toMatchObject([
      { commit, state: 'success', description: expect.stringMatching(/paths/) },
    ]);
    planning.github.comparisons.set(`main...${newer}`, { isAhead: true, files: ['docs/README.md', 'src/main.c'] });
    await planning.planBuilds(happens(planning, 'delivery-2', { commit: newer }));
    expect(await planning.allBuilds()).toMatchObject([{ commit: newer }]);
  });

  it('is held against its base as that is now: a commit that did not touch a project may do so when it is opened again', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track({ pullRequests: true, paths: ['src/**'] });
    planning.github.comparisons.set(`main...${commit}`, { isAhead: true, files: ['docs/README.md'] });
    await planning.planBuilds(happens(planning, 'delivery-1'));
    expect(await planning.allBuilds()).toEqual([]);
    // The base was taken back behind a commit that the pull request has too.
    planning.github.comparisons.set(`main...${commit}`, { isAhead: true, files: ['docs/README.md', 'src/main.c'] });
    await planning.planBuilds(happens(planning, 'delivery-2'));
    expect(await planning.allBuilds()).toMatchObject([{ commit }]);
  });

  it('to the index is not built', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track({ source: indexSource, pullRequests: true });
    await planning.planBuilds(eventOf({ source: indexSource }));
    expect(await planning.allBuilds()).toEqual([]);
  });

  it('is built once wherever the first try crashed', async () => {
    await atEveryCrashPoint(async (crashes) => {
      const planning = await startWithPullRequest({}, crashes);
      return {
        run: () => planning.planBuilds(eventOf()),
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
  const startWithFork = (...[crashes]: Parameters<typeof setUpPlanBuilds>) =>
    startWithPullRequest({ isFork: true, author: 'stranger' }, crashes);

  it('waits, and says at its commit for what', async () => {
    await using planning = await startWithFork();
    for (const id of ['opened', 'pushed', 'opened-again']) await planning.planBuilds(eventOf({ id }));
    expect(await planning.allBuilds()).toEqual([]);
    expect(planning.requests).toEqual([]);
    const description = `Waiting for a maintainer: comment /ok-to-test ${commit}`;
    expect(planning.proposals[0]).toMatchObject({
      project: 'demo/app:latest',
      commit,
      state: 'pending',
      description,
      action: { identifier: 'approve' },
      title: `Waiting for a maintainer: press Approve, or comment /ok-to-test ${commit}`,
    });
    expect(description.length).toBeLessThanOrEqual(140);
  });

  it('is built when a maintainer approved the commit, which the build remembers', async () => {
    await using planning = await startWithFork();
    await planning.planBuilds(eventOf());
    await planning.planBuilds(approval());
    expect(await planning.allBuilds()).toMatchObject([
      { commit, ref: 'refs/pull/7/head', cause: { type: 'pull-request', author: 'stranger', approver: 'maintainer' } },
    ]);
    expect(planning.requests).toMatchObject([{ source: { commit }, cache: 'none' }]);
    expect(planning.github.comments).toEqual([]);
    // The news of the pull request itself, coming late or once more, takes nothing back.
    await planning.planBuilds(eventOf({ id: 'the-other-hook' }));
    expect(planning.proposals).toHaveLength(1);
  });

  it('is built once wherever the first try crashed', async () => {
    await atEveryCrashPoint(async (crashes) => {
      const planning = await startWithFork(crashes);
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
    await using planning = await startWithFork();
    await planning.planBuilds(approval());
    await planning.planBuilds(happens(planning, 'delivery-2', { commit: newer }));
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
  ])('is not built after the approval of %s, who is told why', async (_, over, reason) => {
    await using planning = await startWithFork();
    const shown = { isOpen: true, commit, baseRef: 'main', isFork: true, author: 'stranger' };
    planning.github.pullRequests.set(9, { ...shown, isOpen: false });
    planning.github.pullRequests.set(10, { ...shown, baseRef: 'stable' });
    await planning.planBuilds({ ...approval(), ...over } as TriggerOf<'approval'>);
    expect(await planning.allBuilds()).toEqual([]);
    expect(planning.runs.size).toBe(0);
    expect(planning.github.comments).toMatchObject([{ body: expect.stringMatching(reason) }]);
    expect((await planning.deliveries.get('approval:1'))?.outcome).toMatch(/^ignored: /);
  });

  it('gets no answer that could itself be read as an approval', async () => {
    await using planning = await startWithFork();
    await planning.planBuilds({ ...approval(), commit: newer });
    expect(planning.github.comments[0]?.body).toMatch(/^<!-- slipway/);
    expect(planning.github.comments[0]?.body).not.toMatch(/^\/ok-to-test/m);
  });

  it('is not built by the approval of who may write elsewhere: the entry of the index says which repository counts', async () => {
    await using planning = await startWithFork();
    const event = {
      action: 'created',
      issue: { number: 7, pull_request: {} },
      comment: { id: 1, body: `/ok-to-test ${commit}`, user: { login: 'attacker', type: 'User' } },
      repository: { clone_url: 'https://git.example/demo/app.git', full_name: 'attacker/own' },
    };
    const trigger = githubEvents.readers.issue_comment?.(event, { id: 'guid', source: 'git.example/demo/app' });
    await planning.planBuilds(trigger as TriggerOf<'approval'>);
    expect(planning.github.permissionsAsked).toEqual(['attacker in demo/app']);
    expect(await planning.allBuilds()).toEqual([]);
  });

  it('is not built as long as nobody can say who may approve: the approval is tried again', async () => {
    await using planning = await startWithFork();
    planning.github.failure = new UpstreamError('The git host did not answer.');
    await planning.planBuilds(approval());
    expect(await planning.allBuilds()).toEqual([]);
    expect(await planning.deliveries.get('approval:1')).toMatchObject({
      outcome: 'waits: The git host did not answer.',
      waitsUntil: expect.any(String),
    });
    planning.github.failure = undefined;
    await planning.drain();
    expect(await planning.allBuilds()).toMatchObject([{ commit }]);
  });

  it('is not built where the token may not ask, and the delivery says so', async () => {
    await using planning = await startWithFork();
    planning.github.failure = new HostRefusedError('The git host answered 403.');
    await planning.planBuilds(approval());
    expect(await planning.allBuilds()).toEqual([]);
    expect((await planning.deliveries.get('approval:1'))?.outcome).toMatch(/could not be checked.*403/);
  });

  it('of a repository that nobody asked for is not looked at', async () => {
    await using planning = await startWithFork();
    await planning.planBuilds(approval({ source: 'git.example/demo/elsewhere', approver: 'stranger' }));
    await planning.planBuilds(approval({ id: 'approval:2', source: indexSource }));
    expect(planning.github.comments).toEqual([]);
    expect(await planning.allBuilds()).toEqual([]);
  });
});
