import { Logger } from '@aws-lambda-powertools/logger';
import { S3Client } from '@aws-sdk/client-s3';
import type { EventBridgeEvent } from 'aws-lambda';
import { z } from 'zod';
import { variable } from '../services/environment.ts';
import { createRecords } from '../services/records/records.ts';
import { createBuilds } from '../services/tables/builds.ts';
import { createDocumentClient } from '../services/tables/dynamodb.ts';
import { createProjects } from '../services/tables/projects.ts';
import { createFail } from './fail.ts';
import { createTell, tellServices, untilTold } from './tell.ts';
import { stepInputSchema } from './wiring/step-input.ts';

/** https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html */
const detailSchema = z.object({
  input: z.string(),
  status: z.enum(['FAILED', 'TIMED_OUT', 'ABORTED']),
  error: z.string().nullish(),
  cause: z.string().nullish(),
});

interface Services {
  fail: ReturnType<typeof createFail>;
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

let run: ReturnType<typeof createCloseBuild> | undefined;

export function handler(event: EventBridgeEvent<'Step Functions Execution Status Change', unknown>): Promise<void> {
  const client = createDocumentClient();
  run ??= createCloseBuild({
    fail: createFail({
      builds: createBuilds(client, variable('BUILDS_TABLE')),
      projects: createProjects(client, variable('PROJECTS_TABLE')),
      records: createRecords(new S3Client({}), variable('RECORDS_BUCKET')),
    }),
    // Lambda tries an event again after one minute and after two, longer than a telling is held.
    // https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
    tell: untilTold(createTell(tellServices(new Logger({ serviceName: 'close-build' })))),
  });
  return run(event.detail);
}
