import { expect, it } from 'vitest';
import { firstPace, type HostOutcome, type HostPace, paceAfter } from '../../core/concurrency.ts';

it.each([
  ['that answers gets twice as many requests at a time', ['well', 'well'], { width: 4, troubles: 0, isDown: false }],
  [
    'gets no more at a time than every host',
    ['well', 'well', 'well', 'well'],
    { width: 8, troubles: 0, isDown: false },
  ],
  [
    'in trouble is asked one thing at a time again',
    ['well', 'well', 'troubled'],
    { width: 1, troubles: 1, isDown: false },
  ],
  [
    'in trouble that answers again is as good as before',
    ['troubled', 'well'],
    { width: 2, troubles: 0, isDown: false },
  ],
  [
    'in trouble too often in a row is down',
    ['troubled', 'troubled', 'troubled'],
    { width: 1, troubles: 3, isDown: true },
  ],
  [
    'in trouble now and then is not down',
    ['troubled', 'troubled', 'well', 'troubled'],
    { width: 1, troubles: 1, isDown: false },
  ],
  ['that says so is down at once', ['well', 'down'], { width: 1, troubles: 1, isDown: true }],
  [
    'that is down stays so, whatever comes of what was asked before',
    ['down', 'well'],
    { width: 2, troubles: 0, isDown: true },
  ],
] as [string, HostOutcome[], HostPace][])('a host %s: %j', (_, words, pace) => {
  const limits = { atOncePerHost: 8, patience: 3 };
  expect(words.reduce((before, word) => paceAfter(before, word, limits), firstPace)).toEqual(pace);
});
