import { afterEach, describe, expect, test, vi } from 'vitest';
import { createIdleInstances, restedEnough } from '../../../local/aws/lambda/idle-instances.ts';

const second = 1000;
const minute = 60 * second;

/** Instances by how long ago each had something to do, the longest ago first. */
const resting = (...ago: number[]) => new Map(ago.map((each, at) => [`instance ${at + 1}`, -each]));
const few = (count: number, ago: number) => Array.from({ length: count }, () => ago);

describe('of instances that rest', () => {
  test.each([
    ['none ends that has just worked', [...few(16, second)], { called: second, built: 2 * minute }, []],
    ['one ends at once where more than sixteen rest', [...few(18, second)], { called: 0, built: 0 }, [1, 2]],
    ['the two that worked last stay for minutes', [...few(2, 4 * minute)], { called: 4 * minute, built: minute }, []],
    [
      'the others end soon when nothing is called',
      [3 * minute, ...few(3, 20 * second)],
      { called: 20 * second, built: 2 * minute },
      [1, 2],
    ],
    [
      'all stay while anything is called',
      [4 * minute, ...few(12, 40 * second)],
      { called: 5 * second, built: 2 * minute },
      [],
    ],
    ['all stay for a minute after a build', few(12, 40 * second), { called: 40 * second, built: 40 * second }, []],
    ['each ends in the end', [6 * minute, 5 * minute, minute], { called: second, built: 0 }, [1, 2]],
  ])('%s', (_what, rested, ago, ended) => {
    expect(restedEnough(resting(...rested), 0, ago)).toEqual(ended.map((at) => `instance ${at}`));
  });
});

describe('while a build runs', () => {
  afterEach(() => vi.useRealTimers());

  test('none ends of those that its end will need, and a minute after it the surplus does', () => {
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
