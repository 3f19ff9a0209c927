import { Logger } from '@aws-lambda-powertools/logger';
import { mapConcurrently } from '../core/concurrency.ts';
import { once } from '../core/once.ts';
import { dueAgainAt } from '../core/triggers/schedule.ts';
import { openTriggers, type Triggers } from '../services/aws/triggers.ts';
import { openProjects, type Projects } from '../services/tables/projects.ts';

const writesAtOnce = 16;

interface Services {
  projects: Pick<Projects, 'due' | 'setDue'>;
  triggers: Pick<Triggers, 'sendBatch'>;
  logger: Logger;
}

/**
 * Calls for the builds whose hour has come. An hour is named by what it is due at, so that a run that died is made good by the next
 * without a second build; hours that went by during an outage are made good by one build.
 */
export function createRunSchedules({ projects, triggers, logger }: Services) {
  return async function runSchedules(now = new Date()): Promise<number> {
    let called = 0;
    for await (const due of projects.due(now)) {
      const receivedAt = now.toISOString();
      await triggers.sendBatch(
        due.map(({ name, schedule, dueAt }) => ({
          type: 'schedule',
          id: `schedule:${name}:${dueAt}`,
          receivedAt,
          project: name,
          schedule,
        })),
      );
      await mapConcurrently(due, writesAtOnce, (each) =>
        projects.setDue(each, dueAgainAt(each.schedule, each.dueAt, now)),
      );
      called += due.length;
    }
    if (called > 0) logger.info('Projects are due', { projects: called });
    return called;
  };
}

const run = once(() =>
  createRunSchedules({
    projects: openProjects(),
    triggers: openTriggers(),
    logger: new Logger({ serviceName: 'run-schedules' }),
  }),
);

export function handler(): Promise<number> {
  return run()();
}
