import { describe, expect, it } from 'vitest';
import { describeHeldBuild, endOfHold, holdOf, indexHoldTrigger } from '../../../core/holds/hold.ts';
import { sampleProject } from '../sample-project.ts';

const placed = { id: 'hold:1', by: 'alice', at: '2026-11-20T00:00:00Z' };
const now = new Date('2026-11-21T23:59:00Z');

describe('the hold in force', () => {
  it.each([
    ['none', {}, undefined],
    ['of a command', { held: placed }, 'alice'],
    ['of the index', { hold: {} }, 'the index'],
    ['of a command, before that of the index', { held: placed, hold: {} }, 'alice'],
    ['on its last day', { held: { ...placed, until: '2026-11-21' } }, 'alice'],
    ['after its last day', { held: { ...placed, until: '2026-11-20' } }, undefined],
    [
      'of the index, if that of a command has passed',
      { held: { ...placed, until: '2026-11-20' }, hold: {} },
      'the index',
    ],
    ['of the index after its last day', { hold: { until: '2026-11-20' } }, undefined],
  ])('%s', (_, project, by) => {
    expect(holdOf(project, now)?.by).toBe(by);
  });

  it('ends on the day after its last one', () => {
    expect([endOfHold({ until: '2026-11-30' }), endOfHold({})]).toEqual(['2026-12-01', undefined]);
  });

  it('tells people who, until when and why', () => {
    const hold = { by: 'alice', until: '2026-12-01', reason: 'the new base breaks logins.\nSorry' };
    expect(describeHeldBuild(hold)).toBe(
      'Held, would release. Releases are held by alice until 2026-12-01: the new base breaks logins. Sorry.',
    );
  });
});

describe("an entry's key hold", () => {
  const head = { revision: 7, commit: 'abcdef0123456789' };
  const [free, held] = [sampleProject('demo/app:latest'), sampleProject('demo/app:latest', { hold: { reason: 'x' } })];

  it.each([
    ['calls for a hold when it comes', free, held, 'hold'],
    ['calls for a hold with a new entry', undefined, held, 'hold'],
    ['calls for a hold when its date changes', held, { ...held, hold: { reason: 'x', until: '2026-12-01' } }, 'hold'],
    ['calls for its end when it goes', held, free, 'unhold'],
    ['calls for nothing when it stays', held, held, undefined],
    ['calls for nothing when it was never there', undefined, free, undefined],
  ])('%s', (_, before, after, type) => {
    expect(indexHoldTrigger(before, after, head)?.type).toBe(type);
  });
});
