import { expect, test } from 'vitest';
import { definition } from './template.ts';

const retries = definition().States.Tell?.Retry ?? [];

test('a mail that SES does not take today, or that somebody crashed during, is tried for hours', () => {
  const last = retries.at(-1);
  expect(last).toMatchObject({ ErrorEquals: ['States.ALL'], MaxDelaySeconds: 900 });
  expect((last?.MaxAttempts ?? 0) * (last?.MaxDelaySeconds ?? 0)).toBeGreaterThan(4 * 3600);
});

test('a build that has nothing to tell is not asked again', () => {
  expect(retries.find(({ ErrorEquals }) => ErrorEquals.includes('RecordConflictError'))?.MaxAttempts).toBe(0);
});
