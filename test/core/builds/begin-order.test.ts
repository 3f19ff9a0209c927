import { describe, expect, it } from 'vitest';
import { beginOrder } from '../../../core/builds/begin-order.ts';

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
