import { describe, expect, it } from 'vitest';
import type { Finding, Scan } from '../../../core/model/findings.ts';
import { afterRescan, allNotified, changesOf, releaseFindingsSchema } from '../../../core/releases/rescan-findings.ts';
import { cpuTime } from '../../cpu-time.ts';

const now = new Date('2026-11-21T12:00:00.000Z');
const later = new Date('2026-11-28T12:00:00.000Z');
const finding = (id: string, over: Partial<Finding> = {}): Finding => ({
  id,
  severity: 'HIGH',
  package: 'openssl',
  installed: '3.0.1',
  ...over,
});
const scan = (...findings: Finding[]): Scan => ({ state: 'complete', findings });

/** What has changed after a rescan of an image that was released with another scan. */
const changeToNotify = (before: Finding[], after: Finding[]) =>
  changesOf(afterRescan(scan(...after), undefined, scan(...before), now));

describe('what has changed since the release', () => {
  it.each<[string, Finding[], Finding[], Partial<Record<'appeared' | 'gone' | 'changed', number>> | undefined]>([
    ['nothing', [finding('A')], [finding('A')], undefined],
    ['the order alone', [finding('A'), finding('B')], [finding('B'), finding('A')], undefined],
    ['words alone', [finding('A')], [finding('A', { title: 'other', description: 'x', score: 9 })], undefined],
    ['a finding more', [], [finding('A')], { appeared: 1 }],
    ['a finding less', [finding('A')], [], { gone: 1 }],
    [
      'the same defect in another package',
      [finding('A')],
      [finding('A'), finding('A', { package: 'nss' })],
      { appeared: 1 },
    ],
    ['the severity', [finding('A')], [finding('A', { severity: 'LOW' })], { changed: 1 }],
    ['a fixed version', [finding('A')], [finding('A', { fixed: '3.0.2' })], { changed: 1 }],
    ['another fixed version', [finding('A', { fixed: '3.0.2' })], [finding('A', { fixed: '3.0.3' })], { changed: 1 }],
    [
      'that there is a fix',
      [finding('A', { fixAvailable: 'NO' })],
      [finding('A', { fixAvailable: 'YES' })],
      { changed: 1 },
    ],
    ['that the fix was none', [finding('A', { fixed: '3.0.2' })], [finding('A')], { changed: 1 }],
  ])('%s', (_what, before, after, expected) => {
    const changes = changeToNotify(before, after);
    const counts = changes && {
      appeared: changes.appeared.length,
      gone: changes.gone.length,
      changed: changes.changed.length,
    };
    expect(counts).toEqual(expected && { appeared: 0, gone: 0, changed: 0, ...expected });
  });

  it('is notified once, and is known then', () => {
    const first = afterRescan(scan(finding('A')), undefined, scan(), now);
    const notified = allNotified(first);
    expect(changesOf(notified)).toBeUndefined();
    expect(changesOf(afterRescan(scan(finding('A')), notified, undefined, later))).toBeUndefined();
  });

  it('adds up while nobody was notified', () => {
    const first = afterRescan(scan(finding('A')), undefined, scan(), now);
    const second = afterRescan(scan(finding('A'), finding('B')), first, undefined, later);
    expect(changesOf(second)?.appeared.map(({ id }) => id)).toEqual(['A', 'B']);
    expect(changesOf(afterRescan(scan(), second, undefined, later))).toBeUndefined();
  });

  it('says of each finding since when it is known, if it was not known at the release', () => {
    const first = afterRescan(scan(finding('A'), finding('B')), undefined, scan(finding('A')), now);
    const second = afterRescan(scan(finding('A'), finding('B'), finding('C')), first, undefined, later);
    expect(second.findings.map(({ id, since }) => [id, since])).toEqual([
      ['A', undefined],
      ['B', now.toISOString()],
      ['C', later.toISOString()],
    ]);
  });

  it('is nothing where nobody knows what there was', () => {
    const first = afterRescan(scan(finding('A')), undefined, undefined, now);
    expect(changesOf(first)).toBeUndefined();
    expect(first.findings).toMatchObject([{ id: 'A' }]);
    expect(first.findings[0]?.since).toBeUndefined();
  });
});

describe('an image that cannot be scanned', () => {
  it('keeps the findings of the last scan, and counts as a change when it begins', () => {
    const before = afterRescan(scan(finding('A')), undefined, scan(finding('A')), now);
    const failed = afterRescan({ state: 'failed', reason: 'why', findings: [] }, before, undefined, later);
    expect(changesOf(failed)).toEqual({
      appeared: [],
      gone: [],
      changed: [],
      state: { now: 'failed', before: 'complete' },
    });
    expect(failed).toMatchObject({ state: 'failed', reason: 'why', findings: [{ id: 'A' }] });
    const again = afterRescan(
      { state: 'failed', reason: 'other', findings: [] },
      allNotified(failed),
      undefined,
      later,
    );
    expect(changesOf(again)).toBeUndefined();
    expect(changesOf(afterRescan(scan(finding('A')), allNotified(failed), undefined, later))).toBeUndefined();
  });

  it('and never could be, because nobody can scan it, is not a change', () => {
    const unsupported: Scan = { state: 'unsupported', reason: 'scratch', findings: [] };
    expect(changesOf(afterRescan(unsupported, undefined, unsupported, now))).toBeUndefined();
  });
});

it('twenty thousand findings are compared in a moment, and kept without their long texts', () => {
  const many = Array.from({ length: 20_000 }, (_, at) => finding(`CVE-${at}`, { description: 'x'.repeat(1000) }));
  const start = cpuTime();
  const after = afterRescan(scan(...many), undefined, scan(...many.slice(1)), now);
  expect(changesOf(after)?.appeared).toHaveLength(1);
  expect(cpuTime() - start).toBeLessThan(2_000);
  expect(JSON.stringify(releaseFindingsSchema.parse(after)).length).toBeLessThan(6_000_000);
});
