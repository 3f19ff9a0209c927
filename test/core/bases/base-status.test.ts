import { describe, expect, it } from 'vitest';
import { baseStatuses, isConcerned, type NamedBase, watchedName } from '../../../core/bases/base-status.ts';

const [A, B] = ['a', 'b'].map((letter) => `sha256:${letter.repeat(64)}`) as [string, string];
const image = 'docker.io/library/debian:12';
const base = (over: Partial<NamedBase> = {}): NamedBase => ({
  reference: 'debian:12',
  image,
  digest: A,
  own: false,
  ...over,
});

it.each([
  [image, image],
  ['localhost:5000/a/b', 'localhost:5000/a/b:latest'],
  ['index.docker.io/library/debian:12', image],
  ['registry-1.docker.io/debian:12', image],
  ['registry.hub.docker.com/library/debian:12', image],
  [`docker.io/library/debian@${A}`, undefined],
  ['demo/app:latest', undefined],
  ['lock of watch-bases', undefined],
  ['../x', undefined],
])('%s is watched as %s', (name, expected) => {
  expect(watchedName({ image: name })).toBe(expected);
});

describe('a project', () => {
  const change = { image, digest: B, previous: A };

  it('is concerned by a digest that it was not built on, in whatever place', () => {
    expect(isConcerned([base()], false, change)).toBe(true);
    expect(isConcerned([base({ digest: B }), base({ reference: 'library/debian:12' })], false, change)).toBe(true);
    expect(isConcerned([base({ digest: B })], false, change)).toBe(false);
  });

  it('is not concerned where its Dockerfile names the digest, whatever its entry says', () => {
    expect(isConcerned([base({ reference: `debian:12@${A}` })], true, change)).toBe(false);
    expect(isConcerned([base({ reference: `debian:12@${A}` }), base()], false, change)).toBe(true);
  });

  it('is concerned by what its entry says where its Dockerfile was not seen to name it', () => {
    expect(isConcerned([], true, change)).toBe(true);
    expect(isConcerned([], false, change)).toBe(false);
  });
});

it('people see which image a name means by now, and why that is unknown', () => {
  const images = new Map([
    [image, { digest: B, seenAt: '2026-11-20T00:00:00.000Z', checkedAt: '2026-11-21T00:00:00.000Z' }],
    ['quay.io/a/b:1', { reason: 'it answered 503' }],
  ]);
  const pinned = base({ reference: `debian:12@${A}` });
  const bases = [
    base(),
    base({ digest: B }),
    pinned,
    base({ image: 'quay.io/a/b:1' }),
    base({ image: 'own/x:1', own: true }),
  ];
  const known = { since: '2026-11-20T00:00:00.000Z', checkedAt: '2026-11-21T00:00:00.000Z' };
  expect(baseStatuses(bases, images)).toEqual([
    { ...base(), pinned: false, newer: B, ...known },
    { ...base({ digest: B }), pinned: false, ...known },
    { ...pinned, pinned: true, newer: B, ...known },
    { ...base({ image: 'quay.io/a/b:1' }), pinned: false, reason: 'it answered 503' },
    { ...base({ image: 'own/x:1', own: true }), pinned: false },
  ]);
});
