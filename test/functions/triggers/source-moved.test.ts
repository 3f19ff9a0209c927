import { beforeEach, describe, expect, it } from 'vitest';
import type { TriggerOf } from '../../../core/model/trigger.ts';
import { indexCommit, indexFile, indexSource, pushOf, setUpPlanBuilds } from '../plan-builds-setup.ts';
import { commit } from '../services-setup.ts';

type SourceMoved = TriggerOf<'source-moved'>;
type Planning = Awaited<ReturnType<typeof setUpPlanBuilds>>;

const main = 'refs/heads/main';
const next = '2'.repeat(40);
let count = 0;
/** That the watch on the repositories saw what the host has at some refs. */
function moved(refs: Record<string, string>, source = 'git.example/demo/app'): SourceMoved {
  for (const [ref, at] of Object.entries(refs)) planning.host.set(source, ref, at);
  const id = `source-moved:${count++}`;
  return { type: 'source-moved', id, source, refs: Object.keys(refs) };
}

let planning: Planning;
beforeEach(async () => {
  planning = await setUpPlanBuilds();
  return () => planning[Symbol.asyncDispose]();
});

const shown = async () => (await planning.allBuilds()).map(({ project, ref, commit: at }) => `${project} ${ref} ${at}`);

describe('a head that no delivery reported', () => {
  it('is built, once', async () => {
    await planning.track();
    const first = moved({ [main]: commit });
    await planning.planBuilds(first);
    await planning.planBuilds(first);
    await planning.planBuilds(moved({ [main]: commit }));
    const [build, ...others] = await planning.allBuilds();
    expect(build).toMatchObject({ commit, ref: main, cause: { type: 'source-moved', ref: main, commit } });
    expect(others).toEqual([]);
  });

  it('is not built if its delivery came meanwhile, nor its delivery if that comes late', async () => {
    await planning.track();
    const late = moved({ [main]: commit });
    await planning.planBuilds(pushOf());
    await planning.planBuilds(late);
    expect(await shown()).toEqual([`demo/app:latest ${main} ${commit}`]);
    await planning.planBuilds(moved({ [main]: next }));
    await planning.planBuilds(planning.push({ id: 'late', commit: next }));
    expect((await shown()).toSorted()).toEqual([
      `demo/app:latest ${main} ${next}`,
      `demo/app:latest ${main} ${commit}`,
    ]);
  });

  it('is built for each project that tracks it, and each tag for those that build versions', async () => {
    const source = { source: 'git.example/demo/app', gitUrl: 'https://git.example/demo/app.git' };
    await planning.track();
    await planning.track({ ...source, name: 'demo/two:latest', jobId: 'two', versionTags: false });
    await planning.track({ ...source, name: 'demo/three:latest', jobId: 'three', gitBranch: 'next' });
    await planning.track({ ...source, name: 'demo/gone:latest', jobId: 'gone', active: false });
    await planning.planBuilds(moved({ [main]: commit, 'refs/tags/v1.0.0': next, 'refs/tags/v1.0.1': commit }));
    expect((await shown()).toSorted()).toEqual([
      `demo/app:latest ${main} ${commit}`,
      `demo/app:latest refs/tags/v1.0.0 ${next}`,
      `demo/app:latest refs/tags/v1.0.1 ${commit}`,
      `demo/three:latest refs/tags/v1.0.0 ${next}`,
      `demo/three:latest refs/tags/v1.0.1 ${commit}`,
      `demo/two:latest ${main} ${commit}`,
    ]);
  });

  it('is not built for an entry whose paths it does not touch, and is known then', async () => {
    const project = await planning.track({ paths: ['src/**'] });
    await planning.planBuilds(moved({ [main]: commit }));
    planning.github.comparisons.set(`${commit}...${next}`, { isAhead: true, files: ['README.md'] });
    await planning.planBuilds(moved({ [main]: next }));
    expect(await shown()).toEqual([`demo/app:latest ${main} ${commit}`]);
    expect((await planning.heads.get(project.name, main))?.commit).toBe(next);
  });

  it('of an entry that is new waits for the images that it depends on', async () => {
    await planning.track({ name: 'demo/base:latest', jobId: 'base', source: 'git.example/demo/base' });
    await planning.track({ dependsOn: ['demo/base:latest', 'centos/centos:7'] });
    await planning.planBuilds(moved({ [main]: commit }));
    expect(await shown()).toEqual([]);
  });
});

describe('a head of the index that no delivery told of', () => {
  const indexMoved = (id = 'index-1') => moved({ [main]: indexCommit(id) }, indexSource);

  it('is applied', async () => {
    planning.files = [indexFile({ app: {} })];
    await planning.planBuilds(indexMoved());
    expect((await planning.projects.all()).map(({ name }) => name)).toEqual(['demo/app:latest']);
  });

  it('is nothing once its delivery was planned: nobody gets a second mail', async () => {
    planning.files = [indexFile({ app: {}, wrong: { 'git-url': 'nonsense' } })];
    await planning.planBuilds(planning.pushIndex('index-1'));
    expect(planning.mails).toHaveLength(1);
    const seen = indexMoved('index-1');
    await planning.planBuilds(seen);
    expect(planning.mails).toHaveLength(1);
    expect(await planning.deliveries.get(seen.id)).toMatchObject({ outcome: 'the index is known already' });
  });

  it('is applied to its end by the next try, if one crashes in the middle', async () => {
    planning.files = [indexFile({ app: {} })];
    const { filesAt } = planning;
    // The head is recorded by then, and nothing of it is applied.
    planning.filesAt = async () => {
      throw new Error('The archive broke off.');
    };
    await expect(planning.planBuilds(indexMoved())).rejects.toThrow();
    planning.filesAt = filesAt;
    await planning.planBuilds(indexMoved());
    expect((await planning.projects.all()).map(({ name }) => name)).toEqual(['demo/app:latest']);
  });
});
