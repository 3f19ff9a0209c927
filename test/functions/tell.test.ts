import PostalMime from 'postal-mime';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { RecordConflictError } from '../../core/model/errors.ts';
import { atEveryCrashPoint, Crash, createCrashPoints } from './crash-points.ts';
import { commit } from './services-setup.ts';
import { id, setUpTell } from './tell-setup.ts';

afterEach(() => {
  vi.useRealTimers();
});

/** Time passes, and a holder that crashed during a mail no longer holds it. */
function later(minutes: number): void {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + minutes * 60_000 });
}

describe('the end of a build', () => {
  it.each([
    ['released', '[slipway] RELEASED: demo/app:latest (main aaaaaaa)', 'docker pull registry.example/demo/app:latest'],
    ['blocked', '[slipway] BLOCKED: demo/app:latest (main aaaaaaa)', 'blocked'],
    ['failed', '[slipway] FAILED: demo/app:latest (main aaaaaaa)', 'the last line'],
  ] as const)('%s is notified with a mail, at the commit, and in the figures', async (status, subject, words) => {
    await using world = await setUpTell();
    await world.end(status);
    await world.tell(id);
    expect(world.ses.sent).toMatchObject([{ to: ['owner@example.org'] }]);
    const mail = await PostalMime.parse(world.ses.sent[0]?.raw ?? '');
    expect(mail.subject).toBe(subject);
    expect(mail.text).toContain(words);
    expect(mail.text).toContain(`https://slipway.example/builds/${id}`);
    expect(world.marks).toEqual([{ commit, status }]);
    expect(world.counted).toEqual([status]);
    expect(await world.builds.require(id)).toMatchObject({
      notifiedAt: expect.any(String),
      stages: { tell: { status: 'succeeded' } },
    });
  });

  it.each(['released', 'unchanged'] as const)('%s after a failure is told as fixed', async (status) => {
    await using world = await setUpTell();
    await world.end('failed', '00000000000000cc', { sequence: 1 });
    await world.end(status, id, { sequence: 2 });
    await world.tell(id);
    const mail = await PostalMime.parse(world.ses.sent[0]?.raw ?? '');
    expect(mail.subject).toBe('[slipway] FIXED: demo/app:latest (main aaaaaaa)');
  });

  it.each(['superseded', 'unchanged', 'cancelled'] as const)(
    '%s is a mark at the commit, without a mail',
    async (status) => {
      await using world = await setUpTell();
      await world.end(status);
      await world.tell(id);
      expect(world.ses.sent).toEqual([]);
      expect(world.marks).toEqual([{ commit, status }]);
      expect(world.counted).toEqual([status]);
    },
  );

  it('is an event on the bus, if an image was released or blocked', async () => {
    await using world = await setUpTell();
    await world.end('released');
    await world.end('blocked', '00000000000000bb');
    await world.end('superseded', '00000000000000cc');
    for (const build of [id, '00000000000000bb', '00000000000000cc']) await world.tell(build);
    expect(world.published).toMatchObject([
      { type: 'Slipway Image Released', detail: { id, url: `https://slipway.example/builds/${id}` } },
      { type: 'Slipway Build Blocked', detail: { id: '00000000000000bb' } },
    ]);
  });

  it('is notified once, however many try and however often', async () => {
    await using world = await setUpTell();
    await world.end('released');
    await Promise.all(Array.from({ length: 5 }, () => world.tell(id)));
    await world.tell(id);
    later(60);
    await world.tell(id);
    expect(world.ses.sent).toHaveLength(1);
    expect(world.counted).toHaveLength(1);
    expect(world.marks).toHaveLength(1);
  });

  it('is notified once, whether GitHub is back or not', async () => {
    await using world = await setUpTell();
    await world.end('released');
    world.statuses.set = () => Promise.reject(new Error('GitHub is down'));
    await world.tell(id);
    await world.tell(id);
    expect(world.ses.sent).toHaveLength(1);
  });

  it('counts as notified when SES refuses every recipient', async () => {
    await using world = await setUpTell();
    await world.end('failed');
    world.ses.refuse = () => ['MessageRejected', 'Email address is not verified.'];
    await world.tell(id);
    expect(await world.builds.require(id)).toHaveProperty('notifiedAt');
    expect(world.marks).toEqual([{ commit, status: 'failed' }]);
  });

  it('is notified by the next try after an error of SES', async () => {
    await using world = await setUpTell();
    await world.end('failed');
    world.ses.refuse = () => ['Throttling', 'Maximum sending rate exceeded.'];
    await expect(world.tell(id)).rejects.toMatchObject({ name: 'Throttling' });
    expect(world.counted).toEqual([]);
    world.ses.refuse = () => undefined;
    await world.tell(id);
    expect(world.ses.sent).toHaveLength(1);
    expect(world.counted).toEqual(['failed']);
  });

  it('is notified in the end wherever the first try crashed', async () => {
    await atEveryCrashPoint(async (crashes) => {
      vi.useRealTimers();
      const world = await setUpTell(crashes);
      await world.end('released');
      return {
        async run() {
          await world.tell(id);
          // Whoever comes while the dead one may still be at it sends nothing.
          expect(world.ses.sent.length).toBeLessThanOrEqual(1);
        },
        async check() {
          await using _ = world;
          later(2);
          await world.tell(id);
          expect(await world.builds.require(id)).toHaveProperty('notifiedAt');
          expect(world.ses.sent.length).toBeGreaterThanOrEqual(1);
        },
      };
    });
  });

  it('is notified once, though the process crashed with the mail just out and another came much later', async () => {
    const crashes = createCrashPoints();
    await using world = await setUpTell(crashes);
    await world.end('released');
    crashes.crashAt(4, 'after');
    await expect(world.tell(id)).rejects.toThrow(Crash);
    crashes.restart();
    expect(world.ses.sent).toHaveLength(1);
    await world.tell(id);
    expect(world.ses.sent).toHaveLength(1);
    later(2);
    await world.tell(id);
    expect(world.ses.sent).toHaveLength(1);
  });
});

it('a build that runs sends nothing', async () => {
  await using world = await setUpTell();
  await world.queue(id);
  await expect(world.tell(id)).rejects.toThrow(RecordConflictError);
  await expect(world.tell('00000000000000bb')).rejects.toThrow(RecordConflictError);
  expect(world.ses.sent).toEqual([]);
});
