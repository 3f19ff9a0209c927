import { describe, expect, it } from 'vitest';
import { compareHeads, headAtOf, isBefore, pushEventId } from '../../../core/sources/head-order.ts';
import { pushOf } from '../../functions/plan-builds-setup.ts';

const [a, b, c] = ['a', 'b', 'c'].map((letter) => letter.repeat(40)) as [string, string, string];
const at = (second: string) => `2026-11-21T00:00:${second}Z`;

describe('of two heads', () => {
  it.each([
    ['a later push is the newer', { commit: b, headAt: at('02.000') }, { commit: a, headAt: at('01.999') }, 'newer'],
    [
      'one that comes late is the older',
      { commit: a, headAt: at('01.999') },
      { commit: b, headAt: at('02.000') },
      'older',
    ],
    ['the same commit is no change', { commit: a, headAt: at('09.000') }, { commit: a, headAt: at('01.000') }, 'same'],
    [
      'the same commit is none when it comes late',
      { commit: a, headAt: at('01.000') },
      { commit: a, headAt: at('09.000') },
      'same',
    ],
    [
      'of one second, that upon the other is the newer',
      { commit: b, before: a, headAt: at('01.100') },
      { commit: a, headAt: at('01.900') },
      'newer',
    ],
    [
      'of one second, that below the other is the older, though it came last',
      { commit: a, before: c, headAt: at('01.900') },
      { commit: b, previous: a, headAt: at('01.100') },
      'older',
    ],
    [
      'of one second, neither of which names the other, nobody knows',
      { commit: a, before: c, headAt: at('01.900') },
      { commit: b, headAt: at('01.100') },
      'unclear',
    ],
    [
      'of one second, each upon the other (forced there and back), nobody knows',
      { commit: a, before: b, headAt: at('01.900') },
      { commit: b, previous: a, headAt: at('01.100') },
      'unclear',
    ],
    [
      'an earlier one upon the other contradicts itself',
      { commit: b, before: a, headAt: at('01.000') },
      { commit: a, headAt: at('05.000') },
      'unclear',
    ],
    [
      'a later one below the other contradicts itself',
      { commit: a, before: c, headAt: at('05.000') },
      { commit: b, previous: a, headAt: at('01.000') },
      'unclear',
    ],
    [
      'a push back to an older commit is the newer',
      { commit: a, before: b, headAt: at('03.000') },
      { commit: b, previous: a, headAt: at('02.000') },
      'newer',
    ],
  ] as const)('%s', (_, event, known, order) => {
    expect(compareHeads(event, known)).toBe(order);
  });
});

describe('a push was the head', () => {
  it.each([
    ['from its delivery on, where the host does not say', undefined, at('05.500'), at('05.500')],
    ['from its delivery on, when it came at once', at('05.000'), at('05.500'), at('05.500')],
    [
      'from its own second on, when it is delivered again days later',
      at('05.000'),
      '2026-11-23T00:00:00.000Z',
      at('05.999'),
    ],
    [
      'from its delivery on, where the host names a time that no delivery comes from',
      '2019-05-15T15:20:57.000Z',
      at('05.500'),
      at('05.500'),
    ],
    ['from its delivery on, when the clock of the host is ahead', '2126-11-21T00:00:00Z', at('05.500'), at('05.500')],
  ])('%s', (_, pushedAt, receivedAt, headAt) => {
    expect(headAtOf({ pushedAt, receivedAt })).toBe(headAt);
  });
});

describe("a push's builds", () => {
  const push = pushOf({ id: 'one', pushedAt: at('05') });

  it('are the same by whichever webhook it comes', () => {
    expect(pushEventId({ ...push, id: 'two', receivedAt: at('09.000') })).toBe(pushEventId(push));
  });

  it.each([
    ['another commit', { after: b }],
    ['another head before it', { before: c }],
    ['another second', { pushedAt: at('06') }],
    ['another ref', { ref: 'refs/tags/v1.0.0' }],
    ['another repository', { source: 'git.example/demo/other' }],
  ])('are others for %s', (_, over) => {
    expect(pushEventId({ ...push, ...over })).not.toBe(pushEventId(push));
  });

  it('are those of the delivery where the host does not say when it was, or what cannot be', () => {
    const { pushedAt: _, ...untimed } = push;
    expect(pushEventId(untimed)).toBe('one');
    expect(pushEventId({ ...push, pushedAt: '2019-05-15T15:20:57.000Z' })).toBe('one');
  });
});

it('of two builds the one of the earlier head, and of one head the one that was accepted first, comes before', () => {
  const [early, late] = [at('01.000'), at('02.000')];
  expect(isBefore({ headAt: early, sequence: 9 }, { headAt: late, sequence: 1 })).toBe(true);
  expect(isBefore({ headAt: late, sequence: 1 }, { headAt: early, sequence: 9 })).toBe(false);
  expect(isBefore({ headAt: early, sequence: 1 }, { headAt: early, sequence: 2 })).toBe(true);
  expect(isBefore({ headAt: early, sequence: 2 }, { headAt: early, sequence: 2 })).toBe(false);
});
