import { expect, it } from 'vitest';
import type { Trigger } from '../../../core/model/trigger.ts';
import { subjectOf } from '../../../core/triggers/subject.ts';

const base = (image: string) => ({ image, digest: 'sha256:1', previous: 'sha256:0' });

it.each<[Trigger, string]>([
  [
    { id: '1', type: 'push', source: 'github.com/demo/app', ref: 'refs/heads/main', pusher: 'alex' },
    'github.com/demo/app',
  ],
  [{ id: '2', type: 'approval', source: 'github.com/demo/app', number: 7, approver: 'alex' }, 'github.com/demo/app#7'],
  [{ id: '3', type: 'manual', project: 'demo/app:latest', requester: 'alex' }, 'demo/app:latest'],
  [
    { id: '5', type: 'cancel-cascade', cascade: '20261121T120000Z-0000aa', requester: 'alex' },
    '20261121T120000Z-0000aa',
  ],
  [{ id: '4', type: 'cancel', build: '00000000000000aa', requester: 'alex' }, '00000000000000aa'],
  [{ id: '5', type: 'bases-changed', bases: [base('docker.io/library/debian:12')] }, 'docker.io/library/debian:12'],
  [{ id: '6', type: 'bases-changed', bases: ['a:1', 'b:1', 'c:1'].map(base) }, 'a:1 and 2 more'],
])('%j is about %s', (trigger, subject) => {
  expect(subjectOf(trigger)).toBe(subject);
});
