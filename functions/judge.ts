import { type Build, isTerminal, type Verdict } from '../core/model/build.ts';
import { InvalidInputError } from '../core/model/errors.ts';
import { effectivePolicy } from '../core/model/policy.ts';
import { isTracked } from '../core/model/project.ts';
import { once } from '../core/once.ts';
import { changesVerdict } from '../core/policy/project-rules.ts';
import { type Evidence, judge } from '../core/policy/verdict.ts';
import type { ScannerReports } from '../core/scanners/report.ts';
import { jsonVariable } from '../services/environment.ts';
import { openPackageLists } from '../services/records/package-lists.ts';
import { openRecords, type Records } from '../services/records/records.ts';
import { type Builds, openBuilds } from '../services/tables/builds.ts';
import { openHeads } from '../services/tables/heads.ts';
import { openProjects, type ProjectRecord, type Projects } from '../services/tables/projects.ts';
import { type Comparisons, createDiffWithLastRelease } from './builds/diff-with-last-release.ts';
import { stepInputSchema } from './builds/step-input.ts';

interface Services {
  builds: Pick<Builds, 'require' | 'begin' | 'endStage' | 'close'>;
  projects: Pick<Projects, 'get' | 'recordVerdict'>;
  records: Pick<Records, 'scan' | 'scanners'>;
  comparisons: Comparisons;
  /** Unparsed, from the pipeline's configuration. Each verdict parses it; an invalid policy lets nothing pass. */
  policy: unknown;
}

/** Judges a candidate by the policy, and ends a build that is blocked. Without a scan nothing passes. */
export function createJudge({ builds, projects, records, comparisons, policy }: Services) {
  /** The reports may be malformed: the builder wrote them on a machine that also runs untrusted code. */
  async function scannersOf(id: string): Promise<Evidence['scanners']> {
    try {
      return (await records.scanners(id)) ?? 'missing';
    } catch (error) {
      if (!(error instanceof InvalidInputError)) throw error;
      return 'unreadable';
    }
  }

  /**
   * Records a verdict on the tracked branch with the project, so that a change of the index can rebuild a blocked candidate that may now
   * pass. A change that came during this judging could not see the verdict yet, so this function judges again.
   */
  async function verdictOn(build: Build, evidence: Evidence, project: ProjectRecord | undefined): Promise<Verdict> {
    const rules = {
      policy: effectivePolicy(policy, project?.policy),
      exceptions: project?.exceptions,
      vex: project?.vex,
    };
    const verdict = judge(evidence, rules, new Date());
    if (!project || !isTracked(project, build.ref)) return verdict;
    const recorded = await projects.recordVerdict(build, verdict.outcome);
    const isOutdated = recorded && changesVerdict(project, recorded);
    return isOutdated ? verdictOn(build, evidence, recorded) : verdict;
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
    const verdict = await verdictOn(build, { scan, scanners }, project);
    const changes = project && (await comparisons.keep(build, project));
    const judged = await builds.endStage(build.id, 'judge', verdict.outcome === 'pass' ? 'succeeded' : 'failed', {
      verdict: { ...verdict, digest: build.candidate?.digest },
      scanners: typeof scanners === 'string' ? undefined : countsOf(scanners),
      changes,
    });
    if (verdict.outcome === 'block') await builds.close(judged, 'blocked');
    return { outcome: verdict.outcome };
  };
}

function countsOf({ reports }: ScannerReports): NonNullable<Build['scanners']> {
  return Object.fromEntries(reports.map(({ scanner, state, total }) => [scanner, { state, total }]));
}

const run = once(() => {
  const [builds, records] = [openBuilds(), openRecords()];
  return createJudge({
    builds,
    projects: openProjects(),
    records,
    comparisons: createDiffWithLastRelease({ builds, heads: openHeads(), packages: openPackageLists(), records }),
    policy: jsonVariable('POLICY'),
  });
});

export function handler(input: unknown): Promise<Pick<Verdict, 'outcome'>> {
  return run()(input);
}
