import type { Progress, Task } from '../progress.ts';
import { PromiseBrokenError } from './watch.ts';

export interface Steps {
  /**
   * One line of the display: does the work, and has `end` say what came of it.
   * @param timeoutSeconds how long it may take
   * @throws PromiseBrokenError when the time is up
   */
  run<Value>(
    title: string,
    timeoutSeconds: number,
    work: (task: Task, signal: AbortSignal) => Promise<Value>,
    end: (task: Task, value: Value) => void,
  ): Promise<Value>;
  /** When the work of every step is over, of those that were interrupted too: they may have things to put away. */
  settled(): Promise<unknown>;
}

export function createSteps(progress: Progress, signal: AbortSignal): Steps {
  const works: Promise<unknown>[] = [];

  return {
    async run(title, timeoutSeconds, work, end) {
      const task = progress.task(title);
      const alarm = AbortSignal.timeout(timeoutSeconds * 1000);
      const either = AbortSignal.any([signal, alarm]);
      const rung = new Promise<never>((_resolve, reject) => {
        either.addEventListener('abort', () => reject(either.reason), { once: true });
      });
      const working = work(task, either);
      works.push(working);
      try {
        const value = await Promise.race([working, rung]);
        end(task, value);
        return value;
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (!alarm.aborted) {
          task.fail(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
          throw error;
        }
        task.fail(`not done within ${timeoutSeconds} s`);
        throw new PromiseBrokenError(`"${title}" was not done within ${timeoutSeconds} s.`, { cause: error });
      }
    },
    settled: () => Promise.allSettled(works),
  };
}
