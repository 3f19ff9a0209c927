import { describe, expect, it, test } from 'vitest';
import { failureOf, isPassing, notBegun } from '../../../core/builds/failure.ts';
import { laterAttempt } from '../../../core/builds/later-attempt.ts';
import type { Waiting } from '../../../core/model/build.ts';
import { registryLimitErrors } from '../../../core/model/builder-contract.ts';

const now = new Date('2026-11-29T12:00:00.000Z');

/** The minutes that a build waits each time, until it is given up. */
function pausesAfter(error: string): number[] {
  const pauses: number[] = [];
  let at = now;
  for (let waiting: Waiting | undefined; ; ) {
    waiting = laterAttempt({ waiting }, error, at);
    if (!waiting) return pauses;
    pauses.push((Date.parse(waiting.until) - at.getTime()) / 60_000);
    at = new Date(waiting.until);
  }
}

describe('a build runs again', () => {
  it.each(registryLimitErrors)('with growing pauses, for as long as Docker Hub counts pulls, after %s', (error) => {
    const pauses = pausesAfter(error);
    expect(pauses).toEqual(pauses.toSorted((one, other) => one - other));
    expect(pauses.reduce((sum, pause) => sum + pause, 0)).toBeGreaterThan(6 * 60);
  });

  it('at once, twice, when it waited in the queue of CodeBuild for eight hours: a day in all', () => {
    expect(pausesAfter(notBegun.queuedTooLong)).toEqual([0, 0]);
  });

  it.each([notBegun.queueFull, 'DockerfileFailedError', 'BaseNotFoundError', 'BaseUnavailableError', 'BuilderError'])(
    'not after %s',
    (error) => {
      expect(pausesAfter(error)).toEqual([]);
    },
  );

  it('not once it has a candidate', () => {
    const candidate = { repository: 'candidate/demo/app', digest: 'sha256:0' };
    expect(laterAttempt({ waiting: undefined, candidate }, 'BaseLimitedError', now)).toBeUndefined();
  });

  it('at the same time if the step runs twice', () => {
    const waiting = laterAttempt({ waiting: undefined }, 'PullLimitedError', now);
    expect(laterAttempt({ waiting }, 'PullLimitedError', new Date(now.getTime() + 1000))).toEqual(waiting);
  });
});

describe('a build that no machine began', () => {
  const result = { outcome: 'failed', error: 'BaseLimitedError', message: 'of an earlier attempt' } as const;
  const queued = {
    Error: 'States.TaskFailed',
    Cause: JSON.stringify({
      Build: {
        BuildStatus: 'TIMED_OUT',
        Phases: [
          { PhaseType: 'SUBMITTED', PhaseStatus: 'SUCCEEDED' },
          { PhaseType: 'QUEUED', PhaseStatus: 'TIMED_OUT' },
          { PhaseType: 'COMPLETED' },
        ],
      },
    }),
  };
  const refused = {
    Error: 'CodeBuild.AccountLimitExceededException',
    Cause: 'Cannot have more than 0 builds in queue for the account',
  };

  it.each([
    ['after hours in the queue', queued, notBegun.queuedTooLong],
    ['because the queue was full, or has no room at all', refused, notBegun.queueFull],
  ])('%s is not blamed', (_, execution, error) => {
    const failure = failureOf(result, execution);
    expect(failure.error).toBe(error);
    expect(failure.message).toMatch(/Nothing is wrong with it: the quota/);
  });

  it('is not one that ran for too long', () => {
    const ran = { Build: { BuildStatus: 'TIMED_OUT', Phases: [{ PhaseType: 'QUEUED', PhaseStatus: 'SUCCEEDED' }] } };
    expect(failureOf(undefined, { Error: 'States.TaskFailed', Cause: JSON.stringify(ran) }).error).toBe(
      'BuildTimeoutError',
    );
  });
});

test('what passes asks nobody to correct the project', () => {
  for (const error of [...registryLimitErrors, ...Object.values(notBegun)]) expect(isPassing(error)).toBe(true);
  expect(isPassing('DockerfileFailedError')).toBe(false);
});
