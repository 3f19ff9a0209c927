import { describe, expect, it } from 'vitest';
import { atEveryCrashPoint } from '../crash-points.ts';
import { pushOf, setUpPlanBuilds } from '../plan-builds-setup.ts';
import { commit } from '../services-setup.ts';

const noObject = '0'.repeat(40);

describe('a push to a project', () => {
  it('makes a build with its record, its request and its execution', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    await planning.planBuilds(pushOf());
    const [build, ...others] = await planning.allBuilds();
    expect(others).toEqual([]);
    expect(build).toMatchObject({ project: 'demo/app:latest', status: 'queued', commit, sequence: 1 });
    expect(planning.requests).toMatchObject([
      {
        id: build?.id,
        source: { url: 'https://git.example/demo/app.git', commit, ref: 'refs/heads/main' },
        candidate: 'slipway/candidate/demo/app',
        labels: { 'org.opencontainers.image.revision': commit, 'org.opencontainers.image.ref.name': 'main' },
      },
    ]);
    expect([...planning.runs.keys()]).toEqual([build?.id]);
    expect(planning.marks).toEqual([{ commit, status: 'queued' }]);
    expect(await planning.deliveries.get('delivery-1')).toMatchObject({ outcome: 'started 1', builds: [build?.id] });
  });

  it('that is delivered twice, one after the other or at once, is built once', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    await Promise.all([planning.planBuilds(pushOf()), planning.planBuilds(pushOf()), planning.planBuilds(pushOf())]);
    await planning.planBuilds(pushOf());
    expect(await planning.allBuilds()).toHaveLength(1);
    expect(planning.runs.size).toBe(1);
    expect(new Set(planning.requests.map((request) => JSON.stringify(request))).size).toBe(1);
  });

  it('is built once wherever the first try crashed', async () => {
    await atEveryCrashPoint(async (crashes) => {
      const planning = await setUpPlanBuilds(crashes);
      await planning.track();
      return {
        run: () => planning.planBuilds(pushOf()),
        async check() {
          await using _ = planning;
          const [build, ...others] = await planning.allBuilds();
          expect(others).toEqual([]);
          expect([...planning.runs.keys()]).toEqual([build?.id]);
          expect(new Set(planning.requests.map((request) => JSON.stringify(request))).size).toBe(1);
          expect((await planning.deliveries.get('delivery-1'))?.builds).toEqual([build?.id]);
        },
      };
    });
  });

  it('is not built anew when it is delivered again after its build began', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    await planning.planBuilds(pushOf());
    const [build] = await planning.allBuilds();
    await planning.builds.begin(build?.id ?? '', 'build', 'building');
    await planning.deliveries.put({ delivery: 'delivery-1', outcome: 'lost', builds: [] });
    await planning.planBuilds(pushOf());
    expect(planning.requests).toHaveLength(1);
    expect(await planning.allBuilds()).toHaveLength(1);
  });

  it('builds every project of the repository that tracks the branch, and no other', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track({ name: 'demo/app:one', desiredTag: 'one' });
    await planning.track({ name: 'demo/app:two', desiredTag: 'two' });
    await planning.track({ name: 'demo/app:next', desiredTag: 'next', gitBranch: 'next' });
    await planning.track({ name: 'demo/app:gone', desiredTag: 'gone', active: false });
    await planning.planBuilds(pushOf());
    expect((await planning.allBuilds()).map(({ project }) => project).sort()).toEqual(['demo/app:one', 'demo/app:two']);
  });

  it('to a private repository builds the project whose entry has its secret, and shows nothing of it to one that names the address', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track({ name: 'demo/vault:latest', jobId: 'vault', sourceSecret: 'deploy', visibility: 'private' });
    await planning.track({ name: 'other/nosy:latest', appId: 'other', jobId: 'nosy' });
    await planning.track({ name: 'other/posing:latest', appId: 'other', jobId: 'posing', sourceSecret: 'deploy' });
    planning.host.opened.set('git.example/demo/app', 'demo/deploy');
    await planning.planBuilds(pushOf());
    expect((await planning.allBuilds()).map(({ project }) => project)).toEqual(['demo/vault:latest']);
    expect(planning.requests).toMatchObject([{ source: { hasSecret: true } }]);
    for (const project of ['other/nosy:latest', 'other/posing:latest'])
      expect(await planning.heads.get(project, 'refs/heads/main')).toBeUndefined();
  });

  it('builds the others although one project cannot be built, and that one when it can', async () => {
    await using planning = await setUpPlanBuilds();
    for (const name of ['one', 'two', 'three']) await planning.track({ name: `demo/app:${name}`, desiredTag: name });
    const { nextSequence } = planning.projects;
    planning.projects.nextSequence = (name, build) =>
      name === 'demo/app:one' ? Promise.reject(new Error('throttled')) : nextSequence(name, build);
    await expect(planning.planBuilds(pushOf())).rejects.toThrow('throttled');
    expect((await planning.allBuilds()).map(({ project }) => project).sort()).toEqual([
      'demo/app:three',
      'demo/app:two',
    ]);
    planning.projects.nextSequence = nextSequence;
    await planning.planBuilds(pushOf());
    expect(await planning.allBuilds()).toHaveLength(3);
    expect(planning.runs.size).toBe(3);
  });

  it('numbers builds in the order of their acceptance', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    for (const name of ['1', '2', '3']) await planning.planBuilds(planning.push({ id: name, commit: name.repeat(40) }));
    const sequences = (await planning.allBuilds()).map((build) => `${build.commit[0]} ${build.sequence}`).sort();
    expect(sequences).toEqual(['1 1', '2 2', '3 3']);
  });

  it('that two webhooks report is built once', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    await planning.planBuilds(pushOf({ id: 'one' }));
    await planning.planBuilds(pushOf({ id: 'two' }));
    expect(await planning.allBuilds()).toHaveLength(1);
    const [one, two] = [await planning.deliveries.get('one'), await planning.deliveries.get('two')];
    expect(two?.builds).toEqual(one?.builds);
  });

  it('is built although its commit cannot be marked', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    planning.statuses.set = () => Promise.reject(new Error('GitHub is down'));
    await planning.planBuilds(pushOf());
    expect(planning.runs.size).toBe(1);
  });
});

describe('a push of a version tag', () => {
  it('builds every project of the repository that wants versions, beside what its branch builds', async () => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    await planning.track({ name: 'demo/other:latest', jobId: 'other', gitBranch: 'next' });
    await planning.track({ name: 'demo/none:latest', jobId: 'none', versionTags: false });
    await planning.track({ name: 'demo/shared:1', jobId: 'shared', desiredTag: '1', sharesRepository: true });
    await planning.planBuilds(pushOf({ id: 'branch' }));
    await planning.planBuilds(planning.push({ id: 'tag', ref: 'refs/tags/v1.2.3' }));
    const builds = (await planning.allBuilds()).filter(({ ref }) => ref === 'refs/tags/v1.2.3');
    expect(builds.map(({ project }) => project).sort()).toEqual(['demo/app:latest', 'demo/other:latest']);
    expect((await planning.allBuilds()).map(({ status }) => status)).not.toContain('superseded');
    const request = planning.requests.find(({ source }) => source.ref === 'refs/tags/v1.2.3');
    expect(request?.labels).toMatchObject({
      'org.opencontainers.image.version': '1.2.3',
      'org.opencontainers.image.ref.name': 'v1.2.3',
    });
  });
});

describe('a push that concerns nobody', () => {
  it.each([
    ['to another repository', pushOf({ source: 'git.example/demo/other' })],
    ['to a branch that no entry tracks', pushOf({ ref: 'refs/heads/feature' })],
    ['of a tag that is not a version', pushOf({ ref: 'refs/tags/main' })],
    ['that deletes a version', pushOf({ ref: 'refs/tags/v1.2.3', expected: noObject })],
    ['that deletes the branch', pushOf({ expected: noObject })],
    ['that deletes the index branch', pushOf({ source: 'git.example/slipway/index', expected: noObject })],
  ])('%s is recorded as ignored', async (_, push) => {
    await using planning = await setUpPlanBuilds();
    await planning.track();
    planning.host.main = undefined;
    await planning.planBuilds(push);
    expect(await planning.allBuilds()).toEqual([]);
    expect(await planning.deliveries.get(push.id)).toMatchObject({
      outcome: expect.stringMatching(/^ignored: /),
      builds: [],
    });
    expect(planning.runs.size + planning.mails.length).toBe(0);
  });
});
