import { expect, test } from 'vitest';
import { costOf } from '../../../core/cost/build-cost.ts';
import { describeUsd, sumByProject, totalUsd } from '../../../core/cost/sum-costs.ts';
import type { Build, Stage } from '../../../core/model/build.ts';

type Ended = Parameters<typeof costOf>[0];

const stage = (from: number, to: number): Omit<Stage, 'name'> => ({
  status: 'succeeded',
  startedAt: new Date(from * 1000).toISOString(),
  endedAt: new Date(to * 1000).toISOString(),
});

const released: Ended = {
  notifyEmail: ['someone@example.org'],
  candidate: { repository: 'candidate/demo/app', digest: 'sha256:0', sizeBytes: 250_000_000 },
  stages: {
    build: stage(0, 115),
    scan: stage(115, 120),
    judge: stage(120, 121),
    sign: stage(121, 122),
    release: stage(122, 124),
    tell: stage(124, 125),
  },
};

test('each minute that is begun costs as much as the machine does, and the control plane a small part of it', () => {
  const medium = costOf(released, 'MEDIUM');
  expect(medium.machineUsd).toBe(0.02);
  expect(costOf(released, 'LARGE').machineUsd).toBe(0.04);
  expect(costOf({ ...released, stages: { build: stage(0, 121) } }, 'MEDIUM').machineUsd).toBe(0.03);
  expect(medium.controlUsd).toBeGreaterThan(0);
  expect(medium.controlUsd).toBeLessThan(0.05 * medium.machineUsd);
});

test('keeping the image costs by its size', () => {
  expect(costOf(released, 'MEDIUM').storageUsdPerMonth).toBe(0.025);
  expect(costOf({ ...released, candidate: undefined }, 'MEDIUM').storageUsdPerMonth).toBe(0);
});

const waiting = { times: 2, until: '2026-11-21T00:00:00.000Z' };

test.each<[what: string, build: Partial<Build>, machineUsd: number]>([
  ['a rollback has no machine', { stages: { release: stage(0, 2), tell: stage(2, 3) } }, 0],
  ['a build that was superseded in the queue has none either', { stages: {} }, 0],
  [
    'a build that waited for its base has run before',
    { stages: { build: stage(0, 50) }, waiting: { ...waiting, for: 'base' } },
    0.03,
  ],
  [
    'a build that waited for a machine has not',
    { stages: { build: stage(0, 50) }, waiting: { ...waiting, for: 'machine' } },
    0.01,
  ],
])('%s', (_, build, machineUsd) => {
  expect(costOf({ ...released, ...build }, 'MEDIUM').machineUsd).toBe(machineUsd);
});

test('sums are by project, the dearest first, and exact to a millionth', () => {
  const one = { machineUsd: 0.1, controlUsd: 0.000_001, storageUsdPerMonth: 0.2, builds: 1 };
  const sums = sumByProject([
    { ...one, project: 'demo/cheap:latest' },
    { ...one, project: 'demo/dear:latest' },
    { ...one, project: 'demo/dear:latest', machineUsd: 0.2 },
  ]);
  expect(sums).toEqual([
    { project: 'demo/dear:latest', builds: 2, machineUsd: 0.3, controlUsd: 0.000_002, storageUsdPerMonth: 0.4 },
    { ...one, project: 'demo/cheap:latest' },
  ]);
  expect(sums[0] && totalUsd(sums[0])).toBeCloseTo(0.300_002);
});

test.each([
  [0, '$0.00'],
  [0.000_02, '$0.00002'],
  [0.0213, '$0.0213'],
  [12.345, '$12.35'],
])('%d is %s', (usd, text) => {
  expect(describeUsd(usd)).toBe(text);
});
