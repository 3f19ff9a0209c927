import { beforeEach, describe, expect, it } from 'vitest';
import type { TriggerOf } from '../../../core/model/trigger.ts';
import { indexFile, indexPush, indexSource, pushOf, setUpPlanBuilds } from '../plan-builds-setup.ts';
import { commit } from '../services-setup.ts';

type SourceMoved = TriggerOf<'source-moved'>;
type Planning = Awaited<ReturnType<typeof setUpPlanBuilds>>;

const main = 'refs/heads/main';
const next = '2'.repeat(40);
/** Within one second nobody can say which of two heads came first. */
let seconds = 0;
const aSecondLater = () => new Date(Date.UTC(2026, 10, 21) + 1000 * seconds++).toISOString();
const moved = (heads: Record<string, string>, over: Partial<SourceMoved> = {}): SourceMoved => ({
  type: 'source-moved',
  id: `source-moved:${Object.values(heads).join()}`,
  receivedAt: aSecondLater(),
  source: 'git.example/demo/app',
  heads: Object.entries(heads).map(([ref, at]) => ({ ref, commit: at })),
  ...over,
});

let planning: Planning;
beforeEach(async () => {
  planning = await setUpPlanBuilds();
  return () => planning[Symbol.asyncDispose]();
});

const shown = async () => (await planning.allBuilds()).map(({ project, ref, commit: at }) => `${project} ${ref} ${at}`);

describe('a head that no delivery reported', () => {
  it('is built, once', async () => {
    await planning.track();
    await planning.planBuilds(moved({ [main]: commit }));
    await planning.planBuilds(moved({ [main]: commit }));
    await planning.planBuilds(moved({ [main]: commit }, { id: 'source-moved:seen again' }));
    const [build, ...others] = await planning.allBuilds();
    expect(build).toMatchObject({ commit, ref: main, cause: { type: 'source-moved', ref: main, commit } });
    expect(others).toEqual([]);
  });

  it('is not built if its delivery came meanwhile, nor its delivery if that comes late', async () => {
    await planning.track();
    const late = moved({ [main]: commit });
    await planning.planBuilds(pushOf({ receivedAt: aSecondLater() }));
    await planning.planBuilds(late);
    expect(await shown()).toEqual([`demo/app:latest ${main} ${commit}`]);
    await planning.planBuilds(moved({ [main]: next }));
    await planning.planBuilds(
      pushOf({ id: 'late', after: next, commit: next, before: commit, receivedAt: aSecondLater() }),
    );
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

describe('a head of the index that no delivery reported', () => {
  const indexMoved = (over: Partial<SourceMoved> = {}) => moved({ [main]: commit }, { source: indexSource, ...over });

  it('is applied', async () => {
    planning.files = [indexFile({ app: {} })];
    await planning.planBuilds(indexMoved());
    expect((await planning.projects.all()).map(({ name }) => name)).toEqual(['demo/app:latest']);
  });

  it('is nothing once its delivery was planned: nobody gets a second mail', async () => {
    planning.files = [indexFile({ app: {}, wrong: { 'git-url': 'nonsense' } })];
    await planning.planBuilds(indexPush('index-1', { receivedAt: aSecondLater() }));
    expect(planning.mails).toHaveLength(1);
    await planning.planBuilds(indexMoved());
    expect(planning.mails).toHaveLength(1);
    expect(await planning.deliveries.get(indexMoved().id)).toMatchObject({ outcome: 'known already' });
  });

  it('is applied to its end by the next try, if one crashes in the middle', async () => {
    planning.files = [indexFile({ app: {} })];
    const { ensure } = planning;
    planning.ensure = async () => {
      throw new Error('ECR is down.');
    };
    await expect(planning.planBuilds(indexMoved())).rejects.toThrow();
    planning.ensure = ensure;
    await planning.planBuilds(indexMoved());
    expect((await planning.projects.all()).map(({ name }) => name)).toEqual(['demo/app:latest']);
  });
});
