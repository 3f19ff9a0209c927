import { describe, expect, it } from 'vitest';
import {
  describeReason,
  type KeepReason,
  planRetention,
  type StoredImage,
} from '../../../core/retention/retention-plan.ts';

const now = new Date('2026-11-29T12:00:00Z');
const daysAgo = (days: number) => new Date(now.getTime() - days * 86_400_000).toISOString();
const image = (digest: string, over: Partial<StoredImage> = {}): StoredImage => ({
  digest,
  tags: [`build-20260101T000000Z-${digest}`],
  bytes: 10,
  pulledAt: undefined,
  inUseAt: undefined,
  ...over,
});
const release = (digest: string, days: number, project = 'demo/app:latest') => ({
  project,
  digest,
  releasedAt: daysAgo(days),
});
const old = Array.from({ length: 4 }, (_, at) => `old${at}`);

function plan(
  stored: StoredImage[],
  releases: ReturnType<typeof release>[],
  { uses = {}, days = 90, newest = 0 }: { uses?: Record<string, KeepReason[]>; days?: number; newest?: number } = {},
): Record<string, string[]> {
  const decisions = planRetention({ stored, releases, uses: new Map(Object.entries(uses)) }, { days, newest }, now);
  return Object.fromEntries(decisions.map(({ digest, reasons }) => [digest, reasons.map(({ kind }) => kind)]));
}

describe('a released image', () => {
  it('expires once it is old and nothing names it but the tags that every release has', () => {
    const tags = ['build-20260101T000000Z-0000001', `sha-${'0'.repeat(40)}`];
    expect(plan([image('old', { tags })], [release('old', 91)])).toEqual({ old: [] });
  });

  it.each<[string, Partial<StoredImage>, KeepReason[], string]>([
    ['a floating tag', { tags: ['latest'] }, [], 'tag'],
    ['the tag of a version', { tags: ['1.2.3'] }, [], 'tag'],
    ['the project as its current release', {}, [{ kind: 'current', project: 'demo/app:latest' }], 'current'],
    ['a hold', {}, [{ kind: 'held', project: 'demo/app:latest' }], 'held'],
    ['a manifest', {}, [{ kind: 'deployed', target: 'demo/deploy, production' }], 'deployed'],
    ['another project, as its base', {}, [{ kind: 'base', project: 'demo/child:latest' }], 'base'],
    ['somebody who pulled it', { pulledAt: daysAgo(3) }, [], 'pulled'],
    ['a cluster that runs it', { inUseAt: daysAgo(3) }, [], 'running'],
  ])('stays, however old it is, for %s', (_, over, uses, reason) => {
    expect(plan([image('old', over)], [release('old', 1000)], { uses: { old: uses } })).toEqual({ old: [reason] });
  });

  it('stays as long as it is younger than the rule says, by its last release', () => {
    expect(plan([image('a')], [release('a', 200), release('a', 10, 'demo/app:edge')])).toEqual({ a: ['recent'] });
  });

  it('stays where it is one of the newest of its project, so that there is something to go back to', () => {
    const releases = old.map((digest, at) => release(digest, 100 + at));
    const kept = plan(
      old.map((digest) => image(digest)),
      releases,
      { newest: 2 },
    );
    expect(kept).toEqual({ old0: ['newest'], old1: ['newest'], old2: [], old3: [] });
  });

  it('stays for each of the projects that share the repository', () => {
    const releases = [release('old0', 100), release('old1', 200, 'demo/app:edge')];
    const stored = [image('old0'), image('old1')];
    expect(plan(stored, releases, { newest: 1 })).toEqual({ old0: ['newest'], old1: ['newest'] });
  });

  it('stays for ever where nothing says otherwise', () => {
    const decisions = planRetention(
      { stored: [image('old')], releases: [release('old', 5000)], uses: new Map() },
      { days: undefined, newest: 0 },
      now,
    );
    expect(decisions.map(({ reasons }) => reasons)).toEqual([[{ kind: 'for-ever' }]]);
  });
});

it('what nobody released is not decided about: signatures, SBOMs, and what somebody else has put there', () => {
  expect(plan([image('signature'), image('stranger')], [])).toEqual({});
});

it('a release that is no longer in the registry is not decided about', () => {
  expect(plan([], [release('gone', 500)])).toEqual({});
});

it.each<[KeepReason, string]>([
  [{ kind: 'tag', tag: 'latest' }, 'the tag latest names it'],
  [{ kind: 'deployed', target: 'demo/deploy, production' }, 'demo/deploy, production names it'],
  [{ kind: 'recent', at: daysAgo(1) }, 'it was released on 2026-11-28'],
])('says in words why it stays: %o', (reason, words) => {
  expect(describeReason(reason)).toBe(words);
});
