import { executionErrorSchema } from '../core/builds/failure.ts';
import { once } from '../core/once.ts';
import { openRecords } from '../services/records/records.ts';
import { openBuilds } from '../services/tables/builds.ts';
import { openProjects } from '../services/tables/projects.ts';
import { openRecordBases } from './bases/record-bases.ts';
import { createFail } from './builds/fail-build.ts';
import { stepInputSchema } from './builds/step-input.ts';

const inputSchema = stepInputSchema.extend({ error: executionErrorSchema });

const run = once(() =>
  createFail({
    builds: openBuilds(),
    projects: openProjects(),
    records: openRecords(),
    recordBases: openRecordBases(),
  }),
);

export function handler(input: unknown): Promise<void> {
  const { build, error } = inputSchema.parse(input);
  return run()(build, { outcome: 'failed', error });
}
