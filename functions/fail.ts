import { S3Client } from '@aws-sdk/client-s3';
import type { BuildResult } from '../core/build-request.ts';
import { InvalidInputError } from '../core/errors.ts';
import { type ExecutionError, executionErrorSchema, failureOf } from '../core/execution-error.ts';
import { type Builds, createBuilds } from '../services/builds.ts';
import { createDocumentClient } from '../services/dynamodb.ts';
import { variable } from '../services/environment.ts';
import { createRecords, type Records } from '../services/records.ts';
import { stepInputSchema } from './step-input.ts';

const inputSchema = stepInputSchema.extend({ error: executionErrorSchema });

/** Ends a build as failed, with the best reason that there is. A build that has its end keeps it. */
export function createFail({ builds, records }: { builds: Builds; records: Records }) {
  /** A result that cannot be read must not keep the build from its end. */
  async function resultOf(id: string): Promise<BuildResult | undefined> {
    try {
      return await records.result(id);
    } catch (error) {
      if (!(error instanceof InvalidInputError)) throw error;
      return { outcome: 'failed', error: error.name, message: error.message };
    }
  }

  return async function fail(id: string, error: ExecutionError): Promise<void> {
    const build = await builds.require(id);
    await builds.close(build, 'failed', { failure: failureOf(await resultOf(id), error) });
  };
}

let run: ReturnType<typeof createFail> | undefined;

export function handler(input: unknown): Promise<void> {
  run ??= createFail({
    builds: createBuilds(createDocumentClient(), variable('BUILDS_TABLE')),
    records: createRecords(new S3Client({}), variable('RECORDS_BUCKET')),
  });
  const { build, error } = inputSchema.parse(input);
  return run(build, error);
}
