import { expect, test } from 'vitest';
import { type Call, deliverableSchema } from '../../../core/targets/deliverable.ts';
import { requested, type TargetState } from '../../../core/targets/target-state.ts';

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
  ['manifest', 'delivered', 'promotion', 2, false],
  ['manifest', 'failed', 'promotion', 2, true],
  ['manifest', 'failed', 'release', 2, false],
  ['manifest', 'waiting', 'promotion', 2, true],
  // What runs on a service may have been changed by hand.
  ['service', 'delivered', 'promotion', 2, true],
  ['service', 'delivered', 'release', 2, false],
  ['service', 'rolling', 'promotion', 2, false],
])('a %s that is %s, and a %s of release %i: it is to be done: %s', (kind, state, type, number, isChanged) => {
  const key = { project: 'demo/app:latest', target: 'live', kind };
  const since = '2026-11-02T00:00:00.000Z';
  const known: TargetState = {
    ...{ ...key, state, since, attempts: 1, delivered: [], revision: 4 },
    wanted: { ...release(2), call: { type: 'release' } },
  };
  const next = requested(known, key, release(number), { call: { type }, now });
  expect(next !== undefined).toBe(isChanged);
  if (next) expect(next).toMatchObject({ state: 'pending', revision: 5, wanted: { build: `build${number}` } });
});
