import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CascadeMember } from '../../../core/cascade/member.ts';
import { notified, receive, settle } from '../../../core/cascade/rebuild-state.ts';
import type { Cause } from '../../../core/model/build.ts';
import { setUpServices, type TestServices } from '../../functions/services-setup.ts';

let world: TestServices;
beforeAll(async () => {
  world = await setUpServices();
});
afterAll(() => world[Symbol.asyncDispose]());

const cause: Cause = { type: 'parent-released', parents: ['demo/base:latest'] };
const member = (project: string, over: Partial<CascadeMember> = {}): CascadeMember => ({
  project,
  state: 'waiting',
  parents: [],
  root: false,
  since: '2026-11-21T00:00:00.000Z',
  version: 1,
  ...over,
});

it('cascades are listed, newest first, and page by page', async () => {
  for (const [id, at] of [
    ['old', '2026-09-01T00:00:00.000Z'],
    ['newer', '2026-11-20T00:00:00.000Z'],
    ['newest', '2026-11-21T00:00:00.000Z'],
  ] as const) {
    await world.cascades.recordEvent(id, { id: `${id} event`, cause, at });
    await world.cascades.addMembers(id, [member('demo/a:1')]);
  }
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await world.cascades.list({ limit: 1, cursor });
    ids.push(...page.items.map(({ id }) => id));
    cursor = page.cursor;
  } while (cursor);
  expect(ids).toEqual(['newest', 'newer', 'old']);
});

it('it says what set it off, the states of its members, and when it was over', async () => {
  const at = '2026-11-21T00:00:00.000Z';
  await world.cascades.recordEvent('one', { id: 'first', cause, at });
  await world.cascades.recordEvent('one', { id: 'second', cause, at: '2026-11-21T00:01:00.000Z' });
  await world.cascades.recordEvent('one', { id: 'first', cause, at: '2026-11-21T00:02:00.000Z' });
  const names = Array.from({ length: 60 }, (_, count) => `demo/m${String(count).padStart(2, '0')}:1`);
  await world.cascades.addMembers(
    'one',
    names.map((name) => member(name)),
  );
  await world.cascades.putMember('one', member('demo/m00:1', { state: 'building', version: 2, build: 'b' }));
  expect(await world.cascades.summary('one')).toMatchObject({
    id: 'one',
    startedAt: at,
    causes: [
      { event: 'first', cause, at },
      { event: 'second', cause, at: '2026-11-21T00:01:00.000Z' },
    ],
    counts: { waiting: 59, building: 1 },
    levels: [{ waiting: 59, building: 1 }],
    first: [{ state: 'building' }],
  });
  const first = await world.cascades.members('one', { limit: 50 });
  const second = await world.cascades.members('one', { limit: 50, cursor: first.cursor });
  expect([...first.items, ...second.items].map(({ project }) => project)).toEqual(names);
  expect(second.cursor).toBeUndefined();

  const ended = '2026-11-21T01:00:00.000Z';
  for (const name of names)
    await world.cascades.putMember('one', member(name, { state: 'released', version: 3, since: ended }));
  // Somebody slow does not take it back.
  await world.cascades.putMember('one', member('demo/m00:1', { state: 'building', version: 2 }));
  expect(await world.cascades.summary('one')).toMatchObject({ counts: { released: 60 }, endedAt: ended });
});

it('what is kept beside the cascades is none', async () => {
  await world.cascades.answerWith('n', 'c');
  await world.rebuilds.change('demo/a:1', (state) =>
    receive(state, { id: 'n', cascade: 'c', at: new Date().toISOString(), parents: [], cause }),
  );
  expect(await world.cascades.summary('event n')).toBeUndefined();
  expect(await world.cascades.summary('project demo/a:1')).toBeUndefined();
  expect(await world.cascades.summary('nothing')).toBeUndefined();
});

it('the first to say which cascade answers an event is right for ever', async () => {
  const answers = await Promise.all(['a', 'b', 'c'].map((cascade) => world.cascades.answerWith('the event', cascade)));
  expect(new Set(answers).size).toBe(1);
  expect(await world.cascades.answerTo('the event')).toBe(answers[0]);
});

it('of many who change the state of a project none undoes what another did', async () => {
  const project = 'demo/busy:1';
  const at = new Date().toISOString();
  await Promise.all(
    Array.from({ length: 15 }, (_, count) =>
      world.rebuilds.change(project, (state) =>
        receive(state, { id: `n${count}`, cascade: 'c', at, parents: [], cause }),
      ),
    ),
  );
  const state = await world.rebuilds.get(project);
  expect(Object.keys(state.received)).toHaveLength(15);
  expect(Object.keys(state.pending?.causes ?? {})).toHaveLength(15);
  expect(state.round).toBe(1);
  expect(state.version).toBe(15);
});

it('projects that are stalled are found, and those at rest are not', async () => {
  const at = '2026-11-20T00:00:00.000Z';
  const names = Array.from({ length: 20 }, (_, count) => `rest/p${count}:1`);
  for (const name of names) {
    await world.rebuilds.change(name, (state) => receive(state, { id: 'n', cascade: 'c', at, parents: [], cause }));
  }
  await world.rebuilds.change(names[0] ?? '', (state) => notified(settle(state, { outcome: 'unchanged' }, at), 1));
  const found: string[] = [];
  for await (const name of world.rebuilds.stalledSince('2026-11-20T12:00:00.000Z')) {
    if (name.startsWith('rest/')) found.push(name);
  }
  expect(found.sort()).toEqual(names.slice(1).sort());
});
