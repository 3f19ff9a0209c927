import { expect, it } from 'vitest';
import { firstPace, type HostOutcome, type HostPace, paceAfter } from '../../core/concurrency.ts';

it.each([
  [
    'that answers gets twice as many requests at a time',
    ['answered', 'answered'],
    { width: 4, failures: 0, isDown: false },
  ],
  [
    'gets no more at a time than every host',
    ['answered', 'answered', 'answered', 'answered'],
    { width: 8, failures: 0, isDown: false },
  ],
  [
    'that fails gets one request at a time again',
    ['answered', 'answered', 'failed'],
    { width: 1, failures: 1, isDown: false },
  ],
  ['that answers again gets more requests again', ['failed', 'answered'], { width: 2, failures: 0, isDown: false }],
  ['that fails too often in a row is down', ['failed', 'failed', 'failed'], { width: 1, failures: 3, isDown: true }],
  [
    'that fails now and then is not down',
    ['failed', 'failed', 'answered', 'failed'],
    { width: 1, failures: 1, isDown: false },
  ],
  ['that says so is down at once', ['answered', 'down'], { width: 1, failures: 1, isDown: true }],
  [
    'that is down stays so, whatever earlier requests get',
    ['down', 'answered'],
    { width: 2, failures: 0, isDown: true },
  ],
] as [string, HostOutcome[], HostPace][])('a host %s: %j', (_, outcomes, pace) => {
  const limits = { atOncePerHost: 8, failuresUntilDown: 3 };
  expect(outcomes.reduce((before, outcome) => paceAfter(before, outcome, limits), firstPace)).toEqual(pace);
});
