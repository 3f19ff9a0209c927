import { Logger } from '@aws-lambda-powertools/logger';
import type { EventBridgeEvent } from 'aws-lambda';
import { z } from 'zod';
import { once } from '../core/once.ts';
import { openRecords } from '../services/records/records.ts';
import { openBuilds } from '../services/tables/builds.ts';
import { openProjects } from '../services/tables/projects.ts';
import { createFail, type Fail } from './builds/fail-build.ts';
import { stepInputSchema } from './builds/step-input.ts';
import { openTell, untilNotified } from './builds/tell-end.ts';

/** https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html */
const detailSchema = z.object({
  input: z.string(),
  status: z.enum(['FAILED', 'TIMED_OUT', 'ABORTED']),
  error: z.string().nullish(),
  cause: z.string().nullish(),
});

interface Services {
  fail: Fail;
  tell: (build: string) => Promise<unknown>;
}

/**
 * An execution ended without the machine's own Catch: its build is closed and told all the same. Whoever stops one for a newer build has
 * closed its record before, so that what is stopped without that was cancelled.
 */
export function createCloseBuild({ fail, tell }: Services) {
  return async function closeBuild(detail: unknown): Promise<void> {
    const { input, status, error, cause } = detailSchema.parse(detail);
    const { build } = stepInputSchema.parse(JSON.parse(input));
    const reason = { Error: error ?? `Execution.${status}`, Cause: cause ?? undefined };
    await fail(build, reason, status === 'ABORTED' ? 'cancelled' : 'failed');
    await tell(build);
  };
}

const run = once(() =>
  createCloseBuild({
    fail: createFail({ builds: openBuilds(), projects: openProjects(), records: openRecords() }),
    // Lambda tries an event again after one minute and after two, longer than a telling is held.
    // https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
    tell: untilNotified(openTell(new Logger({ serviceName: 'close-build' }))),
  }),
);

export function handler(event: EventBridgeEvent<'Step Functions Execution Status Change', unknown>): Promise<void> {
  return run()(event.detail);
}
