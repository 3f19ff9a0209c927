import { describe, expect, it } from 'vitest';
import { RecordConflictError } from '../../core/model/errors.ts';
import { createWaitForAttempt } from '../../functions/builds/wait-for-attempt.ts';
import { atEveryCrashPoint } from './crash-points.ts';
import { id, setUpTell } from './tell-setup.ts';

const codebuild = { Error: 'States.TaskFailed', Cause: '{"Build":{"BuildStatus":"FAILED"}}' };

describe('a build that went wrong', () => {
  it('ends as failed with what the builder said', async () => {
    await using world = await setUpTell();
    await world.queue(id);
    const failure = { error: 'DockerfileFailedError', message: 'RUN make failed.' };
    world.results.set(id, { outcome: 'failed', ...failure });
    await world.failBuild(id, { outcome: 'failed', error: codebuild });
    expect(await world.builds.require(id)).toMatchObject({
      status: 'failed',
      failure,
      stages: { build: { status: 'failed', endedAt: expect.any(String) } },
    });
  });

  it('ends as failed with what CodeBuild says when the builder left nothing', async () => {
    await using world = await setUpTell();
    await world.queue(id);
    await world.failBuild(id, { outcome: 'failed', error: codebuild });
    expect((await world.builds.require(id)).failure).toMatchObject({ error: 'BuilderError' });
  });

  it('keeps the first reason', async () => {
    await using world = await setUpTell();
    await world.queue(id);
    await world.failBuild(id, { outcome: 'failed', error: { Error: 'First' } });
    await world.failBuild(id, { outcome: 'failed', error: { Error: 'Second' } });
    expect((await world.builds.require(id)).failure?.error).toBe('First');
  });

  it.each(['released', 'blocked', 'superseded'] as const)('after it was %s stays so', async (status) => {
    await using world = await setUpTell();
    const ended = await world.end(status);
    await world.failBuild(id, { outcome: 'failed', error: codebuild });
    expect(await world.builds.require(id)).toEqual(ended);
  });

  it('ends wherever the first try crashed', async () => {
    await atEveryCrashPoint(async (crashes) => {
      const world = await setUpTell(crashes);
      await world.queue(id);
      return {
        run: () => world.failBuild(id, { outcome: 'failed', error: codebuild }),
        async check() {
          await using _ = world;
          expect(await world.builds.require(id)).toMatchObject({
            status: 'failed',
            failure: { error: 'BuilderError' },
          });
        },
      };
    });
  });

  it('while it released gives back what it held of its project', async () => {
    await using world = await setUpTell();
    await world.track();
    await world.queue(id);
    await world.builds.begin(id, 'release', 'releasing');
    await world.projects.claimRelease('demo/app:latest', id);
    await world.failBuild(id, { outcome: 'failed', error: { Error: 'UpstreamError' } });
    expect(await world.projects.claimRelease('demo/app:latest', 'other')).toMatchObject({
      releasing: { build: 'other' },
    });
  });

  it('after all its tags were on is released', async () => {
    await using world = await setUpTell();
    await world.queue(id);
    await world.builds.begin(id, 'release', 'releasing');
    const image = { repository: 'registry.example/demo/app', digest: 'sha256:0', tags: ['latest'] };
    await world.builds.endStage(id, 'release', 'succeeded', { image });
    await world.failBuild(id, { outcome: 'failed', error: { Error: 'Lambda.Unknown' } });
    expect(await world.builds.require(id)).toMatchObject({ status: 'released', image });
  });

  it('that nobody knows is an error', async () => {
    await using world = await setUpTell();
    await expect(world.failBuild(id, { outcome: 'failed', error: codebuild })).rejects.toThrow(RecordConflictError);
  });
});

const uncounted = { quota: { free: async () => undefined }, inFlight: { free: async () => undefined } };

describe('a build whose base image is not available at the moment', () => {
  const limited = { outcome: 'failed', error: 'BaseLimitedError', message: 'Too many requests.' } as const;

  it('waits, and runs again', async () => {
    await using world = await setUpTell();
    await world.queue(id, { status: 'building' });
    world.results.set(id, limited);
    const wait = createWaitForAttempt({ ...world, ...uncounted });
    expect(await wait(id, codebuild)).toBe(300);
    const waiting = await world.builds.require(id);
    expect(waiting).toMatchObject({ status: 'queued', waiting: { for: 'base', times: 1 } });
    expect(waiting.stages.build).toBeUndefined();
    expect(await world.builds.begin(id, 'build', 'building', ['queued'])).toMatchObject({ status: 'building' });
  });

  it('ends as failed when waiting did not help, and the mail blames nobody', async () => {
    await using world = await setUpTell();
    await world.queue(id, {
      status: 'building',
      waiting: { for: 'base', times: 9, until: '2026-11-21T01:02:03.000Z' },
    });
    world.results.set(id, limited);
    expect(await createWaitForAttempt({ ...world, ...uncounted })(id, codebuild)).toBeUndefined();
    await world.failBuild(id, { outcome: 'failed', error: codebuild });
    await world.tell(id);
    const [mail = ''] = world.ses.sent.map(String);
    expect(JSON.stringify(await world.builds.require(id))).toContain('BaseLimitedError');
    expect(mail).not.toMatch(/Push a commit that fixes/);
  });

  it('that has ended stays so', async () => {
    await using world = await setUpTell();
    await world.end('superseded');
    world.results.set(id, limited);
    expect(await createWaitForAttempt({ ...world, ...uncounted })(id, codebuild)).toBeUndefined();
    expect((await world.builds.require(id)).status).toBe('superseded');
  });
});
