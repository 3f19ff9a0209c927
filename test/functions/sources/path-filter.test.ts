import { describe, expect, it } from 'vitest';
import { UpstreamError } from '../../../core/model/errors.ts';
import type { PushTrigger } from '../../../core/model/trigger.ts';
import { setUpPlanBuilds } from '../plan-builds-setup.ts';
import { commit } from '../services-setup.ts';

const second = 'b'.repeat(40);
const third = 'c'.repeat(40);
const files = (...names: string[]) => ({ isAhead: true, files: names });

/** A project with a path filter whose branch stands at `commit`, and the pushes that come after. */
async function startWithHead() {
  const planning = await setUpPlanBuilds();
  const project = await planning.track({ paths: ['src/**', 'Dockerfile'] });
  await planning.planBuilds(planning.push({ id: 'first' }));
  let count = 0;
  return Object.assign(planning, {
    project,
    async pushTo(to: string, over: Partial<PushTrigger> = {}): Promise<string | undefined> {
      const id = `push-${++count}`;
      await planning.planBuilds(planning.push({ id, commit: to, ...over }));
      return (await planning.deliveries.get(id))?.outcome;
    },
    built: async () => (await planning.allBuilds()).map((build) => build.commit).sort(),
  });
}

describe('a push to a project with a path filter', () => {
  it('that touches none of the paths builds nothing, and is the head that the next one is compared with', async () => {
    await using planning = await startWithHead();
    planning.github.comparisons.set(`${commit}...${second}`, files('README.md', 'docs/src/a.md'));
    expect(await planning.pushTo(second)).toBe('started 0, 1 not touched by it');
    expect(await planning.built()).toEqual([commit]);
    expect(await planning.heads.get('demo/app:latest', 'refs/heads/main')).toMatchObject({ commit: second });
    // What was built before is not taken its place by a push that builds nothing.
    expect((await planning.allBuilds())[0]?.status).toBe('queued');

    planning.github.comparisons.set(`${second}...${third}`, files('src/main.c'));
    expect(await planning.pushTo(third)).toBe('started 1');
    expect(await planning.built()).toEqual([commit, third]);
  });

  it('is compared with the head that is known, whatever pushes were lost in between', async () => {
    await using planning = await startWithHead();
    planning.github.comparisons.set(`${second}...${third}`, files('README.md'));
    planning.github.comparisons.set(`${commit}...${third}`, files('README.md', 'src/main.c'));
    expect(await planning.pushTo(third)).toBe('started 1');
  });

  it.each([
    ['goes back', { isAhead: false, files: [] }],
    ['leads elsewhere', { isAhead: false, files: ['README.md'] }],
    ['changes more files than the host tells of, or commits that it does not have', undefined],
  ])('that %s is built', async (_, comparison) => {
    await using planning = await startWithHead();
    if (comparison) planning.github.comparisons.set(`${commit}...${second}`, comparison);
    expect(await planning.pushTo(second)).toBe('started 1');
  });

  it('is built when the host does not answer', async () => {
    await using planning = await startWithHead();
    planning.github.failure = new UpstreamError('The git host did not answer.');
    expect(await planning.pushTo(third)).toBe('started 1');
    expect(planning.github.asked).toEqual([]);
  });

  it('is built on a host that cannot be queried', async () => {
    await using planning = await startWithHead();
    await planning.projects.put({ ...planning.project, gitUrl: 'https://elsewhere.example/demo/app.git' });
    planning.host.set('elsewhere.example/demo/app', 'refs/heads/main', second);
    expect(await planning.pushTo(second)).toBe('started 1');
    expect(planning.github.asked).toEqual([]);
  });

  it('queries the host once for all entries of a repository', async () => {
    await using planning = await startWithHead();
    const names = ['demo/one:latest', 'demo/two:latest', 'demo/three:latest'];
    for (const name of names) await planning.track({ name, paths: [`${name.slice(5, -7)}/**`] });
    planning.github.comparisons.set(`${commit}...${second}`, files('two/Dockerfile'));
    await planning.pushTo(commit);
    expect(await planning.pushTo(second)).toBe('started 1, 3 not touched by it');
    expect(planning.github.asked).toEqual([`demo/app ${commit}...${second}`]);
  });

  it('of a version tag is built whatever it touches', async () => {
    await using planning = await startWithHead();
    planning.github.comparisons.set(`${commit}...${second}`, files('README.md'));
    await planning.pushTo(second);
    expect(await planning.pushTo(second, { ref: 'refs/tags/v1.0.0' })).toBe('started 1');
  });
});
