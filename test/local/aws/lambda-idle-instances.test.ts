import { describe, expect, test } from 'vitest';
import { restedEnough } from '../../../local/aws/lambda/idle-instances.ts';

const second = 1000;
const minute = 60 * second;

/** Instances by how long ago each had something to do, the longest ago first. */
const resting = (...ago: number[]) => new Map(ago.map((each, at) => [`instance ${at + 1}`, -each]));
const few = (count: number, ago: number) => Array.from({ length: count }, () => ago);

describe('of instances that rest', () => {
  test.each([
    ['none ends that has just worked', [...few(16, second)], []],
    ['one ends at once where more than sixteen rest', [...few(18, second)], [1, 2]],
    ['five stay for minutes', [...few(5, 4 * minute)], []],
    ['those beyond five end soon, the first that rested first', [3 * minute, minute, ...few(5, 20 * second)], [1, 2]],
    ['those beyond five stay until they have rested a little', [40 * second, ...few(6, 10 * second)], [1]],
    ['each ends in the end', [6 * minute, 5 * minute, minute], [1, 2]],
  ])('%s', (_what, ago, ended) => {
    expect(restedEnough(resting(...ago), 0)).toEqual(ended.map((at) => `instance ${at}`));
  });
});
