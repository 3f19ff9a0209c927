import { expect, test } from 'vitest';
import { comparePython, compareSemver } from '../../../local/scanner/language-versions.ts';

/** Each comes before the next. Most are the examples of the specifications. */
const ordered = [
  [
    'npm',
    compareSemver,
    '1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0 1.2.0 1.10.0 2.0.0-x-y 2.0.0',
  ],
  [
    'PyPI',
    comparePython,
    '0.9 1.dev0 1.0.dev456 1.0a1 1.0a2.dev456 1.0a12.dev456 1.0a12 1.0b1.dev456 1.0b2 1.0b2.post345.dev456 1.0b2.post345 1.0rc1.dev456 1.0rc1 1.0 1.0+abc.5 1.0.post456.dev34 1.0.post456 1.0.15 1.1.dev1 1.10 1!0.1',
  ],
] as const;

test.each(ordered)('versions of %s come in the order of their specification', (_, compare, text) => {
  const versions = text.split(' ');
  const wrong: string[] = [];
  for (const [i, one] of versions.entries())
    for (const [j, other] of versions.entries())
      if (Math.sign(compare(one, other)) !== Math.sign(i - j)) wrong.push(`${one} ${other}`);
  expect(wrong).toEqual([]);
});

test.each([
  [compareSemver, 'v1.2.3', '1.2.3'],
  [compareSemver, '1.2.3+build.5', '1.2.3'],
  [comparePython, '1.0', '1.0.0'],
  [comparePython, '1.0.0-1', '1.0.post1'],
  [comparePython, '1.0-ALPHA.1', '1.0a1'],
])('%s %s and %s are one version', (compare, one, other) => {
  expect(compare(one, other)).toBe(0);
});
