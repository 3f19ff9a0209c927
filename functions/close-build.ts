import { Logger } from '@aws-lambda-powertools/logger';
import type { EventBridgeEvent } from 'aws-lambda';
import * as z from 'zod';
import { endOfExecution } from '../core/builds/build-end.ts';
import { once } from '../core/once.ts';
import { openRecords } from '../services/records/records.ts';
import { openBuilds } from '../services/tables/builds.ts';
import { openProjects } from '../services/tables/projects.ts';
import { createFailBuild, type FailBuild } from './builds/fail-build.ts';
import { stepInputSchema } from './builds/step-input.ts';
import { openTellEnd, untilNotified } from './builds/tell-end.ts';

/** https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html */
const detailSchema = z.object({
  input: z.string(),
  status: z.enum(['FAILED', 'TIMED_OUT', 'ABORTED']),
  error: z.string().nullish(),
  cause: z.string().nullish(),
});

interface Services {
  failBuild: FailBuild;
  tell: (build: string) => Promise<unknown>;
}

/** Closes a build whose execution ended outside the machine's own Catch, and notifies people of its end. */
export function createCloseBuild({ failBuild, tell }: Services) {
  return async function closeBuild(detail: unknown): Promise<void> {
    const { input, status, error, cause } = detailSchema.parse(detail);
    const { build } = stepInputSchema.parse(JSON.parse(input));
    await failBuild(build, endOfExecution(status, error, cause));
    await tell(build);
  };
}

const run = once(() =>
  createCloseBuild({
    failBuild: createFailBuild({ builds: openBuilds(), projects: openProjects(), records: openRecords() }),
    // Lambda retries an event after one minute and again after two, and a process may hold the notification for less than that.
    // https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
    tell: untilNotified(openTellEnd(new Logger({ serviceName: 'close-build' }))),
  }),
);

export function handler(event: EventBridgeEvent<'Step Functions Execution Status Change', unknown>): Promise<void> {
  return run()(event.detail);
}
