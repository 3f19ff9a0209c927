import { describe, expect, test } from 'vitest';
import { describeStages, waitFor } from '../../../local/demo/watch.ts';

const { signal } = new AbortController();

describe('a wait', () => {
  test('ends with the first answer', async () => {
    let asked = 0;
    const question = async () => {
      asked += 1;
      return asked === 3 ? 'there' : undefined;
    };
    expect(await waitFor('It', question, { seconds: 60, signal, every: 1 })).toBe('there');
  });

  test('has an end, which says what was waited for', async () => {
    const never = waitFor('The mail', async () => undefined, { seconds: 0.01, signal, every: 1 });
    await expect(never).rejects.toThrow('The mail did not happen within 0.01 s.');
  });

  test('ends when the demo is interrupted', async () => {
    const interrupt = new AbortController();
    const wait = waitFor('It', async () => undefined, { seconds: 60, signal: interrupt.signal });
    interrupt.abort();
    await expect(wait).rejects.toThrow(/abort/i);
  });
});

test('the stages of a build read as a sentence does', () => {
  const stages = [
    { name: 'build', status: 'succeeded', startedAt: '2026-01-01T00:00:00.000Z', endedAt: '2026-01-01T00:00:03.100Z' },
    { name: 'scan', status: 'running', startedAt: '2026-01-01T00:00:03.100Z' },
  ];
  expect(describeStages({ status: 'scanning', stages })).toBe('build 3.1 s, scanning');
  expect(describeStages({ status: 'queued', stages: [] })).toBe('queued');
});
