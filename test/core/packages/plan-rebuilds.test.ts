import { expect, test } from 'vitest';
import { type PackagesCheck, planPackageRebuilds } from '../../../core/packages/plan-rebuilds.ts';

const update = (name: string, available = '2') => ({ package: name, installed: '1', available });
const look = (project: string, names: string[], tried = '', isComplete = true): PackagesCheck => ({
  project,
  build: 'first',
  updates: names.map((name) => update(name)),
  memory: { tried },
  isComplete,
});
const alone = { parentsOf: () => [], buildOf: () => 'first' };
const rebuilt = (...looks: PackagesCheck[]) => planPackageRebuilds(looks, alone).rebuilds.map(({ project }) => project);
const triedOf = (...looks: PackagesCheck[]) => planPackageRebuilds(looks, alone).memories;

test('updates call for one rebuild, and for none again until there are others', () => {
  const tried = triedOf(look('a', ['bash', 'zlib'])).get('a')?.tried ?? '';
  expect(rebuilt(look('a', ['bash', 'zlib']))).toEqual(['a']);
  expect(rebuilt(look('a', ['bash', 'zlib'], tried))).toEqual([]);
  // What a build has put right meanwhile is not a change.
  expect(rebuilt(look('a', ['bash'], tried))).toEqual([]);
  expect(rebuilt(look('a', ['bash', 'curl', 'zlib'], tried))).toEqual(['a']);
  expect(rebuilt({ ...look('a', [], tried), updates: [update('bash', '3')] })).toEqual(['a']);
  expect(rebuilt(look('a', []))).toEqual([]);
});

test('the same updates have the same id, another project’s have another', () => {
  const [a, again, b] = [look('a', ['bash']), look('a', ['bash']), look('b', ['bash'])].map(
    (each) => planPackageRebuilds([each], alone).rebuilds[0]?.hash,
  );
  expect(a).toBe(again);
  expect(a).not.toBe(b);
});

test('what was tried is forgotten when it is no update any more, but not while a repository is out of reach', () => {
  const tried = triedOf(look('a', ['bash', 'zlib'])).get('a')?.tried ?? '';
  const whileDown = triedOf(look('a', ['bash'], tried, false)).get('a')?.tried ?? '';
  expect(rebuilt(look('a', ['bash', 'zlib'], whileDown))).toEqual([]);
  const whenPutRight = triedOf(look('a', ['bash'], tried)).get('a')?.tried ?? '';
  expect(rebuilt(look('a', ['bash', 'zlib'], whenPutRight))).toEqual(['a']);
});

test('a project waits for a parent that is rebuilt, however far up, and comes by itself if nothing came of it', () => {
  const parents: Record<string, string[]> = { app: ['lib'], lib: ['base'], base: ['base'], other: ['app'] };
  const projects = { parentsOf: (name: string) => parents[name] ?? [], buildOf: () => 'first' };
  const looks = [look('app', ['bash', 'own']), look('base', ['bash']), look('lib', []), look('solo', ['bash'])];
  const plan = planPackageRebuilds(looks, projects);
  expect(plan.rebuilds.map(({ project }) => project)).toEqual(['base', 'solo']);
  expect(plan.memories.get('app')).toMatchObject({ tried: '', waiting: { parent: 'base' } });
  const next = looks.map((each) => ({ ...each, memory: plan.memories.get(each.project) ?? { tried: '' } }));
  expect(planPackageRebuilds(next, projects).rebuilds.map(({ project }) => project)).toEqual(['app']);
});

test('projects that depend on one another in a circle do not wait for ever', () => {
  const parents: Record<string, string[]> = { a: ['b'], b: ['a'], c: ['a'] };
  const looks = [look('c', ['bash']), look('b', ['bash']), look('a', ['bash'])];
  const plan = planPackageRebuilds(looks, { ...alone, parentsOf: (name) => parents[name] ?? [] });
  expect(plan.rebuilds.map(({ project }) => project)).toEqual(['a']);
});

test('an image with thousands of updates lists the first fifty and how many there are', () => {
  const names = Array.from({ length: 3000 }, (_, at) => `p${at}`);
  const [rebuild] = planPackageRebuilds([look('a', names)], alone).rebuilds;
  expect(rebuild?.updates).toHaveLength(50);
  expect(rebuild?.total).toBe(3000);
});
