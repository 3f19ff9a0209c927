import { Logger } from '@aws-lambda-powertools/logger';
import { S3Client } from '@aws-sdk/client-s3';
import { SFNClient } from '@aws-sdk/client-sfn';
import { type Build, runningStatuses } from '../core/build.ts';
import { type Builds, createBuilds } from '../services/builds.ts';
import { createDocumentClient } from '../services/dynamodb.ts';
import { variable } from '../services/environment.ts';
import { createExecutions, type Executions } from '../services/executions.ts';
import { createRecords } from '../services/records.ts';
import { createFail } from './fail.ts';
import { createTell, tellServices } from './tell.ts';

/** A build younger than this may be between two writes of the step that is at it. */
const settledMilliseconds = 10 * 60_000;

interface Services {
  builds: Builds;
  executions: Executions;
  fail: ReturnType<typeof createFail>;
  tell: ReturnType<typeof createTell>;
  logger: Logger;
}

/**
 * Finds builds that say they run while nothing runs them, because an event was lost or a step died between two writes, and brings
 * each to its end.
 */
export function createReconcileBuilds({ builds, executions, fail, tell, logger }: Services) {
  async function reconcile(build: Build): Promise<void> {
    switch (await executions.status(build.id)) {
      case 'running':
        return;
      case 'absent':
        await executions.start(build.id);
        break;
      case 'ended':
        await fail(build.id, { Error: 'ExecutionEndedError' });
        await tell(build.id);
    }
    logger.warn('A build was left over', { build: build.id, status: build.status });
  }

  return async function reconcileBuilds(now = new Date()): Promise<void> {
    const settled = new Date(now.getTime() - settledMilliseconds).toISOString();
    for (const status of runningStatuses) {
      let cursor: string | undefined;
      do {
        const page = await builds.withStatus(status, { limit: 100, cursor });
        for (const build of page.items) if (build.createdAt < settled) await reconcile(build);
        cursor = page.cursor;
      } while (cursor);
    }
  };
}

let run: ReturnType<typeof createReconcileBuilds> | undefined;

export function handler(): Promise<void> {
  const logger = new Logger({ serviceName: 'reconcile-builds' });
  const builds = createBuilds(createDocumentClient(), variable('BUILDS_TABLE'));
  run ??= createReconcileBuilds({
    builds,
    executions: createExecutions(new SFNClient({}), variable('STATE_MACHINE_ARN')),
    fail: createFail({ builds, records: createRecords(new S3Client({}), variable('RECORDS_BUCKET')) }),
    tell: createTell(tellServices(logger)),
    logger,
  });
  return run();
}
