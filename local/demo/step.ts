import type { Progress, Task } from '../progress.ts';
import { PromiseBrokenError } from './watch.ts';

export interface StepOptions {
  progress: Progress;
  signal: AbortSignal;
  title: string;
  /** How many seconds it may take. */
  patience: number;
}

/**
 * One line of the display: does the work, and ends the line with what `result` says of it.
 * @throws PromiseBrokenError when the time is up
 */
export async function step<Value>(
  { progress, signal, title, patience }: StepOptions,
  work: (task: Task, signal: AbortSignal) => Promise<Value>,
  end: (task: Task, value: Value) => void,
): Promise<Value> {
  const task = progress.task(title);
  const alarm = AbortSignal.timeout(patience * 1000);
  const either = AbortSignal.any([signal, alarm]);
  const rung = new Promise<never>((_resolve, reject) => {
    either.addEventListener('abort', () => reject(either.reason), { once: true });
  });
  try {
    const value = await Promise.race([work(task, either), rung]);
    end(task, value);
    return value;
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (!alarm.aborted) {
      task.fail(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
      throw error;
    }
    task.fail(`not done within ${patience} s`);
    throw new PromiseBrokenError(`"${title}" was not done within ${patience} s.`, { cause: error });
  }
}
