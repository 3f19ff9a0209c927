import { Logger } from '@aws-lambda-powertools/logger';
import { mapConcurrently } from '../core/concurrency.ts';
import { once } from '../core/once.ts';
import { dayOf } from '../core/time/day.ts';
import { openTriggers, type Triggers } from '../services/aws/triggers.ts';
import { type Holds, openHolds } from '../services/tables/holds.ts';

const writesAtOnce = 16;

interface Services {
  holds: Pick<Holds, 'ending' | 'markEnded'>;
  triggers: Pick<Triggers, 'sendBatch'>;
  logger: Logger;
}

/**
 * Queues a trigger for each hold whose last day has passed, so that what it kept back is released. A hold that was prolonged or replaced
 * stays: the planner looks at the one in force.
 */
export function createEndHolds({ holds, triggers, logger }: Services) {
  return async function endHolds(now = new Date()): Promise<number> {
    let ended = 0;
    for await (const due of holds.ending(dayOf(now))) {
      await triggers.sendBatch(
        due.map(({ project, id }) => ({
          type: 'unhold',
          id: `hold-end:${project} ${id}`,
          project,
          because: 'date',
          requester: 'its last day',
        })),
      );
      await mapConcurrently(due, writesAtOnce, holds.markEnded);
      ended += due.length;
    }
    if (ended > 0) logger.info('Holds have ended', { holds: ended });
    return ended;
  };
}

const run = once(() =>
  createEndHolds({
    holds: openHolds(),
    triggers: openTriggers(),
    logger: new Logger({ serviceName: 'end-holds' }),
  }),
);

export function handler(): Promise<number> {
  return run()();
}
