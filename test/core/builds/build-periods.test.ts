import { describe, expect, it } from 'vitest';
import { periodsOf } from '../../../core/builds/build-periods.ts';

const at = (seconds: number) => new Date(Date.UTC(2026, 10, 21, 12) + 1000 * seconds).toISOString();
const stage = (from: number, to?: number, status: 'running' | 'succeeded' | 'failed' = 'succeeded') => ({
  status,
  startedAt: at(from),
  endedAt: to === undefined ? undefined : at(to),
});
const step = (name: string, from: number) => ({ name, startedAt: at(from) });
/** `stage build 0-10`, so that a case reads as what people see. */
const shown = (...args: Parameters<typeof periodsOf>) =>
  periodsOf(...args).map(({ kind, name, status, startedAt, endedAt }) => {
    const seconds = (time: string) => (Date.parse(time) - Date.parse(at(0))) / 1000;
    return `${kind} ${name} ${seconds(startedAt)}-${seconds(endedAt)} ${status}`;
  });
const now = new Date(at(100));

describe('where the time of a build went', () => {
  it.each([
    ['nothing of a build that waits', {}, [], []],
    [
      'its stages in their order, whatever order they are stored in',
      { scan: stage(12, 13), build: stage(1, 10) },
      [],
      ['stage build 1-10 succeeded', 'stage scan 12-13 succeeded'],
    ],
    [
      "the builder's steps after its stage, each until the next begins",
      { build: stage(0, 10), scan: stage(11, 12) },
      [step('fetch', 1), step('build', 2.5), step('push', 8), step('done', 9)],
      [
        'stage build 0-10 succeeded',
        'step fetch 1-2.5 succeeded',
        'step build 2.5-8 succeeded',
        'step push 8-9 succeeded',
        'stage scan 11-12 succeeded',
      ],
    ],
    [
      'what runs until now',
      { build: stage(0, undefined, 'running') },
      [step('fetch', 1), step('build', 2)],
      ['stage build 0-100 running', 'step fetch 1-2 succeeded', 'step build 2-100 running'],
    ],
    [
      'the step that a build failed in',
      { build: stage(0, 10, 'failed') },
      [step('fetch', 1), step('build', 2), step('failed', 9)],
      ['stage build 0-10 failed', 'step fetch 1-2 succeeded', 'step build 2-9 failed'],
    ],
    [
      'the last step of a builder that was killed, until the stage ended',
      { build: stage(0, 10, 'failed') },
      [step('fetch', 1)],
      ['stage build 0-10 failed', 'step fetch 1-10 failed'],
    ],
  ])('is %s', (_, stages, steps, expected) => {
    expect(shown({ stages }, steps, now)).toEqual(expected);
  });
});
