import { expect, it } from 'vitest';
import { activeNames, withMovedParents } from '../../../core/index/active-names.ts';
import { planIndex } from '../../../core/index/plan-index.ts';
import { sampleProject } from '../sample-project.ts';

const base = sampleProject('demo/base:latest');
const other = sampleProject('demo/other:latest');
const child = sampleProject('demo/child:latest', { dependsOn: ['demo/base:latest'] });

const moved = (known: (typeof child)[], entries: (typeof child)[]) => {
  const plan = planIndex({ projects: entries, brokenFiles: new Set() }, known);
  const change = { known, entries, plan };
  return withMovedParents(change, activeNames(change)).map(({ name }) => name);
};

it('is an entry whose parent enters or leaves the index', () => {
  expect(moved([child], [child, base])).toEqual([child.name]);
  expect(moved([child, base], [child])).toEqual([child.name]);
});

it('is none whose parent is there as before, and none that is written anyway', () => {
  expect(moved([child, base], [child, base, other])).toEqual([]);
  expect(moved([], [child, base])).toEqual([]);
});
