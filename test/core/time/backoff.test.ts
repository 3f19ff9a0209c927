import { describe, expect, it } from 'vitest';
import { backOff } from '../../../core/time/backoff.ts';

const minute = 60_000;
const now = new Date('2026-11-21T12:00:00.000Z');
const inMinutes = (minutes: number) => new Date(now.getTime() + minutes * minute).toISOString();
const backoff = { first: 10 * minute, longest: 60 * minute };

describe('what has failed', () => {
  it.each([
    ['once is left alone for as long as the first time', 1, 0, 10],
    ['once is left alone for half of that, by chance', 1, 1, 5],
    ['twice is left alone twice as long', 2, 0, 20],
    ['three times is left alone four times as long', 3, 0, 40],
    ['very often is left alone no longer than the longest', 50, 0, 60],
    ['thousands of times is, too', 5000, 0, 60],
    ['very often is left alone for half of the longest, by chance', 50, 1, 30],
  ])('%s', (_, failures, random, minutes) => {
    expect(backOff(failures, backoff, now, random)).toBe(inMinutes(minutes));
  });

  it('together is not tried again together', () => {
    expect(backOff(1, backoff, now, 0)).not.toBe(backOff(1, backoff, now, 0.9));
  });
});

describe('a host that says when it wants to be asked again', () => {
  it.each([
    ['is left alone until then', 1, 45, {}, 45],
    ['is believed up to the longest', 1, 600, {}, 60],
    ['is believed for as long as its kind is', 1, 600, { longestAsked: 360 * minute }, 360],
    ['at once, is asked ever more rarely all the same', 3, 0, {}, 40],
    ['in the past, is asked ever more rarely all the same', 2, -600, {}, 20],
  ])('%s', (_, failures, asked, over, minutes) => {
    expect(backOff(failures, { ...backoff, ...over }, now, 0, inMinutes(asked))).toBe(inMinutes(minutes));
  });
});
