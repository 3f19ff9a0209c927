import { describe, expect, it } from 'vitest';
import { chooseRelease, isMovedBack, type KnownRelease, tagsToMove } from '../../../core/releases/rollback.ts';

const digestOf = (number: number) => `sha256:${String(number).repeat(64)}`;

function release(number: number, over: Partial<KnownRelease> = {}): KnownRelease {
  return {
    digest: digestOf(number),
    build: `build${number}`,
    releasedAt: `2026-11-0${number}T00:00:00.000Z`,
    tags: ['latest', `build-2026110${number}T000000Z-aaaaaaa`],
    isGone: false,
    ...over,
  };
}

const three = [release(1), release(2), release(3)];
const at = (current: number | undefined) => ({
  current: current === undefined ? undefined : digestOf(current),
  desiredTag: 'latest',
});

describe('the release to roll back to', () => {
  it.each<[string, KnownRelease[], number | undefined, string | undefined, number | RegExp]>([
    ['is the one before', three, 3, undefined, 2],
    ['is the one before that after a rollback', three, 2, undefined, 1],
    [
      'is the one before of those that are left',
      [release(1), release(2, { isGone: true }), release(3)],
      3,
      undefined,
      1,
    ],
    ['is none of a version by default', [release(1), release(2, { tags: ['1.2.3'] }), release(3)], 3, undefined, 1],
    ['is named by its digest', three, 3, digestOf(1), 1],
    ['is named by the first digits of its digest', three, 3, digestOf(1).slice(0, 19), 1],
    ['is named by its tag', three, 3, 'build-20261101T000000Z-aaaaaaa', 1],
    ['is named by its build', three, 3, 'build1', 1],
    ['may be a newer one', three, 1, 'build3', 3],
    [
      'cannot be before the first',
      three,
      1,
      undefined,
      /^There is no release before the current one\. These can be had: /,
    ],
    [
      'cannot be what was never released',
      three,
      3,
      digestOf(9),
      /has released nothing .* had: sha256:222222222222 \(build-/,
    ],
    ['cannot be gone', [release(1, { isGone: true }), release(3)], 3, 'build1', /no longer in the registry.* no other/],
    ['cannot be the current one', three, 3, 'build3', /is the current release already/],
    ['must be named clearly', three, 3, 'latest', /latest has named 3 releases/],
    ['needs a current release', three, undefined, undefined, /has not released its branch yet/],
  ])('%s', (_, known, current, to, expected) => {
    const choice = chooseRelease(known, at(current), to);
    if (typeof expected === 'number') expect(choice).toMatchObject({ release: { digest: digestOf(expected) } });
    else expect(choice).toEqual({ refusal: expect.stringMatching(expected) });
  });

  it('is chosen from a list that does not grow without end', () => {
    const many = Array.from({ length: 30 }, (_, at) => ({
      ...release(1),
      digest: `sha256:${String(at).padStart(64, '0')}`,
    }));
    const choice = chooseRelease(many, at(9), 'nothing');
    expect('refusal' in choice && choice.refusal).toMatch(/and 20 older ones\.$/);
  });
});

describe('a tag of the current release', () => {
  it.each([
    ['latest', true],
    ['main', true],
    ['stable', true],
    ['1.2', true],
    ['1.2.3', false],
    ['7.4.1', true],
    ['build-20261101T000000Z-aaaaaaa', false],
    [`sha-${'a'.repeat(40)}`, false],
  ])('%s is moved back: %s', (tag, expected) => {
    expect(isMovedBack(tag, { desiredTag: '7.4.1', extraTags: ['stable'] })).toBe(expected);
  });

  it('is moved if it names the release that is taken back, or the earlier one already', () => {
    const now = new Map([
      ['latest', digestOf(3)],
      ['main', digestOf(1)],
      ['1.2', digestOf(2)],
      ['gone', undefined],
    ]);
    expect(tagsToMove([...now.keys()], now, { from: digestOf(3), to: digestOf(1) })).toEqual(['latest', 'main']);
  });
});
