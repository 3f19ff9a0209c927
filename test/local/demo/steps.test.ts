import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createSteps } from '../../../local/demo/steps.ts';
import { createProgress, type Task } from '../../../local/progress.ts';

const written: string[] = [];
const progress = createProgress({ screen: { write: (text) => written.push(text) } });

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
afterAll(() => progress.close());

/** A step that may be silent for a hundred seconds. */
function begin() {
  const steps = createSteps(progress, new AbortController().signal);
  const work = Promise.withResolvers<string>();
  let task: Task | undefined;
  const ended = steps.run(
    'build',
    100,
    (own) => {
      task = own;
      return work.promise;
    },
    () => undefined,
  );
  return {
    ended,
    finish: work.resolve,
    say: (text: string) => task?.update(text),
    show: (text: string) => task?.detail(text),
  };
}

describe('a step of the demo', () => {
  test('may take any time as long as something new happens in it', async () => {
    const { ended, finish, say, show } = begin();
    say('building');
    for (let line = 1; line <= 10; line++) {
      await vi.advanceTimersByTimeAsync(90_000);
      say('building');
      show(`line ${line}`);
    }
    finish('built');
    expect(await ended).toBe('built');
  });

  test('ends when nothing new happens for too long, whatever is repeated, and says so', async () => {
    const { ended, say } = begin();
    const broken = expect(ended).rejects.toThrow('In "build" nothing has happened for 100 s.');
    say('building');
    await vi.advanceTimersByTimeAsync(60_000);
    say('building');
    await vi.advanceTimersByTimeAsync(40_000);
    await broken;
    expect(written.join('')).toContain('build: nothing has happened for 100 s');
  });
});
