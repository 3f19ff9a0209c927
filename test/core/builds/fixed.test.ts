import { describe, expect, it } from 'vitest';
import { fixedBy } from '../../../core/builds/fixed.ts';
import type { Build } from '../../../core/model/build.ts';

const main = 'refs/heads/main';

/** Ends, the oldest first: the last one is of the build in question. */
function fixedAfter(...ends: (Build['status'] | Partial<Build>)[]) {
  const builds = ends.map(
    (end, at): Build => ({
      id: `b${at}`,
      project: 'demo/app:latest',
      cause: { type: 'manual', requester: 'alice' },
      commit: 'a'.repeat(40),
      ref: main,
      sourceUrl: 'https://git.example/demo/app.git',
      notifyEmail: [],
      sequence: at + 1,
      createdAt: `2026-11-${10 + at}T10:00:00.000Z`,
      stages: {},
      status: 'released',
      ...(typeof end === 'string' ? { status: end } : end),
    }),
  );
  const newestFirst = builds.toReversed();
  return fixedBy(newestFirst[0] as Build, newestFirst);
}

describe('a build fixes', () => {
  it.each<[what: string, ends: Parameters<typeof fixedAfter>, failures: number | undefined]>([
    ['the failure before it', ['released', 'failed', 'released'], 1],
    ['all failures in a row', ['released', 'blocked', 'failed', 'failed', 'released'], 3],
    ['what never worked before', ['failed', 'failed', 'released'], 2],
    ['a failure although its image is the released one', ['failed', 'unchanged'], 1],
    ['a failure that cancelled and superseded builds followed', ['failed', 'cancelled', 'superseded', 'released'], 1],
    ['nothing after a success', ['failed', 'released', 'released'], undefined],
    ['nothing as the first of all', ['released'], undefined],
    ['nothing if it fails', ['failed', 'failed'], undefined],
    ['nothing of another branch', [{ status: 'failed', ref: 'refs/heads/next' }, 'released'], undefined],
    [
      'nothing of a pull request',
      [
        {
          status: 'failed',
          cause: { type: 'pull-request', delivery: 'd', number: 1, commit: 'b'.repeat(40), author: 'x' },
        },
        'released',
      ],
      undefined,
    ],
  ])('%s', (_, ends, failures) => {
    expect(fixedAfter(...ends)?.failures).toBe(failures);
  });

  it('since the first of them, and says how the last one ended', () => {
    expect(fixedAfter('released', 'failed', 'blocked', 'released')).toEqual({
      from: 'blocked',
      since: '2026-11-11T10:00:00.000Z',
      failures: 2,
    });
  });
});
