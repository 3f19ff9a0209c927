import { expect, test } from 'vitest';
import {
  type CompareVersions,
  compareApkVersions,
  compareDpkgVersions,
  compareRpmVersions,
} from '../../../core/packages/version-order.ts';

/** Every pair in both directions. */
function expectAscending(versions: string[], compare: CompareVersions) {
  for (const [i, one] of versions.entries()) {
    for (const [j, other] of versions.entries()) {
      expect(`${one} ${other} ${Math.sign(compare(one, other))}`).toBe(`${one} ${other} ${Math.sign(i - j)}`);
    }
  }
}

/** `1.0 < 1.1`, as the package managers' own tests write it. */
function expectOrder(lines: string[], compare: CompareVersions) {
  for (const line of lines) {
    const [one = '', sign = '', other = ''] = line.split(' ');
    const signOf = (order: number) => (order < 0 ? '<' : order > 0 ? '>' : '=');
    expect(`${one} ${signOf(compare(one, other))} ${other}`).toBe(line);
    const mirrored = { '<': '>', '>': '<', '=': '=' }[sign];
    expect(`${other} ${signOf(compare(other, one))} ${one}`).toBe(`${other} ${mirrored} ${one}`);
  }
}

test('Debian versions are in the order of dpkg --compare-versions', () => {
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
      '1.0-1+deb12u1',
      '1.0-1.1',
      '1.0-10',
      '1.0a-1',
      '1.0+dfsg-1',
      '1.0.1-1',
      '1.10-1',
      '20240101-1',
      '1:0.1-1',
      '2:0-0',
      '10:0-0',
    ],
    compareDpkgVersions,
  );
  expectOrder(
    ['1.0 = 1.0-0', '01.0-1 = 1.00-1', '0:1.0 = 1.0', '1.0- = 1.0', '1-1-1 > 1-1', 'a < +'],
    compareDpkgVersions,
  );
});

test('RPM versions are in the order of rpm', () => {
  expectAscending(
    [
      '1.0~rc1-1',
      '1.0~rc1^git2-1',
      '1.0-1.el9',
      '1.0-1.el9_2',
      '1.0-2.el9',
      '1.0^git1-1',
      '1.0^git2-1',
      '1.0.a-1',
      '1.0.1-1',
      '1.10-1',
      '1:0.5-1',
    ],
    compareRpmVersions,
  );
  expectOrder(
    [
      '5.5p1-1 < 5.5p2-1',
      '5.5p10-1 > 5.5p1-1',
      '10xyz-1 < 10.1xyz-1',
      'xyz10-1 < xyz10.1-1',
      'xyz.4-1 < 8-1',
      '6.0.rc1-1 > 6.0-1',
      '10b2-1 > 10a1-1',
      '1.0aa-1 > 1.0a-1',
      '20101121-1 = 20101121-1',
      '2_0-1 = 2.0-1',
      'a+-1 = a_-1',
      '1.0~rc1-1 < 1.0-1',
      '1.0~rc1~git123-1 < 1.0~rc1-1',
      '1.0^-1 > 1.0-1',
      '1.0^git1-1 < 1.01-1',
      '1.0^git1~pre-1 < 1.0^git1-1',
      '1.05-1 = 1.5-1',
      '0:1-1 = 1-1',
    ],
    compareRpmVersions,
  );
});

test('Alpine versions are in the order of apk version -t', () => {
  expectAscending(
    [
      '0.1',
      '1.0_alpha1',
      '1.0_beta2',
      '1.0_pre1',
      '1.0_rc1',
      '1.0_rc2-r1',
      '1.0',
      '1.0-r0',
      '1.0-r1',
      '1.0-r10',
      '1.0_p1',
      '1.0a',
      '1.0b-r2',
      '1.0.1',
      '1.02',
      '1.1',
      '1.10',
      '2.0',
    ],
    compareApkVersions,
  );
  // https://gitlab.alpinelinux.org/alpine/apk-tools/-/blob/master/test/version.data
  expectOrder(
    [
      '0.1.0_alpha2 > 0.1.0_alpha',
      '0.1.0_alpha_pre2 < 0.1.0_alpha',
      '2.3.0b-r1 < 2.3.0b-r2',
      '3.1_p16 < 3.1_p17',
      '1.0_p10-r0 > 1.0_p9-r0',
      '1.06-r6 < 006',
      '1.00_beta2 < 1.39',
      '20050718-r1 < 20050718-r2',
      '3.0.20060720 < 20060720',
      '2.04 < 2.4.3-r1',
      '1.02.07 < 1.02.10-r1',
      '1.2.07.8 < 1.2.12.04',
      '0.9.28-r2 < 0.9.28.1',
      '4.5_p1-r1 > 4.5_p1',
      '2.5.1-r8 < 2.5.1a-r1',
      '013 < 014-r1',
      '1.3_pre1-r1 < 1.3.2',
      '1.0.0_pre20191002222144-r0 < 1.0.0_pre20210530193627-r0',
    ],
    compareApkVersions,
  );
  expectAscending(
    [
      '1.0_rc1~ff',
      '1.0',
      '1.0-r0',
      '1.0-r1',
      '1.0~1234',
      '1.0~1234-r0',
      '1.0~1234-r1',
      '1.0~12345',
      '1.0~ab-r3',
      '1.0~c0ffee',
      '1.0_p',
      '1.0_p~1',
      '1.0_p0',
      '1.0_p1',
      '1.0_p1~0-r1',
      '1.0a~0',
      '1.0.1~0',
    ],
    compareApkVersions,
  );
  // What is not a version counts as far as it is one.
  expectOrder(
    ['1.0 > 1.0~', '1.0~12 > 1.0~12xy', '1.0-r1 < 1.0~12-r1', 'x = y', 'x < 1', '1.0~a_p1 < 1.0~a'],
    compareApkVersions,
  );
});
