import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { releaseOf } from '../../functions/targets/delivery-setup.ts';
import { type FakeHost, startHost } from '../../services/http.ts';
import { slipway } from '../slipway.ts';
import { type Stack, startStack } from '../stack.ts';

let stack: Stack;
let site: FakeHost;
/** What the call is answered with, and the reading call as it goes on. */
let answer: { status: number; content: object };
let shown: ReturnType<typeof targetOf>[];
let requests: unknown[];

const targetOf = (state: string, over: object = {}) => ({
  name: 'production',
  kind: 'manifest',
  state,
  wanted: releaseOf(1),
  error: null,
  nextAttemptAt: null,
  pullRequest: null,
  delivered: [],
  ...over,
});

beforeEach(async () => {
  [answer, shown, requests] = [{ status: 202, content: targetOf('delivered') }, [], []];
  site = await startHost(({ path, body }, response) => {
    const send = (content: object, status = 200) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(content));
    if (path === '/api/v1/projects/demo/app/latest/promotions') {
      requests.push(JSON.parse(body));
      return send(answer.content, answer.status);
    }
    const project = { name: 'demo/app:latest', desiredTag: 'latest', active: true, released: null, hold: null };
    if (path.startsWith('/api/signed/v1/projects/demo/app?')) return send({ items: [project], cursor: null });
    const now = shown.length > 1 ? shown.shift() : shown[0];
    return send({ targets: [now] });
  });
  stack = await startStack(site.url);
});
afterEach(async () => {
  await stack[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
});

describe('slipway promote', () => {
  it('says which commit the target has', async () => {
    const commitUrl = 'https://git.example/ops/live/commit/1';
    const delivered = [{ ...releaseOf(1), deliveredAt: '2026-11-01T00:00:01.000Z', commitUrl }];
    answer.content = targetOf('delivered', { delivered });
    const { code, out } = await slipway(['promote', 'demo/app', '--to', 'production', '--release', '1.0.0']);
    expect([code, out]).toEqual([0, `production has build-1.\n${commitUrl}\n`]);
    expect(requests).toEqual([{ to: 'production', release: '1.0.0' }]);
  });

  it('is done where a pull request is open', async () => {
    answer.content = targetOf('proposed', { pullRequest: 'https://git.example/ops/live/pull/7' });
    const { code, out } = await slipway(['promote', 'demo/app', '--to', 'production']);
    expect(code).toBe(0);
    expect(out).toBe('production gets build-1 when its pull request is merged.\nhttps://git.example/ops/live/pull/7\n');
  });

  it('waits for what takes minutes, and fails with its reason', async () => {
    answer.content = targetOf('pending', { kind: 'service' });
    shown = [targetOf('rolling'), targetOf('failed', { error: 'The container ended.' })];
    const { code, out, err } = await slipway(['deploy', 'demo/app', '--to', 'production']);
    expect(code).toBe(1);
    expect(err).toContain('production gets build-1 now');
    expect(out).toContain('The container ended.');
  });

  it('does not wait for the next attempt', async () => {
    answer.content = targetOf('pending');
    shown = [targetOf('pending', { error: 'The host is down.' })];
    const { code, out } = await slipway(['promote', 'demo/app', '--to', 'production']);
    expect([code, out]).toEqual([1, 'production did not get build-1, and it is tried again: The host is down.\n']);
  });

  it('says what is refused', async () => {
    const detail = 'demo/app:latest has no target nowhere. The targets of its entry are: production.';
    answer = { status: 409, content: { detail } };
    const { code, err } = await slipway(['promote', 'demo/app', '--to', 'nowhere']);
    expect([code, err]).toEqual([1, `slipway: ${detail}\n`]);
  });
});
