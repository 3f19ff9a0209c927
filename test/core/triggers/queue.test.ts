import { expect, test } from 'vitest';
import { queueOf } from '../../../core/triggers/queue.ts';

test.each([
  ['what people push', ['push', 'source-moved'], 'triggers'],
  ['what people ask for', ['manual', 'rerun', 'rollback', 'hold', 'unhold', 'cancel', 'cancel-cascade'], 'triggers'],
  ['the end of a build, which makes room for a push,', ['build-ended'], 'triggers'],
  ['what anybody can cause', ['pull-request', 'approval'], 'pull requests'],
  [
    'what the pipeline itself calls for',
    ['cascade-step', 'bases-changed', 'packages-changed', 'schedule'],
    'background',
  ],
] as const)('%s waits behind nothing but its like', (_what, types, queue) => {
  expect(types.map(queueOf)).toEqual(types.map(() => queue));
});
