import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { languages } from '../../../local/scanner/language-packages.ts';
import { matchRecords } from '../../../local/scanner/match-records.ts';
import { readOsvRecord } from '../../../local/scanner/osv-record.ts';
import { createOsvFolder } from '../../../local/scanner/osv-records.ts';
import { compareDebian } from '../../../local/scanner/version-order.ts';

const good = {
  id: 'CVE-2026-1',
  modified: '2026-01-02T03:04:05Z',
  affected: [
    {
      package: { ecosystem: 'Debian:12', name: 'foo' },
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '2' }] }],
    },
  ],
  severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }],
  references: [{ type: 'ADVISORY', url: 'https://example.org/CVE-2026-1' }],
};
const read = (record: object) => readOsvRecord('file', JSON.stringify(record));
const withAffected = (over: object) => ({ ...good, affected: [{ ...good.affected[0], ...over }] });

/** What a record finds in a version of foo, with how bad it is. */
function findingsIn(record: object, version: string) {
  const foo = { name: 'foo', version, source: { name: 'foo', version } };
  const byPackage = new Map([['foo', [read(record)]]]);
  const findings = matchRecords([foo], { names: ['Debian:12'], bySource: true, compare: compareDebian }, { byPackage });
  return findings.map(({ name, severity }) => `${name} ${severity}`);
}

describe('of a record', () => {
  test.each([
    ['a reference without an address', { references: [{ type: 'WEB' }, ...good.references] }],
    ['a reference that is none', { references: [null, 'https://example.org', ...good.references] }],
    ['references of another form', { references: {} }],
    ['aliases that are no texts', { aliases: [1, null] }],
    ['a title that is none', { summary: ['foo'], details: 5 }],
    ['a time that is none', { modified: 'yesterday' }],
    ['a withdrawal that has no time', { withdrawn: true }],
    ['one severity that cannot be read', { severity: [{ type: 'CVSS_V4' }, ...good.severity] }],
    ['fields of its own that nobody knows', { ecosystem_specific: 5, database_specific: [1] }],
  ])('%s takes nothing else with it, and is told', (_, over) => {
    const record = { ...good, ...over };
    expect(findingsIn(record, '1')).toEqual(['CVE-2026-1 CRITICAL']);
    expect(findingsIn(record, '2')).toEqual([]);
    const isFree = 'ecosystem_specific' in over;
    expect(read(record).problems.length > 0).toBe(!isFree);
  });

  test('a reference that can be read is kept beside one that cannot', () => {
    const { references, problems } = read({ ...good, references: [{ type: 'WEB' }, ...good.references] });
    expect(references).toEqual(good.references);
    expect(problems).toEqual([expect.stringContaining('"references[0]"')]);
  });

  test('null is as good as nothing, wherever it stands', () => {
    const names = [
      'aliases',
      'related',
      'upstream',
      'summary',
      'details',
      'withdrawn',
      'references',
      'database_specific',
    ];
    const record = { ...good, ...Object.fromEntries(names.map((name) => [name, null])) };
    expect(read(record).problems).toEqual([]);
    expect(findingsIn(record, '1')).toEqual(['CVE-2026-1 CRITICAL']);
    const bare = { versions: null, severity: null, ecosystem_specific: null, database_specific: null };
    expect(read(withAffected(bare)).problems).toEqual([]);
    expect(findingsIn(withAffected(bare), '1')).toEqual(['CVE-2026-1 CRITICAL']);
    expect(read({ ...good, affected: null }).affected).toEqual([]);
    const events = [{ introduced: '0', fixed: null }, { fixed: '2' }];
    expect(findingsIn(withAffected({ ranges: [{ type: 'ECOSYSTEM', events }] }), '1')).toHaveLength(1);
  });

  test.each([
    ['a range without its events', { ranges: [{ type: 'ECOSYSTEM' }] }],
    ['ranges of another form', { ranges: 'all' }],
    ['a range that is none', { ranges: [null] }],
    ['a range of another type', { ranges: [{ type: 'CALENDAR', events: [{ introduced: '0' }] }] }],
    ['a range that does not begin', { ranges: [{ type: 'ECOSYSTEM', events: [{ fixed: '2' }] }] }],
    ['an event that nobody knows', { ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { mended: '2' }] }] }],
    ['a version that is a number', { ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: 0 }, { fixed: '2' }] }] }],
    ['a list of versions with something else in it', { ranges: [], versions: ['3', 4] }],
    ['a list with an empty version in it', { ranges: [], versions: ['3', ''] }],
    ['a version without a letter or a digit', { ranges: [], versions: ['?'] }],
    ['a beginning that is not a version', { ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '?' }] }] }],
    ['an empty version', { ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '' }] }] }],
    ['neither ranges nor versions', { ranges: undefined }],
    ['empty ranges and versions', { ranges: [], versions: [] }],
    ['a range of commits and nothing else', { ranges: [{ type: 'GIT', repo: 'x', events: [{ introduced: '0' }] }] }],
  ])('%s may be about any version', (_, over) => {
    const record = withAffected(over);
    expect(findingsIn(record, '1')).toEqual(['CVE-2026-1 CRITICAL']);
    expect(read(record).problems).not.toEqual([]);
  });

  test('a range of commits is about no version, whatever its form', () => {
    for (const range of [{ type: 'GIT' }, { type: 'GIT', repo: 'x', events: [{ introduced: '0' }] }]) {
      expect(findingsIn(withAffected({ ranges: [range], versions: ['3'] }), '1')).toEqual([]);
      expect(read({ ...good, affected: [{ ranges: [range] }] })).toMatchObject({ affected: [], problems: [] });
    }
  });

  test('that is withdrawn nothing is left', () => {
    expect(read({ ...good, withdrawn: '2026-02-01T00:00:00Z' }).isWithdrawn).toBe(true);
    expect(read({ ...good, withdrawn: 'no' }).isWithdrawn).toBe(false);
  });

  test('that does not say its name it is that of its file', () => {
    expect(findingsIn({ ...good, id: undefined }, '1')).toEqual(['file CRITICAL']);
    expect(findingsIn({ ...good, id: 7 }, '1')).toEqual(['file CRITICAL']);
  });

  test.each([
    ['{', 'JSON'],
    ['null', 'not a record'],
    ['[]', 'not a record'],
    ['{"name":"package"}', 'not a record'],
    [JSON.stringify({ ...good, affected: {} }), 'affected'],
    [JSON.stringify({ ...good, affected: [...good.affected, null] }), 'affected'],
    [JSON.stringify({ ...good, affected: [{ package: { ecosystem: 'Debian:12' } }] }), 'affected[0].package'],
    [JSON.stringify(withAffected({ package: null })), '"affected[0]" names no package'],
    [JSON.stringify(withAffected({ versions: Array(5000).fill(0) })), 'More than 1000 parts'],
    [JSON.stringify({ ...good, affected: [{}] }), '"affected[0]" names no package'],
    [JSON.stringify({ ...good, affected: [{ ranges: [] }] }), '"affected[0]" names no package'],
    [JSON.stringify({ ...good, affected: [{ package: { name: 'foo', ecosystem: null } }] }), 'affected[0].package'],
  ])('%s nobody knows what it is about', (content, message) => {
    expect(() => readOsvRecord('file', content)).toThrow(expect.objectContaining({ name: 'UnreadableRecordError' }));
    expect(() => readOsvRecord('file', content)).toThrow(message);
  });
});

test('PyPI has one package by many spellings of its name', () => {
  const record = read({
    id: 'PYSEC-1',
    affected: [{ package: { ecosystem: 'PyPI', name: 'Flask_Login' }, versions: ['1.0'] }],
  });
  const [python] = languages.filter(({ ecosystem }) => ecosystem === 'PyPI');
  const installed = python?.read(Buffer.from('Name: flask.LOGIN\nVersion: 1.0\n\n'));
  expect([record.affected[0]?.package.name, installed?.name]).toEqual(['flask-login', 'flask-login']);
});

test('a folder tells what cannot be read, and of which file', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'slipway osv '));
  const write = (name: string, content: unknown) =>
    writeFileSync(path.join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  write('good.json', good);
  write('faulty.json', { ...good, id: 'CVE-2026-2', references: [{}], modified: 'never' });
  write('broken.json', '{');
  const index = await createOsvFolder(folder)();
  rmSync(folder, { recursive: true });
  expect(
    index.byPackage
      .get('foo')
      ?.map(({ id }) => id)
      .sort(),
  ).toEqual(['CVE-2026-1', 'CVE-2026-2']);
  expect(index.updatedAt).toBe(Date.parse(good.modified));
  expect(index.unreadable).toEqual([expect.stringMatching(/broken\.json: /)]);
  expect(index.problems).toHaveLength(2);
  for (const problem of index.problems) expect(problem).toMatch(/faulty\.json: "(modified|references\[0\])": \S/);
});
