import { describe, expect, it } from 'vitest';
import {
  begin,
  decide,
  follow,
  idleRebuild,
  notified,
  type Outcome,
  orderOf,
  type ProjectEvent,
  type Rebuild,
  receive,
  retry,
  settle,
} from '../../../core/cascade/rebuild-state.ts';
import type { Cause } from '../../../core/model/build.ts';

const at = '2026-11-21T00:00:00.000Z';
const later = '2026-11-21T00:10:00.000Z';
const now = new Date(later);
const released = (...parents: string[]): Cause => ({ type: 'parent-released', parents });
const index: Cause = { type: 'index', commit: 'a'.repeat(40), change: 'changed' };
const news = (id: string, over: Partial<ProjectEvent> = {}): ProjectEvent => ({
  id,
  cascade: 'c',
  at,
  parents: [],
  ...over,
});

/** A project that heard of the news and came to its end, once for each outcome. */
function through(project: string, rounds: [string, Outcome][]): Rebuild {
  return rounds.reduce(
    (state, [id, outcome]) => settle(receive(state, news(id)), { outcome }, at),
    idleRebuild(project),
  );
}

/** What a project does that heard the news and waits for these parents. */
function next(parents: Rebuild[], over: Partial<ProjectEvent> = {}, ids = ['n']) {
  const received = ids.reduce(
    (state, id) => receive(state, news(id, { parents: parents.map(({ project }) => project), ...over })),
    idleRebuild('child'),
  );
  if (!received.pending) throw new Error('It waits for nothing.');
  return decide(received.pending, (name) => parents.find(({ project }) => project === name), now);
}

describe('a project that waits', () => {
  it('waits for a parent that has not received the event yet', () => {
    expect(next([idleRebuild('p')])).toEqual({ do: 'wait', for: 'p' });
  });

  it('waits for a parent that waits or is built', () => {
    const waiting = receive(idleRebuild('p'), news('n'));
    expect(next([waiting])).toEqual({ do: 'wait', for: 'p' });
    expect(next([begin(waiting, 'b', released(), at)])).toEqual({ do: 'wait', for: 'p' });
  });

  it.each([
    ['released', { do: 'start', cause: released('p'), noCache: false }],
    ['unchanged', { do: 'nothing' }],
    ['not-needed', { do: 'nothing' }],
    ['failed', { do: 'skip', reason: 'Not built, because its parent p failed.' }],
    ['blocked', { do: 'skip', reason: 'Not built, because its parent p was blocked.' }],
    ['cancelled', { do: 'skip', reason: 'Not built, because its parent p was cancelled.' }],
    ['skipped', { do: 'skip', reason: 'Not built, because its parent p was not built.' }],
  ] as const)('whose parent ended as %s', (outcome, decision) => {
    expect(next([through('p', [['n', outcome]])])).toEqual(decision);
  });

  it('is built for its own sake although nothing was released anew', () => {
    const decision = next([through('p', [['n', 'unchanged']])], { cause: index, noCache: true });
    expect(decision).toEqual({ do: 'start', cause: index, noCache: true });
  });

  it('is left out if one of its parents failed, whatever the others did', () => {
    const parents = [through('p', [['n', 'released']]), through('q', [['n', 'failed']])];
    expect(next(parents, { cause: index }).do).toBe('skip');
  });

  it('waits for the one parent that is not through, although another failed', () => {
    const parents = [through('p', [['n', 'failed']]), receive(idleRebuild('q'), news('n'))];
    expect(next(parents)).toEqual({ do: 'wait', for: 'q' });
  });

  it('does not forget a release over a later round of the parent that changed nothing', () => {
    const parent = through('p', [
      ['n', 'released'],
      ['m', 'unchanged'],
    ]);
    expect(next([parent], {}, ['n', 'm'])).toMatchObject({ do: 'start', cause: released('p') });
  });

  it('does not take a release from before the event for its result', () => {
    const parent = through('p', [
      ['old', 'released'],
      ['n', 'unchanged'],
    ]);
    expect(next([parent])).toEqual({ do: 'nothing' });
  });

  it('waits no longer for a parent that will never receive the event', () => {
    const waiting = receive(idleRebuild('child'), news('n', { parents: ['p'], cause: index }));
    const muchLater = new Date(Date.parse(at) + 3 * 3_600_000);
    if (!waiting.pending) throw new Error('It waits for nothing.');
    expect(decide(waiting.pending, () => undefined, muchLater).do).toBe('start');
  });
});

describe('an event', () => {
  const waiting = receive(idleRebuild('p'), news('n', { cause: released('x') }));
  const building = begin(waiting, 'b', released('x'), at);

  it('that is received twice counts once', () => {
    expect(receive(waiting, news('n'))).toBe(waiting);
    expect(receive(building, news('n', { cause: released('x') }))).toBe(building);
    const ended = settle(building, { outcome: 'released', build: 'b' }, at);
    expect(receive(ended, news('n'))).toBe(ended);
  });

  it('that turns out to concern the project itself counts again', () => {
    const through = settle(receive(idleRebuild('p'), news('n')), { outcome: 'not-needed' }, at);
    expect(receive(through, news('n', { cause: index })).pending?.state).toBe('waiting');
  });

  it('joins what waits, in the same round', () => {
    const both = receive(waiting, news('m', { cause: released('y'), parents: ['z'], cascade: 'other' }));
    expect(both.pending).toMatchObject({ round: 1, cascade: 'c', parents: { z: ['m'] } });
    const z = through('z', [['m', 'released']]);
    expect(both.pending && decide(both.pending, () => z, now)).toMatchObject({ cause: released('x', 'y', 'z') });
  });

  it('during a build is answered by a further round, once however much comes', () => {
    const more = receive(receive(building, news('m', { cause: released('y') })), news('o', { parents: ['z'] }));
    expect(more.pending).toMatchObject({ state: 'building', round: 1, build: 'b' });
    const ended = settle(more, { outcome: 'released', build: 'b' }, later);
    expect(ended).toMatchObject({ toNotify: 1, releasedRound: 1, last: { round: 1, outcome: 'released' } });
    expect(ended.pending).toMatchObject({ state: 'waiting', round: 2, parents: { z: ['o'] } });
    expect(ended.pending?.build).toBeUndefined();
    expect(ended.received).toMatchObject({ n: { round: 1 }, m: { round: 2 }, o: { round: 2 } });
  });

  it('of a changed entry does not wait for the build of what the entry was', () => {
    const changed = receive(building, news('m', { cause: index }));
    expect(changed.pending).toMatchObject({ state: 'waiting', round: 2 });
    expect(changed.pending && orderOf(changed.pending)).not.toBe(building.pending && orderOf(building.pending));
  });

  it('of weeks ago is forgotten', () => {
    const ended = settle(building, { outcome: 'released', build: 'b' }, at);
    const weeksLater = receive(ended, news('m', { at: '2026-12-21T00:00:00.000Z' }));
    expect(Object.keys(weeksLater.received)).toEqual(['m']);
  });
});

describe('a build of a round', () => {
  const building = begin(receive(idleRebuild('p'), news('n', { cause: released('x') })), 'b', released('x'), at);

  it('that another build superseded is followed by that one', () => {
    expect(follow(building, 'c').pending?.build).toBe('c');
  });

  it('that is gone without a successor is ordered under another name', () => {
    const again = retry(building, later);
    expect(again.pending).toMatchObject({ state: 'waiting', round: 1, attempt: 1, causes: { n: released('x') } });
    expect(again.pending && orderOf(again.pending)).not.toBe(building.pending && orderOf(building.pending));
  });

  it('that is gone without a successor takes with it what came meanwhile', () => {
    const again = retry(receive(building, news('m', { cause: released('y') })), later);
    expect(again.pending).toMatchObject({ round: 2, causes: { n: released('x'), m: released('y') } });
    expect(again.pending?.again).toBeUndefined();
  });

  it('leaves the project at rest when its children know of the end', () => {
    const ended = notified(settle(building, { outcome: 'failed', build: 'b' }, later), 1);
    expect(ended.pending).toBeUndefined();
    expect(ended.toNotify).toBeUndefined();
  });
});
