import type { Triggers } from '../../services/aws/triggers.ts';
import type { Rebuilds } from '../../services/tables/rebuilds.ts';
import { stalled, stepOf } from './announce.ts';

/** Many projects of a large cascade wait for hours, and the queue must stay free for other triggers. */
const mostRetried = 1000;

interface Services {
  rebuilds: Pick<Rebuilds, 'stalledSince'>;
  triggers: Pick<Triggers, 'sendBatch'>;
}

/**
 * Sends a step to projects of cascades that have been stalled for a while, because their own step may have been lost. If there are too many,
 * it picks some at random, so that each is retried sooner or later.
 */
export function createRetryStalled({ rebuilds, triggers }: Services) {
  return async function retryStalled(since: string): Promise<void> {
    const projects: { name: string; rank: number }[] = [];
    for await (const name of rebuilds.stalledSince(since)) projects.push({ name, rank: Math.random() });
    projects.sort((one, other) => one.rank - other.rank);
    await triggers.sendBatch(projects.slice(0, mostRetried).map(({ name }) => stepOf(stalled, name)));
  };
}

export type RetryStalled = ReturnType<typeof createRetryStalled>;
