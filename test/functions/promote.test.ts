import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { problemSchema } from '../../core/api/named.ts';
import { apiTargetSchema } from '../../core/api/projects.ts';
import { promotion } from '../../core/api/promotion.ts';
import { ReleaseBusyError } from '../../core/model/errors.ts';
import { createAcceptPromotion, createPromote } from '../../functions/promote.ts';
import { createRetryDeliveries } from '../../functions/retry-deliveries.ts';
import { createProjects } from '../../services/tables/projects.ts';
import { createReleases } from '../../services/tables/releases.ts';
import { buildOf, silentLogger } from './services-setup.ts';
import { imageOf, releaseOf, setUpDelivery, targetOf } from './targets/delivery-setup.ts';

const name = 'demo/app:latest';
const latest = { app: 'demo', job: 'app', tag: 'latest' };
const userArn = 'arn:aws:sts::123456789012:assumed-role/Developers/alice';
const immutable = (number: number) => `build-2026110${number}T000000Z-aaaaaaa`;

/** Two releases: staging has the second, production is promoted from it. */
async function setUp() {
  const deploy = [targetOf('staging'), targetOf('production', { on: 'promotion' })];
  const live = await setUpDelivery(deploy);
  const [projects, releases] = [createProjects(live.client, 'projects'), createReleases(live.client, 'releases')];
  await projects.put({ ...live.project, active: true });
  for (const number of [1, 2]) {
    const { build, digest, releasedAt: at } = releaseOf(number);
    await releases.record({ project: name, build, digest, tags: ['latest', immutable(number)], at }, 'demo/app');
  }
  await live.deliver(releaseOf(2, { tag: immutable(2) }));
  const builds = {
    async get(id: string) {
      const { build, digest, releasedAt: endedAt, repository } = releaseOf(Number(id.at(-1)));
      const image = { repository, digest, tags: ['latest', immutable(Number(id.at(-1)))] };
      return buildOf(build, { project: name, status: 'released', endedAt, image });
    },
  };
  const retry = createRetryDeliveries({ ...live, projects, releases });
  const promote = createPromote({
    ...live,
    builds,
    projects,
    releases,
    // The other function, as if it had ended before the first.
    deliverTarget: async (project, target) => void (await retry({ project, target })),
  });
  const accept = createAcceptPromotion({ projects, promote, siteUrl: 'https://slipway.example', logger: silentLogger });
  const call = async (body: object, pathParameters: Record<string, string> = latest) => {
    const { statusCode, body: text = '' } = await accept({
      routeKey: `POST ${promotion.path}`,
      rawPath: '/api/v1/projects/demo/app/latest/promotions',
      pathParameters,
      body: JSON.stringify(body),
      isBase64Encoded: false,
      requestContext: { requestId: 'JKJaXmPLvHcESHA=', authorizer: { iam: { userArn } } },
    });
    return { statusCode, answer: JSON.parse(text) as unknown };
  };
  return {
    ...live,
    projects,
    releases,
    has: (number: number) => live.file('production/app.yaml').includes(imageOf(number, immutable(number))),
    call,
    /** What the target has once it is promoted. */
    async promote(release?: string, requester = 'ben') {
      const project = await projects.get(name);
      if (project) await promote(project, { to: 'production', release, requester });
      return live.stateOf('production');
    },
  };
}

describe('a promotion by command', () => {
  it('is of what the target before has, and says who asked for it', async () => {
    await using live = await setUp();
    expect(await live.promote()).toMatchObject({
      state: 'delivered',
      wanted: { build: 'build2', call: { by: 'ben' } },
    });
    expect(live.has(2)).toBe(true);
  });

  it.each(['digest', 'tag', 'build'])('may name another release by its %s', async (by) => {
    await using live = await setUp();
    const names: Record<string, string> = { digest: releaseOf(1).digest, tag: immutable(1), build: 'build1' };
    expect(await live.promote(names[by])).toMatchObject({ state: 'delivered', wanted: { build: 'build1' } });
    expect(live.has(1)).toBe(true);
  });

  it('names what can be had, where the release was never made, is gone, or is of another project', async () => {
    await using live = await setUp();
    await live.releases.record(
      {
        project: 'demo/other:latest',
        build: 'build3',
        digest: releaseOf(3).digest,
        tags: [immutable(3)],
        at: '2026-11-03T00:00:00.000Z',
      },
      'demo/other',
    );
    for (const wanted of ['1.2.3', releaseOf(3).digest, immutable(3)]) {
      await expect(live.promote(wanted)).rejects.toThrow(
        `${name} has no release ${wanted}. Its last ones are: ${immutable(2)}, ${immutable(1)}.`,
      );
    }
    const first = await live.releases.get({ project: name, digest: releaseOf(1).digest });
    if (first) await live.releases.markExpired(first, 'delete');
    await expect(live.promote(immutable(1))).rejects.toThrow(`Its last ones are: ${immutable(2)}.`);
    expect(live.has(1)).toBe(false);
  });

  it('is refused while releases are held, and takes no claim with it', async () => {
    await using live = await setUp();
    await live.projects.hold(name, { id: 'hold:1', by: 'ann', at: '2026-11-01T00:00:00.000Z', reason: 'the fair' });
    await expect(live.promote()).rejects.toThrow(
      `Nothing was promoted. Releases of ${name} are held by ann: the fair. Promote it when the hold has ended.`,
    );
    await expect(live.projects.claimRelease(name, 'build3')).resolves.toMatchObject({ name });
  });

  it('waits for a release or a rollback that is setting tags, and sees what that leaves', async () => {
    await using live = await setUp();
    await live.projects.claimRelease(name, 'rollback1');
    const promotion = live.promote().catch(String);
    await expect(live.projects.claimRelease(name, 'another')).rejects.toThrow(ReleaseBusyError);
    await live.projects.hold(name, {
      id: 'rollback1',
      by: 'ann',
      at: '2026-11-01T00:00:00.000Z',
      reason: 'it crashes',
    });
    await live.projects.yieldRelease(name, 'rollback1');
    expect(await promotion).toContain('held by ann: it crashes');
    expect(live.has(2)).toBe(false);
  });

  it('of two at once leaves one of the two, in the manifest as in the record', async () => {
    await using live = await setUp();
    await Promise.all([live.promote(immutable(1), 'ann'), live.promote(immutable(2), 'ben')]);
    const state = await live.stateOf('production');
    expect(state?.state).toBe('delivered');
    expect(live.has(state?.wanted.build === 'build1' ? 1 : 2)).toBe(true);
    expect(state?.delivered[0]?.build).toBe(state?.wanted.build);
  });
});

describe('the signed call', () => {
  it('is answered with what the target is to have, which it then gets in the name that AWS knows', async () => {
    await using live = await setUp();
    const { statusCode, answer } = await live.call({ to: 'production' });
    expect(statusCode).toBe(202);
    expect(apiTargetSchema.parse(answer)).toMatchObject({
      name: 'production',
      state: 'pending',
      error: null,
      wanted: { build: 'build2' },
    });
    expect(await live.stateOf('production')).toMatchObject({
      state: 'delivered',
      wanted: { call: { type: 'promotion', by: 'alice (Developers)' } },
    });
  });

  it('has nothing committed where the target has the release, and puts right what somebody has changed there', async () => {
    await using live = await setUp();
    await live.promote();
    const before = live.commits();
    await live.call({ to: 'production' });
    expect(await live.stateOf('production')).toMatchObject({ state: 'delivered' });
    expect(live.commits()).toBe(before);
    live.host.commit('ops/live', { 'production/app.yaml': `image: ${imageOf(1)}\n` });
    await live.call({ to: 'production' });
    expect(live.has(2)).toBe(true);
  });

  describe('is refused, and says what is wrong,', () => {
    let live: Awaited<ReturnType<typeof setUp>>;
    beforeAll(async () => {
      live = await setUp();
    });
    afterAll(() => live[Symbol.asyncDispose]());

    it.each<[string, object, Record<string, string>, number, string]>([
      ['to a target that the entry does not have', { to: 'nowhere' }, latest, 409, 'NotPromoted'],
      ['without a target, where there is no service', {}, latest, 409, 'NotPromoted'],
      ['of a release that was never made', { to: 'production', release: '9.9.9' }, latest, 409, 'NotPromoted'],
      ['that says who calls', { to: 'production', requester: 'bob' }, latest, 400, 'InvalidCommand'],
      [
        'of a project that the index does not have',
        { to: 'production' },
        { ...latest, tag: 'v2' },
        404,
        'ProjectNotFound',
      ],
      ['of a name that no project can have', { to: 'production' }, { ...latest, app: '..' }, 404, 'NotFound'],
    ])('%s', async (_, body, parameters, status, code) => {
      const { statusCode, answer } = await live.call(body, parameters);
      expect(statusCode).toBe(status);
      expect(problemSchema.parse(answer)).toMatchObject({ status, code });
      expect(live.has(2)).toBe(false);
    });
  });
});
