import { describe, expect, it } from 'vitest';
import {
  closingStatus,
  type ExecutionStatus,
  endOfExecution,
  isNotificationOverdue,
  reconciledTimes,
  reconciliationOf,
} from '../../../core/builds/build-end.ts';

describe('an execution that ended outside its own Catch', () => {
  it.each([
    ['FAILED', 'States.Runtime', 'why', { outcome: 'failed', error: { Error: 'States.Runtime', Cause: 'why' } }],
    ['TIMED_OUT', null, null, { outcome: 'failed', error: { Error: 'Execution.TIMED_OUT', Cause: undefined } }],
    ['ABORTED', 'mine', 'why', { outcome: 'cancelled', error: { Error: 'mine', Cause: 'why' } }],
    [
      'ABORTED',
      undefined,
      undefined,
      { outcome: 'cancelled', error: { Error: 'Execution.ABORTED', Cause: undefined } },
    ],
  ] as const)('as %s, with the error %s, ends its build', (status, error, cause, end) => {
    expect(endOfExecution(status, error, cause)).toEqual(end);
  });
});

describe('a build that is recorded as running', () => {
  it.each<[ExecutionStatus, object]>([
    ['running', { do: 'leave' }],
    ['ended', { do: 'end', outcome: 'failed', error: { Error: 'ExecutionEndedError' } }],
    ['aborted', { do: 'end', outcome: 'cancelled', error: {} }],
    [
      'absent',
      { do: 'resume', otherwise: { outcome: 'failed', error: expect.objectContaining({ Error: 'ProjectGoneError' }) } },
    ],
  ])('and whose execution is %s', (execution, decision) => {
    expect(reconciliationOf(execution)).toEqual(decision);
  });

  const image = { repository: 'r', digest: 'd', tags: [] };
  it.each([
    ['failed', {}, 'failed'],
    ['cancelled', {}, 'cancelled'],
    ['failed', { image }, 'released'],
    ['cancelled', { image }, 'released'],
  ] as const)('and ends as %s, with the record %j, is closed as %s', (outcome, build, status) => {
    expect(closingStatus(build, outcome)).toBe(status);
  });
});

describe('a notification', () => {
  const { settled, oldestNotifiable } = reconciledTimes(new Date('2026-11-21T12:00:00.000Z'));

  it.each([
    ['of a build that runs', {}, false],
    ['that was sent', { endedAt: '2026-11-21T11:00:00.000Z', notifiedAt: '2026-11-21T11:00:01.000Z' }, false],
    ['that may be on its way', { endedAt: '2026-11-21T11:55:00.000Z' }, false],
    ['that is missing after ten minutes', { endedAt: '2026-11-21T11:49:59.000Z' }, true],
  ])('%s: overdue or not', (_, build, isOverdue) => {
    expect(isNotificationOverdue(build, settled)).toBe(isOverdue);
  });

  it('is dropped five days after the build began', () => {
    expect(oldestNotifiable).toBe('2026-11-16T12:00:00.000Z');
  });
});
