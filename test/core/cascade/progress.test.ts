import { describe, expect, it } from 'vitest';
import type { CascadeMember } from '../../../core/cascade/member.ts';
import { progressOf } from '../../../core/cascade/progress.ts';

const began = '2026-11-21T12:00:00.000Z';
const later = (seconds: number) => new Date(Date.parse(began) + 1000 * seconds).toISOString();
const member = (
  project: string,
  state: CascadeMember['state'],
  parents: string[] = [],
  seconds = 0,
): CascadeMember => ({
  project,
  state,
  parents,
  root: parents.length === 0,
  since: later(seconds),
  version: 1,
});

describe('how far a cascade is', () => {
  it('is said by state and by level, whatever parents are outside of it', () => {
    const { counts, levels } = progressOf(
      [
        member('top', 'waiting', ['left', 'right']),
        member('left', 'released', ['base']),
        member('right', 'building', ['left', 'outside']),
        member('base', 'released', ['outside']),
      ],
      began,
    );
    expect(counts).toEqual({ released: 2, building: 1, waiting: 1 });
    expect(levels).toEqual([{ released: 1 }, { released: 1 }, { building: 1 }, { waiting: 1 }]);
  });

  it('begins with what has failed, then with what is built, the newest first, ten of each', () => {
    const members = [
      ...Array.from({ length: 30 }, (_, at) => member(`building-${at}`, 'building', [], at)),
      ...Array.from({ length: 2 }, (_, at) => member(`failed-${at}`, 'failed', [], at)),
      member('released', 'released', [], 99),
    ];
    const { first, changedAt } = progressOf(members, began);
    expect(first.map(({ project }) => project).slice(0, 4)).toEqual([
      'failed-1',
      'failed-0',
      'building-29',
      'building-28',
    ]);
    expect(first).toHaveLength(12);
    expect(changedAt).toBe(later(99));
  });

  it('of thousands in one chain, or of two that wait for each other, is found as well', () => {
    const chain = Array.from({ length: 5000 }, (_, at) => member(`p${at}`, 'waiting', at === 0 ? [] : [`p${at - 1}`]));
    expect(progressOf(chain, began).levels).toHaveLength(5000);
    const cycle = [member('a', 'waiting', ['b']), member('b', 'waiting', ['a'])];
    expect(progressOf(cycle, began)).toMatchObject({ counts: { waiting: 2 }, levels: [{ waiting: 2 }] });
  });
});
