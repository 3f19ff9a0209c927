import { describe, expect, it } from 'vitest';
import {
  afterBuild,
  endWithoutBuild,
  isServedByFirstPush,
  missingParent,
  waitCycle,
} from '../../../core/cascade/next-step.ts';
import type { BuildStatus, Cause } from '../../../core/model/build.ts';

const since = '2026-11-21T12:00:00.000Z';
const newer = { id: 'n', createdAt: '2026-11-21T12:00:01.000Z' };
const older = { id: 'o', createdAt: '2026-11-21T11:59:59.000Z' };

describe('a round whose build', () => {
  it.each([
    ['runs waits', 'building', undefined, { do: 'wait' }],
    ['is released ends so', 'released', undefined, { do: 'end', end: { outcome: 'released', build: 'b' } }],
    ['failed ends so', 'failed', undefined, { do: 'end', end: { outcome: 'failed', build: 'b' } }],
    ['was superseded by a newer one follows it', 'superseded', newer, { do: 'follow', build: newer }],
    ['was superseded by one that began before the round builds again', 'superseded', older, { do: 'retry' }],
    ['was superseded by one that is not recorded builds again', 'superseded', undefined, { do: 'retry' }],
  ] as [string, BuildStatus, typeof newer | undefined, object][])('%s', (_, status, successor, after) => {
    expect(afterBuild({ since }, { id: 'b', status }, successor)).toEqual(after);
  });
});

describe('the first push of an entry', () => {
  const index = (change: 'added' | 'changed'): Cause => ({ type: 'index', commit: 'c', change });
  it.each([
    ['serves a new entry without parents', index('added'), {}, true],
    ['does not serve a new entry that waits for a parent', index('added'), { parent: ['e'] }, false],
    ['does not serve a changed entry', index('changed'), {}, false],
    ['does not serve another cause', { type: 'manual', requester: 'r' }, {}, false],
  ] as [string, Cause, Record<string, string[]>, boolean][])('%s', (_, cause, parents, isServed) => {
    expect(isServedByFirstPush(cause, { parents })).toBe(isServed);
  });
});

it.each([
  ['never released, is skipped', undefined, undefined, 'skipped', /no branch main/],
  ['released before, needs no build', { build: 'b' }, undefined, 'not-needed', /no branch main/],
  ['whose host did not answer, says so', undefined, 'The host answered 503.', 'skipped', /answered 503/],
] as const)('a project that cannot be built: %s', (_, released, error, outcome, reason) => {
  const end = endWithoutBuild({ gitBranch: 'main', released }, error);
  expect(end).toEqual({ outcome, reason: expect.stringMatching(reason) });
});

it.each([
  ['all are released', [{ name: 'a', active: true, released: {} }], undefined],
  [
    'one was never released',
    [
      { name: 'a', active: true, released: {} },
      { name: 'b', active: true },
    ],
    'b',
  ],
  ['one that was never released has left the index', [{ name: 'a', active: false }], undefined],
])('the parent that is missing where %s', (_, parents, missing) => {
  expect(missingParent(parents)).toBe(missing);
});

describe('projects that wait for one another', () => {
  it.each([
    ['two', { b: 'a' }, true],
    ['three', { b: 'c', c: 'a' }, true],
    ['a chain that ends', { b: 'c', c: undefined }, false],
    ['a cycle without the project', { b: 'c', c: 'b' }, false],
  ])('%s', (_, waits, isCycle) => {
    const parents = new Map<string, string | undefined>(Object.entries(waits));
    const known = new Map<string, string | undefined>();
    const decide = () => waitCycle('a', 'b', known);
    let found = decide();
    for (; found.do === 'read'; found = decide()) known.set(found.project, parents.get(found.project));
    expect(found.isCycle).toBe(isCycle);
  });

  it('are read only as far as the chain goes', () => {
    expect(waitCycle('a', 'b', new Map())).toEqual({ do: 'read', project: 'b' });
    expect(waitCycle('a', 'b', new Map([['b', 'c']]))).toEqual({ do: 'read', project: 'c' });
  });
});
