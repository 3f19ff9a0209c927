import type { Verdict } from '../model/build.ts';
import { effectivePolicy } from '../model/policy.ts';
import type { Project } from '../model/project.ts';
import { scannerNames } from '../model/scanner-names.ts';
import { judge } from '../policy/verdict.ts';
import type { ReleaseFindings } from './rescan-findings.ts';

/** The builder's scanners scan an image only when it is built, so that they add nothing to its first verdict. */
const ignoredScanners = Object.fromEntries(scannerNames.map((name) => [name, 'ignore' as const]));

/**
 * The verdict that the policy gives a released image today, from its last scan; undefined for an image that is gone.
 * @param pipeline the pipeline's own policy, as its configuration has it
 */
export function verdictToday(
  { state, reason, findings }: ReleaseFindings,
  project: Pick<Project, 'policy' | 'exceptions' | 'vex'> | undefined,
  pipeline: unknown,
  now: Date,
): Verdict | undefined {
  if (state === 'gone') return undefined;
  const policy = effectivePolicy(pipeline, { ...project?.policy, scanners: ignoredScanners });
  return judge(
    { scan: { state, reason, findings }, scanners: { version: 1, reports: [] } },
    { policy, exceptions: project?.exceptions, vex: project?.vex },
    now,
  );
}
