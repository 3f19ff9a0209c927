import { Logger } from '@aws-lambda-powertools/logger';
import {
  isNotificationOverdue,
  reconciledTimes,
  reconciliationOf,
  type UnplannedEnd,
} from '../core/builds/build-end.ts';
import { type Build, type BuildStatus, queuedSince, runningStatuses, terminalStatuses } from '../core/model/build.ts';
import { once } from '../core/once.ts';
import { type BuildMetrics, openBuildMetrics } from '../services/aws/build-metrics.ts';
import { type Executions, openExecutions } from '../services/aws/executions.ts';
import { openTriggers } from '../services/aws/triggers.ts';
import { openRecords } from '../services/records/records.ts';
import { type Builds, openBuilds } from '../services/tables/builds.ts';
import { openProjects } from '../services/tables/projects.ts';
import { openRebuilds } from '../services/tables/rebuilds.ts';
import { createFailBuild, type FailBuild } from './builds/fail-build.ts';
import { type BuildStarter, openBuildStarter } from './builds/start-build.ts';
import { openTellEnd, type TellEnd } from './builds/tell-end.ts';
import { createRetryStalled, type RetryStalled } from './cascade/retry-stalled.ts';
import { openSendDigests, type SendDigests } from './cascade/send-digests.ts';

interface Services {
  builds: Pick<Builds, 'withStatus'>;
  executions: Pick<Executions, 'status'>;
  resume: BuildStarter['resume'];
  startOverdue: BuildStarter['startOverdue'];
  failBuild: FailBuild;
  tell: TellEnd;
  metrics: Pick<BuildMetrics, 'oldestQueued'>;
  /** Retries the projects of cascades that have been stalled since then. */
  retryStalled: RetryStalled;
  /** Sends the mails that wait for the end of their cascade. */
  sendDigests: SendDigests;
  logger: Logger;
}

/**
 * Finds builds that are recorded as running although nothing runs them, because an event was lost or a step crashed between two writes,
 * and resumes or ends each. Also sends notifications that are still pending, because their sender crashed or SES was down. An error with
 * one build does not keep the others from being reconciled.
 */
export function createReconcileBuilds({
  builds,
  executions,
  resume,
  startOverdue,
  failBuild,
  tell,
  metrics,
  retryStalled,
  sendDigests,
  logger,
}: Services) {
  async function end({ id }: Build, how: UnplannedEnd): Promise<void> {
    await failBuild(id, how);
    await tell(id);
  }

  async function reconcile(build: Build): Promise<void> {
    const decision = reconciliationOf(await executions.status(build.id));
    if (decision.do === 'leave') return;
    if (decision.do === 'end') await end(build, decision);
    else if (!(await resume(build))) await end(build, decision.otherwise);
    // It may also have waited for other builds of its project.
    else if ((await executions.status(build.id)) === 'absent') return;
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
    const { settled, oldestNotifiable } = reconciledTimes(now);
    const errors: unknown[] = [];
    const attempt = (work: Promise<unknown>) => work.catch((error: unknown) => void errors.push(error));
    let oldestQueued = now.getTime();
    // There may be thousands of them, and nothing is wrong with any.
    const waitsForRoom = await startOverdue();
    for (const status of runningStatuses) {
      for await (const build of withStatus(status)) {
        if (status === 'queued') oldestQueued = Math.min(oldestQueued, Date.parse(queuedSince(build)));
        if (build.createdAt < settled && !waitsForRoom(build)) await attempt(reconcile(build));
      }
    }
    metrics.oldestQueued((now.getTime() - oldestQueued) / 1000);
    for (const status of terminalStatuses) {
      for await (const build of withStatus(status)) {
        if (build.createdAt < oldestNotifiable) break;
        if (isNotificationOverdue(build, settled)) await attempt(tell(build.id));
      }
    }
    await attempt(retryStalled(settled));
    await attempt(sendDigests(now));
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
    ...openBuildStarter(logger),
    failBuild: createFailBuild({ builds, projects: openProjects(), records: openRecords() }),
    tell: openTellEnd(logger),
    metrics: openBuildMetrics(),
    retryStalled: createRetryStalled({ rebuilds: openRebuilds(), triggers: openTriggers() }),
    sendDigests: openSendDigests(logger),
    logger,
  });
});

export function handler(): Promise<void> {
  return run()();
}
