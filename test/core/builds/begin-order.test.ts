import { describe, expect, it } from 'vitest';
import { beginOrder, firstToBegin, isAwaited } from '../../../core/builds/begin-order.ts';
import type { Cause } from '../../../core/model/build.ts';

/** Each build by its project, a letter, and its number. */
const builds = (names: string) =>
  names.split(' ').flatMap((id) => (id === '' ? [] : [{ id, project: `demo/${id[0]}:latest` }]));

describe('builds that wait for room', () => {
  it.each([
    ['begin in the order in which they came', 'a1 b1 c1', '', 'a1 b1 c1'],
    ['begin in turns of their projects', 'a1 a2 a3 b1 c1 b2', '', 'a1 b1 c1 a2 b2 a3'],
    ['begin later the more of their project run', 'a1 b1 c1 a2', 'a0 a9 b0', 'c1 b1 a1 a2'],
    ['are none', '', 'a1', ''],
  ])('%s', (_what, queued, running, order) => {
    expect(
      beginOrder(builds(queued), builds(running))
        .map(({ id }) => id)
        .join(' '),
    ).toBe(order);
  });
});

describe('builds that somebody waits for', () => {
  it.each([
    ['begin before all others, in turns of their projects', 'a1 a2 b1', 'c0', 9, 'a1 b1 a2'],
    ['leave one place to the others', 'a1 b1 c1', '', 3, 'a1 b1'],
    ['leave it also where some of them run', 'a1 b1 c1 d1', 'a1 x0', 4, 'b1 c1'],
    ['begin with the others where they have all places but one', 'a1 b1 c1', 'a1 b1', 3, ''],
    ['have the place where there is only one', 'a1 b1', '', 1, 'a1'],
    ['have no more than all places', 'a1 b1', 'a1 b1', 1, ''],
  ])('%s', (_what, awaited, running, places, first) => {
    expect(
      firstToBegin(builds(awaited), builds(running), places)
        .map(({ id }) => id)
        .join(' '),
    ).toBe(first);
  });

  it.each<[Cause, boolean]>([
    [{ type: 'push', delivery: 'd', ref: 'refs/heads/main', commit: 'c', pusher: 'p' }, true],
    [{ type: 'source-moved', ref: 'refs/heads/main', commit: 'c' }, true],
    [{ type: 'pull-request', delivery: 'd', number: 1, commit: 'c', author: 'a' }, true],
    [{ type: 'manual', requester: 'r' }, true],
    [{ type: 'unheld', requester: 'r' }, true],
    [{ type: 'parent-released', parents: ['demo/base:latest'] }, false],
    [{ type: 'index', commit: 'c', change: 'added' }, false],
    [{ type: 'bases-changed', bases: [] }, false],
    [{ type: 'packages-changed', updates: [], total: 0 }, false],
    [{ type: 'schedule', schedule: '@daily' }, false],
  ])('are those that a person called for: %o', (cause, expected) => {
    expect(isAwaited({ cause })).toBe(expected);
  });
});
