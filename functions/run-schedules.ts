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
 * Queues a trigger for each project whose schedule is due. The trigger's id contains the due time, so that the next run can make up for one
 * that crashed without a second build. All times that an outage missed are made up for by one build.
 */
export function createRunSchedules({ projects, triggers, logger }: Services) {
  return async function runSchedules(now = new Date()): Promise<number> {
    let queued = 0;
    for await (const due of projects.due(now)) {
      await triggers.sendBatch(
        due.map(({ name, schedule, dueAt }) => ({
          type: 'schedule',
          id: `schedule:${name}:${dueAt}`,
          project: name,
          schedule,
        })),
      );
      await mapConcurrently(due, writesAtOnce, (each) =>
        projects.setDue(each, dueAgainAt(each.schedule, each.dueAt, now)),
      );
      queued += due.length;
    }
    if (queued > 0) logger.info('Projects are due', { projects: queued });
    return queued;
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
