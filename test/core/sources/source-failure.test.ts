import { describe, expect, it, test } from 'vitest';
import { HostBusyError, HostSilentError, HostUnreachableError, UpstreamError } from '../../../core/model/errors.ts';
import { failureAfter, hostOutcomeOf, sourceBackoff } from '../../../core/sources/source-failure.ts';

const now = new Date('2026-11-05T12:00:00.000Z');
const later = '2026-11-05T18:00:00.000Z';

test.each([
  ['gave no answer to a request: that may be the fault of this source', new HostSilentError(''), 'failed'],
  ['cannot be reached: no other request is of use', new HostUnreachableError(''), 'down'],
  ['has an internal error', new HostBusyError(''), 'failed'],
  ['says when it takes the next request', new HostBusyError('', later), 'down'],
  ['refused this source alone', new UpstreamError(''), 'answered'],
])('a host %s', (_, error, outcome) => expect(hostOutcomeOf(error)).toBe(outcome));

describe('a source that cannot be queried', () => {
  const failing = (failures: number, error: Error) =>
    failureAfter(failures, error, { backoff: sourceBackoff, now, random: 0 });

  it('is queried again later with each failure', () => {
    expect(failing(0, new Error('gone'))).toEqual({ failures: 1, retryAt: '2026-11-05T12:20:00.000Z', error: 'gone' });
    expect(failing(1, new Error('gone'))).toMatchObject({ failures: 2, retryAt: '2026-11-05T12:40:00.000Z' });
  });

  it('waits for as long as its host says', () =>
    expect(failing(0, new HostBusyError('busy', later))).toMatchObject({ retryAt: later }));
});
