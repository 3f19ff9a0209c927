import { describe, expect, it, test } from 'vitest';
import { HostBusyError, HostSilentError, HostUnreachableError, UpstreamError } from '../../../core/model/errors.ts';
import { absentError, failureAfter, hostOutcomeOf, sourceBackoff } from '../../../core/sources/source-failure.ts';

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

test.each([
  ['a public address', {}, { status: 404 }, 'Correct git-url, or name in "source-secret" what opens the repository.'],
  [
    'a token that counts no more',
    { sourceSecret: 'deploy' },
    { status: 401 },
    'the token of "source-secret" "deploy" has ended',
  ],
  ['a redirect', {}, { status: 401, movedTo: 'https://new.example/a' }, 'Write that address as git-url.'],
  [
    'a redirect to where the token is not sent',
    { sourceSecret: 'deploy' },
    { status: 401, movedTo: 'https://new.example/a' },
    'Write that address as git-url, and have whoever runs this pipeline store a secret for it',
  ],
  ['the repository of the index', undefined, { status: 401 }, 'check indexRepository of the configuration'],
])('a repository that its host does not show says what to do about %s', (_, project, answer, sentence) =>
  expect(absentError(answer, project).message).toContain(sentence),
);
