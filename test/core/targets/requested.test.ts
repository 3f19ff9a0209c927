import { expect, test } from 'vitest';
import { type Call, deliverableSchema } from '../../../core/targets/deliverable.ts';
import { attempted, requested, type TargetState } from '../../../core/targets/target-state.ts';

const now = new Date('2026-11-05T00:00:00Z');
const release = (number: number) =>
  deliverableSchema.parse({
    build: `build${number}`,
    repository: 'registry.example.org/demo/app',
    digest: `sha256:${number}`,
    tag: `build-${number}`,
    tags: [],
    ref: 'refs/heads/main',
    commit: 'c',
    sourceUrl: 'https://git.example/demo/app.git',
    releasedAt: `2026-11-0${number}T00:00:00.000Z`,
    why: 'a push',
  });

/** A target that is to have release 2, and another call for a release. */
test.each<[TargetState['kind'], TargetState['state'], Call['type'], number, boolean]>([
  ['manifest', 'delivered', 'release', 3, true],
  ['manifest', 'delivered', 'release', 1, false],
  ['manifest', 'delivered', 'promotion', 1, true],
  ['manifest', 'delivered', 'rollback', 1, true],
  // What a target has may have been changed by hand.
  ['manifest', 'delivered', 'promotion', 2, true],
  ['registry', 'delivered', 'promotion', 2, true],
  ['manifest', 'failed', 'promotion', 2, true],
  ['manifest', 'failed', 'release', 2, false],
  ['manifest', 'waiting', 'promotion', 2, true],
  ['manifest', 'pending', 'promotion', 2, false],
  // Its pull request may be merged.
  ['manifest', 'proposed', 'promotion', 2, true],
  ['manifest', 'proposed', 'release', 2, false],
  ['service', 'delivered', 'promotion', 2, true],
  ['service', 'delivered', 'release', 2, false],
  ['service', 'rolling', 'promotion', 2, false],
])('a %s that is %s, and a %s of release %i: it is to be done: %s', (kind, state, type, number, isChanged) => {
  const key = { project: 'demo/app:latest', target: 'live', kind };
  const since = '2026-11-02T00:00:00.000Z';
  const known: TargetState = {
    ...key,
    state,
    since,
    attempts: 1,
    delivered: [],
    revision: 4,
    wanted: { ...release(2), call: { type: 'release' } },
  };
  const next = requested(known, key, release(number), { call: { type }, now });
  expect(next !== undefined).toBe(isChanged);
  if (next) expect(next).toMatchObject({ state: 'pending', revision: 5, wanted: { build: `build${number}` } });
});

test('a promotion of what failed a moment ago is tried now, and what fails by itself waits for its time', () => {
  const key = { project: 'demo/app:latest', target: 'live', kind: 'registry' } as const;
  const call = { type: 'release' } as const;
  const pending = requested(undefined, key, release(2), { call, now });
  const failed = pending && attempted(pending, { kind: 'failed', error: 'The host is down' }, now, 0.5);
  expect(failed?.dueAt).not.toBe(now.toISOString());
  expect(requested(failed, key, release(2), { call, now })).toBeUndefined();
  expect(requested(failed, key, release(2), { call: { type: 'promotion' }, now })).toMatchObject({
    state: 'pending',
    dueAt: now.toISOString(),
  });
});

test('a target that gets again what it has keeps one line of it, and the commit that wrote it', () => {
  const key = { project: 'demo/app:latest', target: 'live', kind: 'manifest' } as const;
  const get = (known: TargetState | undefined, number: number, commitUrl?: string) => {
    const next = requested(known, key, release(number), { call: { type: 'promotion' }, now });
    return next && attempted(next, { kind: 'delivered', commitUrl }, now, 0.5);
  };
  const twice = get(get(get(undefined, 1, 'first'), 2, 'second'), 2);
  expect(twice?.delivered.map(({ build, commitUrl }) => [build, commitUrl])).toEqual([
    ['build2', 'second'],
    ['build1', 'first'],
  ]);
});
