import { describe, expect, it } from 'vitest';
import { HostUnreachableError, InvalidInputError } from '../../../core/model/errors.ts';
import { createDeployCredentials, type DeployCredentials } from '../../../services/git-host/deploy-credentials.ts';
import { imageOf, releaseOf, setUpDelivery, targetOf } from './delivery-setup.ts';

describe('a release', () => {
  it('is committed to the manifests of its target, with what led to it', async () => {
    await using live = await setUpDelivery([targetOf('staging', { skipCi: true })]);
    const [state] = await live.deliver(releaseOf(1));
    expect(live.file('staging/app.yaml')).toBe(`image: ${imageOf(1)} # here`);
    expect(live.host.git('ops/live', 'log', '-1', '--format=%an <%ae>%n%B', 'main')).toBe(`Slipway <slipway@example.org>
Deploy demo/app build-1 to staging [skip ci]

Push number 1.

Project: demo/app:latest
Image: registry.example.org/demo/app@${releaseOf(1).digest}
Source: https://git.example/demo/app.git 1111111
Build: https://slipway.example.org/builds/build1`);
    const head = live.host.git('ops/live', 'rev-parse', 'main');
    expect(state).toMatchObject({ state: 'delivered', attempts: 1 });
    expect(state?.delivered[0]).toMatchObject({
      build: 'build1',
      commitUrl: `${live.host.url}/ops/live/commit/${head}`,
    });
    expect(state?.dueAt).toBeUndefined();
  });

  it('is one commit for all its targets in a repository, and none where it is already', async () => {
    await using live = await setUpDelivery([targetOf('eu'), targetOf('us')]);
    await live.deliver(releaseOf(1));
    expect(live.commits()).toBe(2);
    expect(live.host.git('ops/live', 'log', '-1', '--format=%s', 'main')).toBe('Deploy demo/app build-1 to eu, us');
    await live.deliver(releaseOf(1));
    live.host.commit('ops/live', { 'us/app.yaml': `image: ${imageOf(2)}\n`, 'eu/app.yaml': `image: ${imageOf(2)}\n` });
    const states = await live.deliver(releaseOf(2));
    expect(live.commits()).toBe(3);
    expect(states.map(({ state, delivered }) => [state, delivered[0]?.commitUrl])).toEqual([
      ['delivered', undefined],
      ['delivered', undefined],
    ]);
  });

  it('gets to the other targets where one has no such file, and to that one once the file is there', async () => {
    await using live = await setUpDelivery([targetOf('eu'), targetOf('us', { path: 'us/none.yaml' })]);
    live.host.git('ops/live', 'rm', '-q', 'us/none.yaml');
    live.host.git('ops/live', 'commit', '-qm', 'Remove');
    await live.deliver(releaseOf(1));
    expect(live.file('eu/app.yaml')).toContain(imageOf(1));
    const failed = await live.stateOf('us');
    expect(failed).toMatchObject({ state: 'pending', error: 'us/none.yaml: there is no such file or folder.' });
    live.host.commit('ops/live', { 'us/none.yaml': 'image: demo/app\n', 'eu/app.yaml': live.file('eu/app.yaml') });
    await live.delivery.retry(live.project, failed ? [failed] : []);
    expect(live.file('us/none.yaml')).toContain(imageOf(1));
    expect(await live.stateOf('us')).toMatchObject({ state: 'delivered', attempts: 2 });
  });

  it.each(['push', 'pull-request'] as const)(
    'that cannot be written because of the credentials says so to its people, and gets there when they are right: %s',
    async (mode) => {
      let secret = 'wrong';
      const credentials = async () => {
        if (secret === 'wrong') throw new InvalidInputError('The secret is not as docs/manifests.md says.');
        return undefined;
      };
      await using live = await setUpDelivery([targetOf('staging', { mode })], { credentials });
      await live.deliver(releaseOf(1));
      const failed = await live.stateOf('staging');
      expect(failed).toMatchObject({ state: 'pending', error: 'The secret is not as docs/manifests.md says.' });
      secret = 'right';
      await live.delivery.retry(live.project, failed ? [failed] : []);
      expect(await live.stateOf('staging')).toMatchObject({ state: mode === 'push' ? 'delivered' : 'proposed' });
    },
  );

  it.each(['push', 'pull-request'] as const)(
    'is not written with credentials that are kept to others, until they are opened to it: %s',
    async (mode) => {
      let owner = 'other';
      const latest = async () => JSON.stringify({ localhost: { password: 'token', 'app-ids': [owner] } });
      const known = createDeployCredentials({ latest });
      const credentials: DeployCredentials = (url, appId) => known(url.replace(/:\d+/, ''), appId);
      await using live = await setUpDelivery([targetOf('staging', { mode })], { credentials });
      await live.deliver(releaseOf(1));
      const failed = await live.stateOf('staging');
      const error = expect.stringContaining('kept to other app-ids than demo. Add it to their "app-ids"');
      expect(failed).toMatchObject({ state: 'pending', error });
      expect([live.commits(), live.pulls.all.length]).toEqual([1, 0]);
      owner = 'demo';
      await live.delivery.retry(live.project, failed ? [failed] : []);
      expect(await live.stateOf('staging')).toMatchObject({ state: mode === 'push' ? 'delivered' : 'proposed' });
    },
  );

  it('gets there once, after the host was down', async () => {
    await using live = await setUpDelivery([targetOf('staging')]);
    const { fetch } = live.network;
    live.network.fetch = async () => {
      throw new HostUnreachableError('git.example.org cannot be reached (ECONNREFUSED).');
    };
    await live.deliver(releaseOf(1));
    const down = await live.stateOf('staging');
    expect(down).toMatchObject({ state: 'pending', attempts: 1, error: expect.stringContaining('cannot be reached') });
    const [due] = await live.targets.due(new Date(Date.now() + 3_600_000), 10);
    expect(due).toEqual(down);
    live.network.fetch = fetch;
    await Promise.all([1, 2, 3].map(() => live.delivery.retry(live.project, due ? [due] : [])));
    expect(live.commits()).toBe(2);
    expect(await live.targets.due(new Date(Date.now() + 1e10), 10)).toEqual([]);
  });

  it('never takes the place of a newer one, in whatever order they come and however they race', async () => {
    await using live = await setUpDelivery([targetOf('staging')]);
    await live.deliver(releaseOf(3));
    await live.deliver(releaseOf(2));
    expect(live.file('staging/app.yaml')).toContain(imageOf(3));
    await Promise.all([6, 4, 7, 5].map((number) => live.deliver(releaseOf(number))));
    expect(live.file('staging/app.yaml')).toContain(imageOf(7));
    expect((await live.stateOf('staging'))?.wanted.build).toBe('build7');
  });

  it('gets there beside other writers of the branch, and none of them is lost', async () => {
    const writers = [1, 2, 3, 4];
    const targets = writers.map((number) => targetOf(`t${number}`, { repository: 'ops/live' }));
    await using live = await setUpDelivery(targets);
    await Promise.all(
      writers.map((number) =>
        live.delivery.deliver({ ...live.project, name: `demo/app:v${number}` }, releaseOf(number), {
          call: { type: 'promotion', by: 'ann' },
          only: [`t${number}`],
        }),
      ),
    );
    expect(live.commits()).toBe(1 + writers.length);
    for (const number of writers) expect(live.file(`t${number}/app.yaml`)).toContain(imageOf(number));
  });

  it('of a version goes where versions go, the lower after the higher not, and a prerelease nowhere', async () => {
    await using live = await setUpDelivery([targetOf('staging'), targetOf('production', { on: 'version' })]);
    const version = (number: number, tag: string) => releaseOf(number, { ref: `refs/tags/v${tag}`, tag });
    await live.deliver(releaseOf(1));
    await live.deliver(version(2, '2.0.0'));
    await live.deliver(version(3, '1.9.1'));
    await live.deliver(version(4, '3.0.0-rc.1'));
    expect(live.file('staging/app.yaml')).toContain(imageOf(1));
    expect(live.file('production/app.yaml')).toContain(imageOf(2, '2.0.0'));
  });
});

it('a rollback is a commit that says so', async () => {
  await using live = await setUpDelivery([targetOf('staging')]);
  await live.deliver(releaseOf(1));
  await live.deliver(releaseOf(2));
  await live.delivery.deliver(live.project, releaseOf(1), { call: { type: 'rollback', by: 'ann' } });
  expect(live.file('staging/app.yaml')).toContain(imageOf(1));
  expect(live.host.git('ops/live', 'log', '-1', '--format=%s', 'main')).toBe(
    'Roll back demo/app to build-1 at staging',
  );
});

describe('a promotion', () => {
  it('is of what a person says, also of an older release', async () => {
    await using live = await setUpDelivery([targetOf('staging'), targetOf('production', { on: 'promotion' })]);
    await live.deliver(releaseOf(1));
    await live.deliver(releaseOf(2));
    expect(live.file('production/app.yaml')).toContain('demo/app #');
    const promote = (number: number) =>
      live.delivery.deliver(live.project, releaseOf(number), {
        call: { type: 'promotion', by: 'ann' },
        only: ['production'],
      });
    await promote(2);
    expect(live.file('production/app.yaml')).toContain(imageOf(2));
    await promote(1);
    expect(live.file('production/app.yaml')).toContain(imageOf(1));
    expect((await live.stateOf('production'))?.delivered.map(({ build, call }) => [build, call.by])).toEqual([
      ['build1', 'ann'],
      ['build2', 'ann'],
    ]);
  });

  it('waits for its time, and a newer release begins it anew', async () => {
    const production = targetOf('production', { on: 'promotion', afterHours: 48 });
    await using live = await setUpDelivery([targetOf('staging'), production]);
    await live.deliver(releaseOf(1));
    expect(await live.stateOf('production')).toMatchObject({ state: 'waiting', wanted: { build: 'build1' } });
    await live.deliver(releaseOf(2));
    expect(await live.stateOf('production')).toMatchObject({ state: 'waiting', wanted: { build: 'build2' } });
    expect(live.file('production/app.yaml')).toContain('demo/app #');
  });

  it('is one pull request, changed by each release, and done when it is merged', async () => {
    const production = targetOf('production', { on: 'promotion', mode: 'pull-request' });
    await using live = await setUpDelivery([targetOf('staging'), production]);
    await live.deliver(releaseOf(1));
    await live.deliver(releaseOf(2));
    const branch = 'slipway/demo-app-latest/production';
    expect(live.pulls.all).toHaveLength(1);
    expect(live.pulls.all[0]).toMatchObject({ title: 'Deploy demo/app build-2 to production', branch, base: 'main' });
    expect(live.file('production/app.yaml', branch)).toContain(imageOf(2));
    expect(live.host.git('ops/live', 'rev-list', '--count', `main..${branch}`)).toBe('1');
    const proposed = await live.stateOf('production');
    expect(proposed).toMatchObject({ state: 'proposed', proposal: { number: 1 } });

    live.host.git('ops/live', 'merge', '-q', '--no-edit', branch);
    Object.assign(live.pulls.all[0] ?? {}, { state: 'closed', merged_at: '2026-11-02T00:00:00Z' });
    await live.delivery.retry(live.project, proposed ? [proposed] : []);
    expect(await live.stateOf('production')).toMatchObject({ state: 'delivered', delivered: [{ build: 'build2' }] });
  });

  it('does not offer a release that was taken back before: it offers the earlier one, or closes where that is there', async () => {
    const production = targetOf('production', { on: 'promotion', mode: 'pull-request' });
    await using live = await setUpDelivery([targetOf('staging'), production]);
    const rollBack = (number: number) =>
      live.delivery.deliver(live.project, releaseOf(number), { call: { type: 'rollback', by: 'ann' } });
    for (const number of [1, 2]) await live.deliver(releaseOf(number));
    await rollBack(1);
    expect(live.pulls.all).toMatchObject([{ title: 'Deploy demo/app build-1 to production', isOpen: true }]);

    live.host.git('ops/live', 'merge', '-q', '--no-edit', 'slipway/demo-app-latest/production');
    await live.deliver(releaseOf(3));
    expect(await live.stateOf('production')).toMatchObject({ state: 'proposed', wanted: { build: 'build3' } });
    await rollBack(1);
    expect(live.pulls.all.map(({ isOpen }) => isOpen)).not.toContain(true);
    expect(await live.stateOf('production')).toMatchObject({ state: 'delivered', wanted: { build: 'build1' } });
  });

  it('has one commit also where two signatures of it differ', async () => {
    const production = targetOf('production', { mode: 'pull-request' });
    let signed = 0;
    await using live = await setUpDelivery([production], {
      sign: async () => `-----BEGIN SSH SIGNATURE-----\n${++signed}\n-----END SSH SIGNATURE-----`,
    });
    await live.deliver(releaseOf(1));
    const head = () => live.host.git('ops/live', 'rev-parse', 'slipway/demo-app-latest/production');
    const before = head();
    const proposed = await live.stateOf('production');
    await live.delivery.retry(live.project, proposed ? [proposed] : []);
    expect(signed).toBe(2);
    expect(head()).toBe(before);
    expect(live.host.git('ops/live', 'cat-file', 'commit', before)).toContain(
      'gpgsig -----BEGIN SSH SIGNATURE-----\n 1\n',
    );
  });

  it('that a person declines by closing the pull request is not asked for again until the next release, or a command', async () => {
    await using live = await setUpDelivery([targetOf('production', { mode: 'pull-request' })]);
    await live.deliver(releaseOf(1));
    Object.assign(live.pulls.all[0] ?? {}, { isOpen: false });
    const proposed = await live.stateOf('production');
    await live.delivery.retry(live.project, proposed ? [proposed] : []);
    expect(await live.stateOf('production')).toMatchObject({
      state: 'failed',
      error: expect.stringContaining('closed'),
    });
    await live.deliver(releaseOf(1));
    expect(live.pulls.all).toHaveLength(1);
    await live.delivery.deliver(live.project, releaseOf(1), {
      call: { type: 'promotion', by: 'ann' },
      only: ['production'],
    });
    expect(await live.stateOf('production')).toMatchObject({ state: 'proposed', proposal: { number: 2 } });
    Object.assign(live.pulls.all[1] ?? {}, { isOpen: false });
    await live.deliver(releaseOf(2));
    expect(live.pulls.all.map(({ isOpen }) => isOpen)).toEqual([false, false, true]);
  });

  it('closes its pull request once the target has the release another way', async () => {
    await using live = await setUpDelivery([targetOf('production', { mode: 'pull-request' })]);
    await live.deliver(releaseOf(1));
    live.host.commit('ops/live', { 'production/app.yaml': `image: ${imageOf(1)}\n` });
    const proposed = await live.stateOf('production');
    await live.delivery.retry(live.project, proposed ? [proposed] : []);
    expect(live.pulls.all[0]?.isOpen).toBe(false);
    expect(await live.stateOf('production')).toMatchObject({ state: 'delivered' });
  });
});

it('a commit of a release is known as such, with what it was made on', async () => {
  await using live = await setUpDelivery([targetOf('staging')]);
  const before = live.host.git('ops/live', 'rev-parse', 'main');
  await live.deliver(releaseOf(1));
  expect(await live.ownCommits.parentOf(live.host.git('ops/live', 'rev-parse', 'main'))).toBe(before);
  expect(await live.ownCommits.parentOf(before)).toBeUndefined();
});
