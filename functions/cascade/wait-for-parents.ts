import { waitCycle } from '../../core/cascade/next-step.ts';
import { type Decision, decide, type Pending } from '../../core/cascade/rebuild-state.ts';
import type { Rebuilds } from '../../services/tables/rebuilds.ts';

interface Services {
  rebuilds: Pick<Rebuilds, 'get' | 'getMany'>;
}

export function createWaitForParents({ rebuilds }: Services) {
  /** What a project does now, by what has become of its parents. */
  async function decideFor(pending: Pending): Promise<Decision> {
    const parents = await rebuilds.getMany(Object.keys(pending.parents));
    return decide(pending, (name) => parents.get(name), new Date());
  }

  /** The parent that a project waits for; undefined if it does not wait. */
  async function awaitedBy(project: string): Promise<string | undefined> {
    const { pending } = await rebuilds.get(project);
    const decision = pending?.state === 'waiting' ? await decideFor(pending) : undefined;
    return decision?.do === 'wait' ? decision.for : undefined;
  }

  return {
    decideFor,

    /** Whether a project that waits for a parent waits in the end for itself, which no event would ever end. */
    async waitsForItself(project: string, parent: string): Promise<boolean> {
      const waitsFor = new Map<string, string | undefined>();
      for (;;) {
        const found = waitCycle(project, parent, waitsFor);
        if (found.do === 'answer') return found.isCycle;
        waitsFor.set(found.project, await awaitedBy(found.project));
      }
    },
  };
}
