import type { Progress, Task } from '../progress.ts';
import { PromiseBrokenError } from './watch.ts';

export interface Steps {
  /**
   * One line of the display: does the work, and has `end` say what came of it.
   * @param patienceSeconds how long it may report nothing new: a loaded machine is slow, and work that goes on is not given up
   * @throws PromiseBrokenError when nothing has happened for that time
   */
  run<Value>(
    title: string,
    patienceSeconds: number,
    work: (task: Task, signal: AbortSignal) => Promise<Value>,
    end: (task: Task, value: Value) => void,
  ): Promise<Value>;
  /** When the work of every step is over, of those that were interrupted too: they may have things to put away. */
  settled(): Promise<unknown>;
}

export function createSteps(progress: Progress, signal: AbortSignal): Steps {
  const works: Promise<unknown>[] = [];

  return {
    async run(title, patienceSeconds, work, end) {
      const task = progress.task(title);
      const alarm = new AbortController();
      const timer = setTimeout(() => alarm.abort(), patienceSeconds * 1000);
      const either = AbortSignal.any([signal, alarm.signal]);
      const rung = new Promise<never>((_resolve, reject) => {
        either.addEventListener('abort', () => reject(either.reason), { once: true });
      });
      const working = work(
        reporting(task, () => timer.refresh()),
        either,
      );
      works.push(working);
      try {
        const value = await Promise.race([working, rung]);
        end(task, value);
        return value;
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (!alarm.signal.aborted) {
          task.fail(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
          throw error;
        }
        task.fail(`nothing has happened for ${patienceSeconds} s`);
        throw new PromiseBrokenError(`In "${title}" nothing has happened for ${patienceSeconds} s.`, { cause: error });
      } finally {
        clearTimeout(timer);
      }
    },
    settled: () => Promise.allSettled(works),
  };
}

/** The task, which also calls back with each text that is not the same as before. */
function reporting(task: Task, onProgress: () => void): Task {
  const reported = (say: (text: string) => void) => {
    let before: string | undefined;
    return (text: string) => {
      if (text !== before) onProgress();
      before = text;
      say(text);
    };
  };
  return { ...task, update: reported(task.update), detail: reported(task.detail) };
}
