import { mapConcurrently } from '../../core/concurrency.ts';
import type { Project } from '../../core/model/project.ts';
import type { Head, Heads } from '../../services/tables/heads.ts';

/** A ref that is planned for a project. */
export interface RefTask {
  project: Project;
  ref: string;
}

/** Another process changed the head since it was read. */
export const changed = 'changed';

/** A repository may have a hundred images, and a trigger is planned within a minute. */
const atOnce = 8;
/** A trigger that loses to other writers this often fails, and is retried. */
const attempts = 20;

/**
 * Plans refs by what the git host says: reads their stored heads, then asks the host once, then plans each. A plan changes a head only if it
 * is still as it was read. Because the host is asked in between, heads are written in the order in which the host had them, however late,
 * often or falsely an event reports them. If another process was first, the head is read again and the host is asked again.
 */
export function createFollowHost({ heads }: { heads: Pick<Heads, 'getMany'> }) {
  return async function followHost<Task extends RefTask, Answer, Result>(
    tasks: readonly Task[],
    ask: () => Promise<Answer>,
    plan: (task: Task, answer: Answer, known: Head | undefined) => Promise<Result | typeof changed>,
  ): Promise<Result[]> {
    const results: Result[] = [];
    const failures: unknown[] = [];
    let left = tasks;
    for (let count = 0; left.length > 0 && count < attempts; count++) {
      const stored = await heads.getMany(left.map(keyOf));
      const known = new Map(stored.map((head) => [`${head.project} ${head.ref}`, head]));
      const answer = await ask();
      const again: Task[] = [];
      await mapConcurrently(left, atOnce, async (task) => {
        const { project, ref } = keyOf(task);
        try {
          const result = await plan(task, answer, known.get(`${project} ${ref}`));
          if (result === changed) again.push(task);
          else results.push(result);
        } catch (error) {
          // The others are still planned; the trigger is retried for this one.
          failures.push(error);
        }
      });
      left = again;
    }
    if (failures.length > 0) throw failures[0];
    if (left[0])
      throw new Error(`Other writers changed the head of ${left[0].ref} of ${left[0].project.name} again and again.`);
    return results;
  };
}

export type FollowHost = ReturnType<typeof createFollowHost>;

function keyOf({ project, ref }: RefTask) {
  return { project: project.name, ref };
}
