import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import { baseScore } from '../../../local/scanner/cvss.ts';
import { type Installed, parseApkInstalled, parseDpkgStatus } from '../../../local/scanner/installed-packages.ts';
import { ecosystemOf, matchRecords } from '../../../local/scanner/match-records.ts';
import { type OsvRecord, readOsvRecord } from '../../../local/scanner/osv-record.ts';
import { readRpmDatabase } from '../../../local/scanner/rpm-database.ts';

function installed(id: string, version: string, name: string, packageVersion: string): Installed {
  const source = { name, version: packageVersion };
  return { distribution: { id, version }, manager: 'dpkg', packages: [{ name: `${name}-bin`, version: '0', source }] };
}

function recordOf(affected: object, more: object = {}): OsvRecord {
  const whole = { package: { ecosystem: 'Debian:12', name: 'foo' }, ...affected };
  return readOsvRecord('X-1', JSON.stringify({ id: 'X-1', affected: [whole], ...more }));
}

function match(image: Installed, ...records: OsvRecord[]) {
  const ecosystem = ecosystemOf(image);
  if (ecosystem === undefined) throw new Error('no ecosystem');
  return matchRecords(image.packages, ecosystem, { byPackage: new Map([['foo', records]]) });
}

const debian = (version: string) => installed('debian', '12', 'foo', version);
const range = (...events: object[]) => ({ ranges: [{ type: 'ECOSYSTEM', events }] });

describe('a record is about an installed version', () => {
  test.each([
    ['that it lists', recordOf({ versions: ['1.0-1'] }), '1.0-1', true],
    ['but not one that it does not list', recordOf({ versions: ['1.0-1'] }), '1.0-2', false],
    ['from the first on', recordOf(range({ introduced: '0' })), '9', true],
    ['before the fix', recordOf(range({ introduced: '0' }, { fixed: '1.0-2' })), '1.0-1', true],
    ['but not with the fix', recordOf(range({ introduced: '0' }, { fixed: '1.0-2' })), '1.0-2', false],
    ['but not before the defect came', recordOf(range({ introduced: '1.0' }, { fixed: '2.0' })), '0.9', false],
    ['up to the last affected', recordOf(range({ introduced: '0' }, { last_affected: '1.0' })), '1.0', true],
    ['but not after it', recordOf(range({ introduced: '0' }, { last_affected: '1.0' })), '1.1', false],
    [
      'where the defect came back',
      recordOf(range({ fixed: '3' }, { introduced: '2' }, { fixed: '1' }, { introduced: '0' })),
      '2.5',
      true,
    ],
    [
      'of this release alone',
      recordOf({ package: { ecosystem: 'Debian:11', name: 'foo' }, versions: ['1'] }),
      '1',
      false,
    ],
    [
      'and never by commits',
      recordOf({ versions: ['9'], ranges: [{ type: 'GIT', events: [{ introduced: '0' }] }] }),
      '1',
      false,
    ],
  ])('%s', (_what, record, version, isMatch) => {
    expect(match(debian(version), record)).toHaveLength(isMatch ? 1 : 0);
  });
});

test('Ubuntu and Alpine have names of their own', () => {
  const ubuntu = recordOf({ package: { ecosystem: 'Ubuntu:22.04:LTS', name: 'foo' }, versions: ['1'] });
  expect(match(installed('ubuntu', '22.04', 'foo', '1'), ubuntu)).toHaveLength(1);
  const alpine = recordOf({
    package: { ecosystem: 'Alpine:v3.20', name: 'foo' },
    ...range({ introduced: '0' }, { fixed: '1-r2' }),
  });
  expect(match(installed('alpine', '3.20.3', 'foo', '1-r1'), alpine)).toMatchObject([{ fixedVersion: '1-r2' }]);
});

test.each([
  ['debian', ''],
  ['alpine', '3.23_alpha20250612'],
  ['rocky', 'stream'],
])('what will be the next release of a distribution has no records: %s %s', (id, version) => {
  expect(ecosystemOf(installed(id, version, 'foo', '1'))).toBeUndefined();
});

test.each(['debian:12', ' Debian:12 ', 'DEBIAN'])('an ecosystem is the same in any spelling: %j', (ecosystem) => {
  expect(match(debian('1'), recordOf({ package: { ecosystem, name: ' foo' }, versions: [' 1'] }))).toHaveLength(1);
});

describe('the severity', () => {
  test.each([
    [
      'of a CVSS 3 vector',
      { severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N' }] },
      'MEDIUM',
    ],
    [
      'of a CVSS 4 vector alone',
      {
        severity: [{ type: 'CVSS_V4', score: 'CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N' }],
      },
      'CRITICAL',
    ],
    [
      'of the newest version of CVSS',
      {
        severity: [
          { type: 'CVSS_V2', score: 'AV:N/AC:L/Au:N/C:C/I:C/A:C' },
          { type: 'CVSS_V4', score: 'CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:L/VI:L/VA:N/SC:N/SI:N/SA:N' },
          { type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' },
        ],
      },
      'LOW',
    ],
    ['that cannot be read as the worst', { severity: [{ type: 'CVSS_V4', score: 'CVSS:4.0/AV:N' }] }, 'CRITICAL'],
    ['that is not text as the worst', { severity: [{ type: 'CVSS_V3', score: 9.8 }, null] }, 'CRITICAL'],
    [
      'that can be read beside one that cannot as the worst',
      { severity: [{ type: 'CVSS_V3' }], database_specific: { severity: 'LOW' } },
      'CRITICAL',
    ],
    [
      'of one version of CVSS beside one of another that cannot be read as the worst',
      {
        severity: [
          { type: 'CVSS_V4', score: 'CVSS:4.0/AV:N' },
          { type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N' },
        ],
      },
      'CRITICAL',
    ],
    ['of a CVSS 2 vector', { severity: [{ type: 'CVSS_V2', score: 'AV:N/AC:L/Au:N/C:P/I:P/A:P' }] }, 'HIGH'],
    ["of the distribution's word", { severity: [{ type: 'Ubuntu', score: 'negligible' }] }, 'INFORMATIONAL'],
    ["of the database's word", { database_specific: { severity: 'MODERATE' } }, 'MEDIUM'],
    ['that nobody gives', {}, 'UNDEFINED'],
  ])('%s', (_what, more, severity) => {
    expect(match(debian('1'), recordOf({ versions: ['1'] }, more))[0]?.severity).toBe(severity);
  });

  test('scores are those of the specification', () => {
    // https://www.first.org/cvss/v3.1/examples
    expect(baseScore('CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N')?.score).toBe(6.4);
    expect(baseScore('CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:H/A:H')?.score).toBe(8.8);
    expect(baseScore('CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N')?.score).toBe(0);
    expect(baseScore('AV:N/AC:L/Au:N/C:C/I:C/A:C')?.score).toBe(10);
    // https://www.first.org/cvss/v4.0/examples
    expect(baseScore('CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N')).toEqual({
      version: 4,
      score: 7.3,
    });
    expect(baseScore('CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H')?.score).toBe(10);
    expect(baseScore('CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:N/VI:N/VA:N/SC:N/SI:N/SA:N')?.score).toBe(0);
  });

  test('what is known of a threat or an environment makes no score milder', () => {
    expect(baseScore('CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N/E:U/MAV:P')?.score).toBe(9.3);
    expect(baseScore('CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:U/RL:O')?.score).toBe(9.8);
  });

  test.each([
    '',
    'high',
    'CVSS:4.0/AV:N/AC:L',
    'CVSS:5.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H',
    'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:Z',
    'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/AV:P',
    'CVSS:3.1/__proto__:N/constructor:H',
    '/'.repeat(100_000),
  ])('%j is not a vector', (text) => expect(baseScore(text)).toBeUndefined());

  test('of two records on one defect is the worse', () => {
    const [rated, unrated] = ['HIGH', undefined].map((severity) =>
      recordOf({ versions: ['1'] }, { id: 'CVE-2026-1', database_specific: { severity } }),
    );
    for (const records of [
      [rated, unrated],
      [unrated, rated],
    ]) {
      const findings = match(debian('1'), ...records.flatMap((record) => record ?? []));
      expect(findings.map(({ name, severity }) => [name, severity])).toEqual([['CVE-2026-1', 'HIGH']]);
    }
  });
});

test('a finding has the name of the CVE that the record is about', () => {
  const names = [
    recordOf({ versions: ['1'] }, { id: 'DEBIAN-CVE-2024-5' }),
    recordOf({ versions: ['1'] }, { id: 'DSA-1-1', aliases: ['CVE-2024-6'] }),
    recordOf({ versions: ['1'] }, { id: 'DSA-2-1', upstream: ['CVE-2024-6', 'CVE-2024-7'] }),
  ].map((record) => match(debian('1'), record)[0]?.name);
  expect(names).toEqual(['CVE-2024-5', 'CVE-2024-6', 'DSA-2-1']);
});

describe('package databases', () => {
  test('dpkg names the source where it is another one', () => {
    const status = `Package: libc6\nStatus: install ok installed\nSource: glibc (2.36-9)\nVersion: 2.36-9+b1\n\n\nPackage: tar\nVersion: 1.34\n\nrubbish\n`;
    expect(parseDpkgStatus(Buffer.from(status))).toEqual([
      { name: 'libc6', version: '2.36-9+b1', source: { name: 'glibc', version: '2.36-9' } },
      { name: 'tar', version: '1.34', source: { name: 'tar', version: '1.34' } },
    ]);
  });

  test('apk names the origin', () => {
    const installed = 'C:Q1=\nP:libcrypto3\nV:3.3.2-r0\no:openssl\nF:lib\n\nP:musl\nV:1.2.5-r0\n';
    expect(parseApkInstalled(Buffer.from(installed)).map(({ source }) => source)).toEqual([
      { name: 'openssl', version: '3.3.2-r0' },
      { name: 'musl', version: '1.2.5-r0' },
    ]);
  });

  test('rpm has headers in a database of SQLite', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'slipway rpm '));
    const file = path.join(folder, 'rpmdb.sqlite');
    const database = new DatabaseSync(file);
    database.exec('create table Packages (hnum integer primary key, blob blob)');
    const insert = database.prepare('insert into Packages (blob) values (?)');
    insert.run(
      rpmHeader({ 1000: 'openssl-libs', 1001: '3.0.7', 1002: '27.el9', 1003: 1, 1044: 'openssl-3.0.7-27.el9.src.rpm' }),
    );
    insert.run(rpmHeader({ 1000: 'gpg-pubkey', 1001: '1', 1002: '1' }));
    insert.run(Buffer.from('rubbish of no use'));
    database.close();
    const content = readFileSync(file);
    rmSync(folder, { recursive: true });
    expect(readRpmDatabase(content)).toEqual([
      { name: 'openssl-libs', version: '1:3.0.7-27.el9', source: { name: 'openssl', version: '1:3.0.7-27.el9' } },
    ]);
  });
});

function rpmHeader(tags: Record<number, string | number>): Buffer {
  const data: Buffer[] = [];
  const entries = Object.entries(tags).map(([tag, value]) => {
    const entry = Buffer.alloc(16);
    entry.writeUInt32BE(Number(tag), 0);
    entry.writeUInt32BE(typeof value === 'number' ? 4 : 6, 4);
    entry.writeUInt32BE(Buffer.concat(data).length, 8);
    entry.writeUInt32BE(1, 12);
    const number = Buffer.alloc(4);
    if (typeof value === 'number') number.writeUInt32BE(value);
    data.push(typeof value === 'number' ? number : Buffer.from(`${value}\0`));
    return entry;
  });
  const lengths = Buffer.alloc(8);
  lengths.writeUInt32BE(entries.length, 0);
  lengths.writeUInt32BE(Buffer.concat(data).length, 4);
  return Buffer.concat([lengths, ...entries, ...data]);
}
