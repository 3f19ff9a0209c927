import { expect, test } from 'vitest';
import { recordSteps } from '../../builder/steps.ts';
import { eventually } from '../eventually.ts';

const at = (second: number) => new Date(Date.UTC(2026, 10, 21, 11, 0, second));

test('each step is stored with those before it, one after another, whatever storing takes', async () => {
  const stored: string[][] = [];
  const waiting: (() => void)[] = [];
  const begin = recordSteps(async (steps) => {
    stored.push(steps.map(({ name }) => name));
    await new Promise<void>((done) => waiting.push(done));
  });
  begin('fetch', at(0));
  begin('build', at(2));
  await eventually(() => expect(waiting).toHaveLength(1));
  expect(stored).toEqual([['fetch']]);
  waiting[0]?.();
  await eventually(() => expect(stored).toEqual([['fetch'], ['fetch', 'build']]));
});

test('a step that cannot be stored stops nothing', async () => {
  const stored: string[] = [];
  const begin = recordSteps(async (steps) => {
    const name = steps.at(-1)?.name ?? '';
    if (name === 'fetch') throw new Error('S3 is away');
    stored.push(name);
  });
  begin('fetch', at(0));
  begin('build', at(2));
  await eventually(() => expect(stored).toEqual(['build']));
});
