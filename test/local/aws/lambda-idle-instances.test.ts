import { afterEach, describe, expect, test, vi } from 'vitest';
import { createIdleInstances, restedEnough } from '../../../local/aws/lambda/idle-instances.ts';

const second = 1000;
const minute = 60 * second;

/** Instances by how long ago each had something to do, the longest ago first. */
const resting = (...ago: number[]) => new Map(ago.map((each, at) => [`instance ${at + 1}`, -each]));
const few = (count: number, ago: number) => Array.from({ length: count }, () => ago);

describe('of instances that rest', () => {
  test.each([
    ['none ends that has just worked', [...few(16, second)], second, []],
    ['one ends at once where more than sixteen rest', [...few(18, second)], 0, [1, 2]],
    ['the two that worked last stay for minutes', [...few(2, 4 * minute)], 4 * minute, []],
    ['the others end soon when nothing is called', [3 * minute, ...few(3, 70 * second)], 70 * second, [1, 2]],
    ['all stay for a minute after anything was called', [4 * minute, ...few(12, 40 * second)], 40 * second, []],
    ['each ends in the end', [6 * minute, 5 * minute, minute], second, [1, 2]],
  ])('%s', (_what, ago, quiet, ended) => {
    expect(restedEnough(resting(...ago), 0, quiet)).toEqual(ended.map((at) => `instance ${at}`));
  });
});

describe('while a build runs', () => {
  afterEach(() => vi.useRealTimers());

  test('none ends of those that its end will need, and soon after it the surplus does', () => {
    vi.useFakeTimers();
    let isBuilding = true;
    const idle = createIdleInstances(() => isBuilding);
    const ended: number[] = [];
    for (const at of few(4, 0).keys()) idle.add({ end: () => ended.push(at) });
    vi.advanceTimersByTime(2 * minute);
    expect(ended).toEqual([]);
    isBuilding = false;
    vi.advanceTimersByTime(70 * second);
    expect(ended).toEqual([0, 1]);
  });
});
