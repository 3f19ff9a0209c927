import type { Verdict } from '../model/build.ts';
import { effectivePolicy } from '../model/policy.ts';
import type { Project } from '../model/project.ts';
import { scannerNames } from '../model/scanner-names.ts';
import { judge } from '../policy/verdict.ts';
import type { ReleaseFindings } from './rescan-findings.ts';

/** The builder's scanners looked at the image when it was built, and have nothing to say that its verdict did not have. */
const nothingOfTheBuilders = Object.fromEntries(scannerNames.map((name) => [name, 'ignore' as const]));

/**
 * What the policy says today of a released image by what its scan says; undefined of one that is gone.
 * @param pipeline the pipeline's own policy, as its configuration says it
 */
export function verdictToday(
  { state, reason, findings }: ReleaseFindings,
  project: Pick<Project, 'policy' | 'exceptions' | 'vex'> | undefined,
  pipeline: unknown,
  now: Date,
): Verdict | undefined {
  if (state === 'gone') return undefined;
  const policy = effectivePolicy(pipeline, { ...project?.policy, scanners: nothingOfTheBuilders });
  return judge(
    { scan: { state, reason, findings }, scanners: { version: 1, reports: [] } },
    { policy, exceptions: project?.exceptions, vex: project?.vex },
    now,
  );
}
