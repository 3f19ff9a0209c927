import { S3Client } from '@aws-sdk/client-s3';
import { isTerminal, type Verdict } from '../core/build.ts';
import { type Policy, policySchema } from '../core/policy.ts';
import { judge } from '../core/verdict.ts';
import { type Builds, createBuilds } from '../services/builds.ts';
import { createDocumentClient } from '../services/dynamodb.ts';
import { variable } from '../services/environment.ts';
import { createProjects, type Projects } from '../services/projects.ts';
import { createRecords, type Records } from '../services/records.ts';
import { stepInputSchema } from './step-input.ts';

interface Services {
  builds: Builds;
  projects: Pick<Projects, 'get'>;
  records: Records;
  policy: Policy;
}

/** Puts the policy's verdict on a candidate, and ends a build that is blocked. No scan is no pass. */
export function createJudge({ builds, projects, records, policy }: Services) {
  return async function judgeStep(input: unknown): Promise<Pick<Verdict, 'outcome'>> {
    const build = await builds.require(stepInputSchema.parse(input).build);
    if (isTerminal(build.status)) return { outcome: 'block' };
    await builds.begin(build.id, 'judge', 'scanning');
    const scan = (await records.scan(build.id)) ?? { state: 'timed-out', findings: [] };
    const verdict = judge(scan, policy, await projects.get(build.project));
    const judged = await builds.endStage(build.id, 'judge', verdict.outcome === 'pass' ? 'succeeded' : 'failed', {
      verdict,
    });
    if (verdict.outcome === 'block') await builds.close(judged, 'blocked');
    return { outcome: verdict.outcome };
  };
}

let run: ReturnType<typeof createJudge> | undefined;

export function handler(input: unknown): Promise<Pick<Verdict, 'outcome'>> {
  const client = createDocumentClient();
  run ??= createJudge({
    builds: createBuilds(client, variable('BUILDS_TABLE')),
    projects: createProjects(client, variable('PROJECTS_TABLE')),
    records: createRecords(new S3Client({}), variable('RECORDS_BUCKET')),
    policy: policySchema.parse(JSON.parse(variable('POLICY'))),
  });
  return run(input);
}
