import { expect, test } from 'vitest';
import { describeTarget } from '../../../core/targets/describe-target.ts';
import type { TargetState } from '../../../core/targets/target-state.ts';

const wanted: TargetState['wanted'] = {
  build: 'build1',
  repository: 'registry.example.org/demo/app',
  digest: `sha256:${'1'.repeat(64)}`,
  tag: '1.2.0',
  tags: ['1.2.0'],
  ref: 'refs/tags/v1.2.0',
  commit: '1'.repeat(40),
  sourceUrl: 'https://git.example/demo/app.git',
  releasedAt: '2026-11-01T00:00:00.000Z',
  why: 'Push',
  call: { type: 'release' },
};
const target: TargetState = {
  project: 'demo/app:latest',
  target: 'production',
  kind: 'manifest',
  wanted,
  state: 'pending',
  since: '2026-11-01T00:00:00.000Z',
  attempts: 0,
  delivered: [],
  revision: 1,
};

test.each<[Partial<TargetState>, string]>([
  [{ state: 'delivered' }, 'has 1.2.0'],
  [
    { state: 'proposed', proposal: { number: 7, url: 'https://git.example/pull/7', build: 'build1' } },
    'gets 1.2.0 when the pull request #7 is merged',
  ],
  [
    {
      state: 'proposed',
      proposal: { number: 7, url: 'https://git.example/group/live/-/merge_requests/7', build: 'build1' },
    },
    'gets 1.2.0 when the merge request !7 is merged',
  ],
  [{}, 'gets 1.2.0 now'],
  [{ attempts: 1, error: 'The host is down.' }, 'did not get 1.2.0, and it is tried again: The host is down'],
  [
    { state: 'failed', error: 'The branch is protected.' },
    'did not get 1.2.0, and it is not tried again: The branch is protected. Promote it once that is put right',
  ],
  [{ state: 'waiting', error: 'Releases are held by ann.' }, 'gets 1.2.0 later: Releases are held by ann'],
])('a target with %j is described as "%s"', (over, text) => {
  expect(describeTarget({ ...target, ...over })).toBe(text);
});
