import { describe, expect, it } from 'vitest';
import { decideLease, decideRecordHead, type Found, type LeasedHead } from '../../../core/builds/ref-lease.ts';

const [a, b, c] = ['a', 'b', 'c'].map((letter) => letter.repeat(40)) as [string, string, string];
const at = (second: string) => `2026-11-21T00:00:${second}Z`;
const ref = 'refs/heads/main';
/** The first build has the lease, of commit b, which came after commit a. */
const known: LeasedHead = { commit: b, headAt: at('05.000'), previous: a, build: 'first' };
const request = { build: 'own', ref, commit: c, headAt: at('06.000'), isRebuild: false, unlessKnown: false };

describe('the lease of a ref', () => {
  const decide = (
    over: Partial<typeof request & { before: string }>,
    head: LeasedHead | undefined,
    known: Found = {},
  ) => decideLease({ ...request, ...over }, head, known);
  const held = (build: string, commit: string, headAt: string) => ({ kind: 'held', build, commit, headAt });

  it('goes to the first build of the ref', () => {
    expect(decide({}, undefined)).toEqual({
      do: 'write',
      head: { commit: c, headAt: at('06.000'), previous: undefined, build: 'own' },
      lease: held('own', c, at('06.000')),
    });
  });

  it.each([
    ['a newer head', { before: b }, { previous: b, commit: c, headAt: at('06.000') }],
    [
      'the known head, that is built again',
      { isRebuild: true, commit: b, headAt: at('05.000') },
      { previous: a, commit: b, headAt: at('05.000') },
    ],
    [
      'whichever head is known by now, where it is to be built again',
      { isRebuild: true, commit: a, headAt: at('01.000') },
      { previous: a, commit: b, headAt: at('05.000') },
    ],
    [
      'the known head, where not only a new one is built',
      { commit: b, headAt: at('05.000') },
      { commit: b, headAt: at('05.000') },
    ],
    [
      'the known head that is received late: it keeps the later time',
      { commit: b, headAt: at('01.000') },
      { commit: b, headAt: at('05.000') },
    ],
  ])(
    'goes to the build of %s, from the build that had it',
    (_, over, { previous, commit, headAt }: { previous?: string; commit: string; headAt: string }) => {
      expect(decide(over, known)).toEqual({
        do: 'write',
        head: { commit, headAt, previous, build: 'own' },
        lease: held('own', commit, headAt),
      });
    },
  );

  it.each([
    [
      'stays with the build that has it already, whatever it asks for',
      { build: 'first' },
      {},
      held('first', b, at('05.000')),
    ],
    [
      'is not for the build of an older head',
      { commit: c, headAt: at('04.000') },
      {},
      { kind: 'late', build: 'first' },
    ],
    [
      'is nothing that a head calls for which was passed already',
      { commit: a, headAt: at('04.000'), unlessKnown: true },
      {},
      { kind: 'known' },
    ],
    [
      'but the push of an older head is recorded as late',
      { commit: a, before: c, headAt: at('04.000'), unlessKnown: true },
      {},
      { kind: 'late', build: 'first' },
    ],
    [
      'is not asked for where the head is known and has its build',
      { commit: b, headAt: at('05.000'), unlessKnown: true },
      { isRecorded: true },
      { kind: 'known' },
    ],
    [
      'goes on under its name where the build that has it crashed before its record',
      { commit: b, headAt: at('06.000'), unlessKnown: true },
      { isRecorded: false },
      held('first', b, at('05.000')),
    ],
  ])('%s', (_, over, found, lease) => {
    expect(decide(over, known, found)).toEqual({ do: 'answer', lease });
  });

  it('stays where it is when a known head is received later: the head keeps the later time', () => {
    expect(decide({ commit: b, headAt: at('09.000'), unlessKnown: true }, known, { isRecorded: true })).toEqual({
      do: 'write',
      head: { commit: b, headAt: at('09.000'), previous: a, build: undefined },
      lease: { kind: 'known' },
    });
  });

  it('is decided after a search for the record of the build that has it', () => {
    expect(decide({ commit: b, headAt: at('05.000'), unlessKnown: true }, known)).toEqual({
      do: 'look-up',
      build: 'first',
    });
  });

  it.each([
    ['the git host is asked', ref, '05.500', {}, 'query-host'],
    ['the commit that the git host has is the newer', ref, '05.500', { hostHead: c }, 'write'],
    ['the commit that the git host does not have is the older', ref, '05.500', { hostHead: b }, 'answer'],
    [
      'where the git host cannot be queried, the later arrival is the newer',
      ref,
      '05.500',
      { hostHead: null },
      'write',
    ],
    ['of a tag the git host is not asked', 'refs/tags/v1.0.0', '05.500', {}, 'write'],
    [
      'where the git host has moved on from both, the later arrival is the newer',
      ref,
      '05.500',
      { hostHead: a },
      'write',
    ],
  ])('of two heads of one second, neither upon the other: %s', (_, of, second, found, what) => {
    expect(decide({ ref: of, headAt: at(second) }, { ...known, previous: undefined }, found).do).toBe(what);
  });

  it('where the git host cannot be queried, the earlier arrival is the older', () => {
    const late = { ...known, headAt: at('05.900'), previous: undefined };
    expect(decide({ headAt: at('05.500') }, late, { hostHead: null }).do).toBe('answer');
  });
});

describe('a head that calls for no build', () => {
  it.each([
    ['is recorded where none was known', undefined, c, '06.000', { commit: c, headAt: at('06.000'), build: undefined }],
    [
      'moves the head on and leaves the lease',
      known,
      c,
      '06.000',
      { commit: c, headAt: at('06.000'), build: undefined },
    ],
    ['is nothing where it is the known one', known, b, '06.000', undefined],
    ['is nothing where it is an older one', known, c, '04.000', undefined],
  ])('%s', (_, head, commit, second, written) => {
    const decision = decideRecordHead({ ref, commit, headAt: at(second) }, head, {});
    expect(decision.do === 'write' ? decision.head : undefined).toEqual(written);
  });

  it('is queried where two of one second do not say which came first', () => {
    const unclear = { ...known, previous: undefined };
    expect(decideRecordHead({ ref, commit: c, headAt: at('05.500') }, unclear, {}).do).toBe('query-host');
    expect(decideRecordHead({ ref, commit: c, headAt: at('05.500') }, unclear, { hostHead: b }).do).toBe('answer');
  });
});
