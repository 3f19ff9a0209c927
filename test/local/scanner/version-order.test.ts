import { expect, test } from 'vitest';
import { type Compare, compareAlpine, compareDebian, compareRpm } from '../../../local/scanner/version-order.ts';

function expectAscending(versions: string[], compare: Compare) {
  for (const [i, one] of versions.entries()) {
    for (const [j, other] of versions.entries()) {
      expect(`${one} ${other} ${Math.sign(compare(one, other))}`).toBe(`${one} ${other} ${Math.sign(i - j)}`);
    }
  }
}

test('Debian versions are in the order of dpkg', () => {
  expectAscending(
    [
      '0~~',
      '0~~a',
      '0~',
      '0',
      '0.9',
      '1.0~rc1-1',
      '1.0-1~bpo1',
      '1.0-1',
      '1.0-1+b1',
      '1.0-1.1',
      '1.0-10',
      '1.0a-1',
    ].concat(['1.0+dfsg-1', '1.10-1', '20240101-1', '1:0.1-1', '2:0-0']),
    compareDebian,
  );
  expect(compareDebian('1.0', '1.0-0')).toBe(0);
  expect(compareDebian('01.0-1', '1.00-1')).toBe(0);
});

test('Alpine versions are in the order of apk', () => {
  expectAscending(
    [
      '0.1',
      '1.0_alpha1',
      '1.0_beta2',
      '1.0_pre1',
      '1.0_rc1',
      '1.0_rc2-r1',
      '1.0',
      '1.0-r1',
      '1.0-r10',
      '1.0_p1',
      '1.0a',
    ].concat(['1.0b-r2', '1.0.1', '1.02', '1.1', '1.10', '2.0']),
    compareAlpine,
  );
  expectAscending(
    [
      '1.0_rc1~ff',
      '1.0',
      '1.0-r0',
      '1.0-r1',
      '1.0~1234',
      '1.0~1234-r0',
      '1.0~12345',
      '1.0~ab-r3',
      '1.0~c0ffee',
      '1.0_p1',
      '1.0_p1~0-r1',
    ],
    compareAlpine,
  );
});

test('RPM versions are in the order of rpm', () => {
  expectAscending(
    ['1.0~rc1-1', '1.0-1.el9', '1.0-1.el9_2', '1.0-2.el9', '1.0^git1-1', '1.0.a-1', '1.0.1-1', '1.10-1', '1:0.5-1'],
    compareRpm,
  );
});
