import { describe, expect, it } from 'vitest';
import { describeStatus } from '../../../core/builds/describe-build.ts';
import { cancellationOf, cancelledBy, failureOf } from '../../../core/builds/failure.ts';

describe('why a build failed', () => {
  it("is what the builder says, before anything else's guess", () => {
    const result = {
      outcome: 'failed',
      error: 'BaseNotFoundError',
      message: 'There is no image demo/nothing.',
    } as const;
    expect(failureOf(result, { Error: 'States.TaskFailed', Cause: '{}' })).toEqual({
      error: result.error,
      message: result.message,
    });
  });

  it.each([
    ['{"Build":{"BuildStatus":"TIMED_OUT"}}', 'BuildTimeoutError'],
    ['{"Build":{"BuildStatus":"STOPPED"}}', 'BuildStoppedError'],
    ['{"Build":{"BuildStatus":"FAULT"}}', 'BuilderError'],
    ['{"errorType":"UpstreamError","errorMessage":"ECR is away"}', 'UpstreamError'],
    ['{"cut off', 'States.TaskFailed'],
  ])('can be read out of %s', (Cause, error) => {
    expect(failureOf(undefined, { Error: 'States.TaskFailed', Cause }).error).toBe(error);
  });

  it.each(['', '"}', ',"BuildStatus":"NEW"}]}'])(
    'never shows the environment of the machine, which the cause may have: …%s',
    (rest) => {
      const Cause = `{"Build":{"Environment":{"EnvironmentVariables":[{"Name":"BUILD_TOKEN","Value":"the-token${rest}`;
      expect(failureOf(undefined, { Error: 'States.TaskFailed', Cause }).message).not.toContain('the-token');
    },
  );

  it('always has a message', () => {
    expect(failureOf(undefined, {}).message).not.toBe('');
  });

  it('has room in a record, however much the builder says', () => {
    const result = { outcome: 'failed', error: 'e'.repeat(1e6), message: 'm'.repeat(1e6) } as const;
    expect(JSON.stringify(failureOf(result, {})).length).toBeLessThan(10_000);
  });
});

describe('why a build was cancelled', () => {
  it.each([
    ['alice', undefined, 'alice cancelled the build.'],
    ['alice', 'the wrong\nbranch', 'alice cancelled the build: the wrong branch'],
    ['Alice <alice@example.org>', undefined, 'Alice cancelled the build.'],
    ['alice@example.org', undefined, 'alice cancelled the build.'],
    ['<alice@example.org>', undefined, 'Somebody cancelled the build.'],
  ])('names who did it, %j, without a mail address', (requester, reason, message) => {
    expect(cancelledBy(requester, reason).message).toBe(message);
  });

  it.each([
    [cancelledBy('alice', undefined), 'The build was cancelled. Nothing was released.'],
    [cancellationOf({}), 'The build was cancelled. Nothing was released.'],
    [{ error: 'ParentBlockedError', message: 'Its parent is blocked.' }, 'Nothing was built.'],
  ])('is told from a build that never began: %j', (failure, meaning) => {
    const build = { status: 'cancelled', cause: { type: 'manual', requester: 'alice' }, failure } as const;
    expect(describeStatus({ ...build, createdAt: '2026-11-21T01:00:00Z' }, new Date())).toBe(meaning);
  });
});
