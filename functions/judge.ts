import { S3Client } from '@aws-sdk/client-s3';
import { type Build, isTerminal, type Verdict } from '../core/model/build.ts';
import { InvalidInputError } from '../core/model/errors.ts';
import { effectivePolicy } from '../core/model/policy.ts';
import { changesVerdict } from '../core/policy/project-rules.ts';
import { type Evidence, judge } from '../core/policy/verdict.ts';
import type { ScannerReports } from '../core/scanners/report.ts';
import { variable } from '../services/environment.ts';
import { createPackageLists } from '../services/records/package-lists.ts';
import { createRecords, type Records } from '../services/records/records.ts';
import { type Builds, createBuilds } from '../services/tables/builds.ts';
import { createDocumentClient } from '../services/tables/dynamodb.ts';
import { createHeads } from '../services/tables/heads.ts';
import { createProjects, type ProjectRecord, type Projects } from '../services/tables/projects.ts';
import { type Comparisons, createComparisons } from './builds/diff-with-last-release.ts';
import { stepInputSchema } from './wiring/step-input.ts';

interface Services {
  builds: Builds;
  projects: Pick<Projects, 'get' | 'noteVerdict'>;
  records: Records;
  comparisons: Comparisons;
  /** As the configuration of the pipeline says it: it is looked at with each verdict, and one that cannot be read lets nothing pass. */
  policy: unknown;
}

/** Puts the policy's verdict on a candidate, and ends a build that is blocked. No scan is no pass. */
export function createJudge({ builds, projects, records, comparisons, policy }: Services) {
  /** The builder wrote it beside strangers' code. */
  async function scannersOf(id: string): Promise<Evidence['scanners']> {
    try {
      return (await records.scanners(id)) ?? 'missing';
    } catch (error) {
      if (!(error instanceof InvalidInputError)) throw error;
      return 'unreadable';
    }
  }

  /**
   * A verdict on a candidate of the branch is left with the project: a change of the index has those built again that it may let pass. One
   * that came while this verdict was found is met here, for it could not see it.
   */
  async function verdictOn(build: Build, evidence: Evidence, project: ProjectRecord | undefined): Promise<Verdict> {
    const verdict = judge(evidence, {
      policy: effectivePolicy(policy, project?.policy),
      exceptions: project?.exceptions,
      vex: project?.vex,
    });
    if (build.ref !== `refs/heads/${project?.gitBranch}`) return verdict;
    const noted = await projects.noteVerdict(build, verdict.outcome);
    const isOutdated = project && noted && changesVerdict(project, noted);
    return isOutdated ? verdictOn(build, evidence, noted) : verdict;
  }

  return async function judgeStep(input: unknown): Promise<Pick<Verdict, 'outcome'>> {
    const build = await builds.require(stepInputSchema.parse(input).build);
    if (isTerminal(build.status)) return { outcome: 'block' };
    await builds.begin(build.id, 'judge', 'scanning');
    const [scan, scanners, project] = await Promise.all([
      records.scan(build.id),
      scannersOf(build.id),
      projects.get(build.project),
    ]);
    const evidence = { scan: scan ?? { state: 'timed-out' as const, findings: [] }, scanners };
    const verdict = await verdictOn(build, evidence, project);
    const changes = project && (await comparisons.keep(build, project));
    const judged = await builds.endStage(build.id, 'judge', verdict.outcome === 'pass' ? 'succeeded' : 'failed', {
      verdict,
      scanners: typeof scanners === 'string' ? undefined : inNumbers(scanners),
      changes,
    });
    if (verdict.outcome === 'block') await builds.close(judged, 'blocked');
    return { outcome: verdict.outcome };
  };
}

function inNumbers({ reports }: ScannerReports): NonNullable<Build['scanners']> {
  return Object.fromEntries(reports.map(({ scanner, state, total }) => [scanner, { state, total }]));
}

let run: ReturnType<typeof createJudge> | undefined;

export function handler(input: unknown): Promise<Pick<Verdict, 'outcome'>> {
  run ??= openJudge();
  return run(input);
}

function openJudge(): ReturnType<typeof createJudge> {
  const client = createDocumentClient();
  const s3 = new S3Client({});
  const bucket = variable('RECORDS_BUCKET');
  const builds = createBuilds(client, variable('BUILDS_TABLE'));
  const heads = createHeads(client, variable('HEADS_TABLE'));
  const records = createRecords(s3, bucket);
  return createJudge({
    builds,
    projects: createProjects(client, variable('PROJECTS_TABLE')),
    records,
    comparisons: createComparisons({ builds, heads, packages: createPackageLists(s3, bucket), records }),
    policy: JSON.parse(variable('POLICY')),
  });
}
