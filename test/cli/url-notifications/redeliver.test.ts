import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ApiNotification } from '../../../core/api/notifications.ts';
import { type FakeHost, startHost } from '../../services/http.ts';
import { slipway } from '../slipway.ts';
import { type Stack, startStack } from '../stack.ts';

let stack: Stack;
let site: FakeHost;
let listed: ApiNotification[];
/** What the call is answered with, by the id. */
let answers: Record<string, { status: number; content: object }>;

const notificationOf = (id: string, over: Partial<ApiNotification> = {}): ApiNotification => ({
  id,
  state: 'failed',
  failures: 1,
  event: 'released',
  at: '2026-11-29T11:00:00.000Z',
  to: 'ci.example.org',
  build: null,
  error: 'It answered 410.',
  nextAttemptAt: null,
  endedAt: '2026-11-29T11:00:01.000Z',
  ...over,
});
const delivered = (id: string) => ({
  status: 202,
  content: notificationOf(id, { state: 'delivered', error: null }),
});

beforeEach(async () => {
  [listed, answers] = [[], {}];
  site = await startHost(({ path, body }, response) => {
    const send = (content: object, status = 200) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(content));
    if (path === '/api/v1/projects/demo/app/latest/redeliveries') {
      const { status, content } = answers[JSON.parse(body).notification] ?? { status: 500, content: {} };
      return send(content, status);
    }
    if (path.includes('/notifications?')) return send({ items: listed, cursor: null });
    const project = { name: 'demo/app:latest', desiredTag: 'latest', active: true, released: null, hold: null };
    return send({ items: [project], cursor: null });
  });
  stack = await startStack(site.url);
});
afterEach(async () => {
  await stack[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
});

it('posts again what was given up, the oldest first', async () => {
  listed = [notificationOf('3'), notificationOf('2', { state: 'delivered' }), notificationOf('1')];
  answers = { 1: delivered('1'), 3: delivered('3') };
  const { code, out } = await slipway(['redeliver', 'demo/app', '--json']);
  expect(code).toBe(0);
  expect((JSON.parse(out) as { id: string }[]).map(({ id }) => id)).toEqual(['1', '3']);
});

it('says what an address answered, and goes on after one that is refused', async () => {
  listed = [notificationOf('2'), notificationOf('1')];
  const problem = {
    type: 'https://slipway.example.org/#NotRedelivered',
    title: 'Not redelivered',
    status: 409,
    detail: 'The entry of demo/app:latest no longer names ci.example.org.',
    instance: '/',
    code: 'NotRedelivered',
  };
  answers = { 1: { status: 409, content: problem }, 2: { status: 202, content: notificationOf('2') } };
  const { code, out } = await slipway(['redeliver', 'demo/app']);
  expect([code, out]).toEqual([
    1,
    `1: not posted. ${problem.detail}\nreleased of 2026-11-29T11:00:00.000Z to ci.example.org: given up again. It answered 410.\n`,
  ]);
});

it('posts one that is named, even if it was delivered', async () => {
  answers = { 2: delivered('2') };
  const { code, out } = await slipway(['redeliver', 'demo/app', '--notification', '2']);
  expect([code, out]).toEqual([0, 'released of 2026-11-29T11:00:00.000Z to ci.example.org: delivered\n']);
});

it('says so if nothing was given up', async () => {
  const { code, out } = await slipway(['redeliver', 'demo/app']);
  expect([code, out]).toEqual([0, 'Nothing was given up during the last 30 days.\n']);
});
