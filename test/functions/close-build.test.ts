import { describe, expect, it } from 'vitest';
import { createCloseBuild } from '../../functions/close-build.ts';
import { atEveryCrashPoint, type CrashPoints, createCrashPoints } from './crash-points.ts';
import { id, setUpTell } from './tell-setup.ts';

const ended = (over: object = {}) => ({
  input: JSON.stringify({ build: id }),
  status: 'FAILED',
  error: 'States.Runtime',
  cause: 'the machine broke',
  ...over,
});

async function startClosing(crashes: CrashPoints = createCrashPoints()) {
  const world = await setUpTell(crashes);
  return Object.assign(world, { closeBuild: createCloseBuild(world) });
}

describe('a build whose execution ended on its own', () => {
  it.each([
    ['FAILED', ended(), { error: 'States.Runtime', message: 'the machine broke' }],
    ['TIMED_OUT', ended({ status: 'TIMED_OUT', error: null, cause: null }), { error: 'Execution.TIMED_OUT' }],
  ])('%s is closed as failed, with the reason, and notified', async (_, detail, failure) => {
    await using world = await startClosing();
    await world.queue(id, { status: 'scanning' });
    await world.closeBuild(detail);
    expect(await world.builds.require(id)).toMatchObject({ status: 'failed', failure, notifiedAt: expect.any(String) });
    expect(world.ses.sent).toHaveLength(1);
  });

  it.each([
    ['without a word', {}, /^An operator stopped the build\. Push again/],
    ['with words', { cause: 'the disk is full' }, /^An operator stopped the build: the disk is full$/],
  ])('because an operator stopped it %s is recorded as cancelled, and gets no mail', async (_, words, message) => {
    await using world = await startClosing();
    await world.queue(id, { status: 'building' });
    await world.closeBuild({ input: JSON.stringify({ build: id }), status: 'ABORTED', ...words });
    expect(await world.builds.require(id)).toMatchObject({
      status: 'cancelled',
      failure: { error: 'BuildCancelledError', message: expect.stringMatching(message) },
      stages: { build: { status: 'skipped' } },
      notifiedAt: expect.any(String),
    });
    expect(world.ses.sent).toEqual([]);
    expect(world.marks).toEqual([{ commit: expect.any(String), status: 'cancelled' }]);
  });

  it('has the reason that the builder left', async () => {
    await using world = await startClosing();
    await world.queue(id);
    const failure = { error: 'BaseNotFoundError', message: 'debian:99 does not exist.' };
    world.results.set(id, { outcome: 'failed', ...failure });
    await world.closeBuild(ended());
    expect((await world.builds.require(id)).failure).toEqual(failure);
  });

  it.each(['released', 'blocked', 'superseded', 'cancelled'] as const)('but had its end, stays %s', async (status) => {
    await using world = await startClosing();
    await world.end(status);
    await world.tell(id);
    const before = await world.builds.require(id);
    const mails = world.ses.sent.length;
    await world.closeBuild(ended());
    expect(await world.builds.require(id)).toEqual(before);
    expect(world.ses.sent).toHaveLength(mails);
  });

  it('gets the mail that the execution no longer sent', async () => {
    await using world = await startClosing();
    await world.end('released');
    await world.closeBuild(ended());
    expect(world.ses.sent).toHaveLength(1);
    expect((await world.builds.require(id)).status).toBe('released');
  });

  it('is closed and notified once by events that come twice and at once', async () => {
    await using world = await startClosing();
    await world.queue(id);
    await Promise.all([world.closeBuild(ended()), world.closeBuild(ended({ error: 'Later' }))]);
    await world.closeBuild(ended({ error: 'Last' }));
    expect(world.ses.sent).toHaveLength(1);
    expect(world.counted).toEqual(['failed']);
    expect((await world.builds.require(id)).failure?.error).not.toBe('Last');
  });

  it('is closed wherever the first try crashed', async () => {
    await atEveryCrashPoint(async (crashes) => {
      const world = await startClosing(crashes);
      await world.queue(id);
      return {
        run: () => world.closeBuild(ended()),
        async check() {
          await using _ = world;
          expect(await world.builds.require(id)).toMatchObject({
            status: 'failed',
            failure: { error: 'States.Runtime' },
          });
          expect(world.ses.sent.length).toBeLessThanOrEqual(1);
        },
      };
    });
  });
});

it.each([
  ['an execution that succeeded', ended({ status: 'SUCCEEDED' })],
  ['an input that is not JSON', ended({ input: 'x' })],
  ['an input without a build', ended({ input: '{}' })],
  ['a build that is none', ended({ input: '{"build":"../../x"}' })],
  ['no detail', undefined],
])('%s is an error and closes nothing', async (_, detail) => {
  await using world = await startClosing();
  await world.queue(id);
  await expect(world.closeBuild(detail)).rejects.toThrow();
  expect((await world.builds.require(id)).status).toBe('queued');
});
