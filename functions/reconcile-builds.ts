import { Logger } from '@aws-lambda-powertools/logger';
import type { ExecutionError } from '../core/builds/failure.ts';
import { type Build, type BuildStatus, runningStatuses, terminalStatuses } from '../core/model/build.ts';
import { once } from '../core/once.ts';
import { type Executions, openExecutions } from '../services/aws/executions.ts';
import { openTriggers } from '../services/aws/triggers.ts';
import { openRecords } from '../services/records/records.ts';
import { type Builds, openBuilds } from '../services/tables/builds.ts';
import { openProjects } from '../services/tables/projects.ts';
import { openRebuilds } from '../services/tables/rebuilds.ts';
import { createFail, type Fail } from './builds/fail-build.ts';
import { type BuildStarter, openBuildStarter } from './builds/start-build.ts';
import { openTell, type Tell } from './builds/tell-end.ts';
import { createRetryStalled, type RetryStalled } from './cascade/retry-stalled.ts';

/** A younger build may be between two writes of the step that works on it. */
const settledMilliseconds = 10 * 60_000;
/** How long after its creation a build's end is still notified. A build may wait and run for a day. */
const notifiableMilliseconds = 3 * 24 * 3_600_000;

interface Services {
  builds: Pick<Builds, 'withStatus'>;
  executions: Pick<Executions, 'status'>;
  resume: BuildStarter['resume'];
  fail: Fail;
  tell: Tell;
  /** Retries the projects of cascades that have been stalled since then. */
  retryStalled: RetryStalled;
  logger: Logger;
}

/**
 * Finds builds that are recorded as running although nothing runs them, because an event was lost or a step crashed between two writes,
 * and resumes or ends each. Also sends notifications that are still pending, because their sender crashed or SES was down. An error with
 * one build does not keep the others from being reconciled.
 */
export function createReconcileBuilds({ builds, executions, resume, fail, tell, retryStalled, logger }: Services) {
  async function end({ id }: Build, error: ExecutionError, outcome: 'failed' | 'cancelled' = 'failed'): Promise<void> {
    await fail(id, error, outcome);
    await tell(id);
  }

  async function reconcile(build: Build): Promise<void> {
    switch (await executions.status(build.id)) {
      case 'running':
        return;
      case 'absent':
        if (!(await resume(build))) await end(build, { Error: 'ProjectGoneError', Cause: 'The project is gone.' });
        // It may also have waited for other builds of its project.
        else if ((await executions.status(build.id)) === 'absent') return;
        break;
      case 'aborted':
        await end(build, {}, 'cancelled');
        break;
      case 'ended':
        await end(build, { Error: 'ExecutionEndedError' });
    }
    logger.warn('Nothing ran a build that was recorded as running', { build: build.id, status: build.status });
  }

  /** Newest first. */
  async function* withStatus(status: BuildStatus): AsyncGenerator<Build> {
    let cursor: string | undefined;
    do {
      const page = await builds.withStatus(status, { limit: 100, cursor });
      yield* page.items;
      cursor = page.cursor;
    } while (cursor);
  }

  return async function reconcileBuilds(now = new Date()): Promise<void> {
    const settled = new Date(now.getTime() - settledMilliseconds).toISOString();
    const oldestNotifiable = new Date(now.getTime() - notifiableMilliseconds).toISOString();
    const errors: unknown[] = [];
    const attempt = (work: Promise<unknown>) => work.catch((error: unknown) => void errors.push(error));
    for (const status of runningStatuses) {
      for await (const build of withStatus(status)) if (build.createdAt < settled) await attempt(reconcile(build));
    }
    for (const status of terminalStatuses) {
      for await (const build of withStatus(status)) {
        if (build.createdAt < oldestNotifiable) break;
        if (!build.notifiedAt && build.endedAt && build.endedAt < settled) await attempt(tell(build.id));
      }
    }
    await attempt(retryStalled(settled));
    if (errors.length > 0) throw errors.length === 1 ? errors[0] : new AggregateError(errors, messagesOf(errors));
  };
}

function messagesOf(errors: unknown[]): string {
  return errors.map((error) => (error instanceof Error ? error.message : String(error))).join(' ');
}

const run = once(() => {
  const logger = new Logger({ serviceName: 'reconcile-builds' });
  const builds = openBuilds();
  return createReconcileBuilds({
    builds,
    executions: openExecutions(),
    resume: openBuildStarter(logger).resume,
    fail: createFail({ builds, projects: openProjects(), records: openRecords() }),
    tell: openTell(logger),
    retryStalled: createRetryStalled({ rebuilds: openRebuilds(), triggers: openTriggers() }),
    logger,
  });
});

export function handler(): Promise<void> {
  return run()();
}
