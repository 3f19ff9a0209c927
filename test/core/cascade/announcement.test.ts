import { describe, expect, it } from 'vitest';
import {
  cascadeOf,
  childrenFirst,
  concernedBy,
  dependentsAfter,
  isWaitingFor,
  wasSkipped,
} from '../../../core/cascade/announcement.ts';
import { begin, idleRebuild, type Rebuild, receive, settle } from '../../../core/cascade/rebuild-state.ts';
import type { Build } from '../../../core/model/build.ts';

const at = '2026-11-21T12:00:00.000Z';
const push = { type: 'push', delivery: 'd', ref: 'refs/heads/main', commit: 'c', pusher: 'p' } as const;
const pullRequest = { type: 'pull-request', delivery: 'd', number: 1, commit: 'c', author: 'a' } as const;

it.each([
  ['released', 'refs/heads/main', push, 'of-release'],
  ['released', 'refs/tags/v1', push, 'of-release'],
  ['unchanged', 'refs/heads/main', push, 'skipped'],
  ['unchanged', 'refs/tags/v1', push, 'none'],
  ['unchanged', 'refs/heads/main', pullRequest, 'none'],
  ['failed', 'refs/heads/main', push, 'none'],
  ['blocked', 'refs/heads/main', push, 'none'],
] as const)('a build that ended as %s, of %s, concerns dependents', (status, ref, cause, concerned) => {
  expect(concernedBy({ status, ref, cause } satisfies Pick<Build, 'status' | 'ref' | 'cause'>)).toBe(concerned);
});

const waiting = receive(idleRebuild('child'), { id: 'e', cascade: 'c', at, parents: ['parent'] });
const building = begin(waiting, 'b', push, at);
const skipped = settle(waiting, { outcome: 'skipped' }, at);

describe('a dependent', () => {
  it.each<[string, Rebuild, string, boolean]>([
    ['that waits for the project', waiting, 'parent', true],
    ['that waits for another', waiting, 'other', false],
    ['that is being built', building, 'parent', false],
    ['that has nothing to do', idleRebuild('child'), 'parent', false],
  ])('%s: whether it goes on anyway', (_, state, parent, isWaiting) => {
    expect(isWaitingFor(state, parent)).toBe(isWaiting);
  });

  it.each<[string, Rebuild, boolean]>([
    ['that was skipped', skipped, true],
    ['that was skipped and waits again', receive(skipped, { id: 'f', cascade: 'c', at, parents: ['parent'] }), false],
    ['that failed', settle(waiting, { outcome: 'failed' }, at), false],
    ['that was never in a cascade', idleRebuild('child'), false],
  ])('%s: whether an unchanged build is its chance', (_, state, isSkipped) => {
    expect(wasSkipped(state)).toBe(isSkipped);
  });

  it('comes after the project, unless it came before in a cycle', () => {
    const children: Record<string, string[]> = { b: ['a', 'c'], a: ['b'], c: [] };
    expect(dependentsAfter('b', (name) => children[name] ?? [])).toEqual(new Set(['c']));
  });
});

describe('the cascade of an event', () => {
  const now = new Date(at);
  const cancelled = new Set(['stopped']);
  const inCascade = (cascade: string) => receive(idleRebuild('p'), { id: 'e', cascade, at, parents: [] });
  it.each<[string, string | undefined, Rebuild[], string | RegExp]>([
    ['is the oldest one that a member is in', 'joined', [inCascade('b'), inCascade('a'), idleRebuild('q')], /^a$/],
    ['is the one that the event joins', 'joined', [idleRebuild('q')], /^joined$/],
    ['is none that was cancelled before', undefined, [inCascade('stopped'), inCascade('waits')], /^waits$/],
    ['is the cancelled one whose own build released it', 'stopped', [inCascade('a')], /^stopped$/],
    ['is a new one, with its time', undefined, [], /^20261121T120000Z-[0-9a-f]{6}$/],
  ])('%s', (_, joins, states, cascade) => {
    expect(cascadeOf({ id: 'event', joins }, states, { cancelled, now })).toMatch(cascade);
  });

  it('is the same for the same event', () => {
    const nameOf = (id: string) => cascadeOf({ id }, [], { cancelled, now });
    expect(nameOf('event')).toBe(nameOf('event'));
    expect(nameOf('event')).not.toBe(nameOf('other'));
  });
});

it('members come in batches, children before their parents', () => {
  const member = (project: string, level: number) => ({ project, level, parents: [] });
  const batches = childrenFirst([member('a', 0), member('b', 1), member('c', 1), member('d', 1)], 2);
  expect(batches.map((batch) => batch.map(({ project }) => project))).toEqual([['b', 'c'], ['d'], ['a']]);
});
