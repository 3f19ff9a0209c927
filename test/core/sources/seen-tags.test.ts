import { describe, expect, it } from 'vitest';
import { tagSnapshot, tagsSince } from '../../../core/sources/seen-tags.ts';

const tags = (count: number, over: Record<string, string> = {}) =>
  new Map([
    ...Array.from({ length: count }, (_, at) => [`refs/tags/v1.0.${at}`, 'a'.repeat(40)] as const),
    ...Object.entries(over),
  ]);
const snapshot = (of: ReadonlyMap<string, string>) => tagSnapshot(of) ?? new Uint8Array();

describe('the tags of last time', () => {
  it('are distinguished from those that are new, and those that have moved', () => {
    const moved = { 'refs/tags/v1.0.3': 'b'.repeat(40), 'refs/tags/v2.0.0': 'a'.repeat(40) };
    expect(tagsSince(snapshot(tags(10)), tags(10))).toEqual([]);
    expect(Object.fromEntries(tagsSince(snapshot(tags(10)), tags(10, moved)))).toEqual(moved);
    expect(tagsSince(snapshot(tags(10)), tags(5))).toEqual([]);
  });

  it('may be none at all, which is not the same as unknown', () => {
    expect(tagSnapshot(new Map())).toEqual(new Uint8Array());
    expect(tagsSince(new Uint8Array(), tags(2))).toHaveLength(2);
  });

  it('fit into an item of the table, or are not kept', () => {
    expect(snapshot(tags(60_000)).length).toBeLessThan(390_000);
    expect(tagSnapshot(tags(60_001))).toBeUndefined();
  });
});
