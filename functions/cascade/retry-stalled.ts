import type { Triggers } from '../../services/aws/triggers.ts';
import type { Rebuilds } from '../../services/tables/rebuilds.ts';
import { stalled, stepOf } from './announce.ts';

/** A great cascade waits for hours, and the queue has other things to do. */
const mostCalled = 1000;

interface Services {
  rebuilds: Pick<Rebuilds, 'stalledSince'>;
  triggers: Pick<Triggers, 'sendBatch'>;
}

/**
 * Has projects of cascades looked at again that nothing has moved for a while: what should have called them may have been lost. Of very
 * many any may be next, so that each has its turn.
 */
export function createRetryStalled({ rebuilds, triggers }: Services) {
  return async function retryStalled(since: string): Promise<void> {
    const projects: { name: string; place: number }[] = [];
    for await (const name of rebuilds.stalledSince(since)) projects.push({ name, place: Math.random() });
    projects.sort((one, other) => one.place - other.place);
    await triggers.sendBatch(projects.slice(0, mostCalled).map(({ name }) => stepOf(stalled, name)));
  };
}

export type CallUnmoved = ReturnType<typeof createRetryStalled>;
