import { z } from 'zod';
import { bySeverity, type Finding, findingKey, findingSchema, type Scan, scanSchema } from '../model/findings.ts';

/** The states that a look at an image ends in. */
const lookStates = ['complete', 'unsupported', 'failed', 'gone'] as const;

/** As much of a finding as tells whether it has changed. */
const toldFindingSchema = findingSchema.pick({
  id: true,
  severity: true,
  package: true,
  installed: true,
  fixed: true,
  fixAvailable: true,
});

const currentFindingSchema = findingSchema.omit({ description: true, paths: true }).extend({
  /** When a look found it that was not known at the release. */
  since: z.iso.datetime().optional(),
});

/** What is known today of a released image, and what of it people have been told: the object `releases/<project>/<digest>/findings.json`. */
export const releaseFindingsSchema = z.object({
  version: z.literal(1),
  checkedAt: z.iso.datetime(),
  state: z.enum(lookStates),
  reason: z.string().optional(),
  scan: scanSchema.pick({ scanner: true, completedAt: true, sourceUpdatedAt: true }),
  /** Of the last scan that was complete, the worst first. */
  findings: z.array(currentFindingSchema),
  /** What people know; where it is absent, all of the above. */
  told: z.object({ state: z.enum(lookStates), findings: z.array(toldFindingSchema) }).optional(),
});

export type ReleaseFindings = z.infer<typeof releaseFindingsSchema>;
export type CurrentFinding = z.infer<typeof currentFindingSchema>;
type ToldFinding = z.infer<typeof toldFindingSchema>;
type LookState = (typeof lookStates)[number];

/** What a look at an image found: a scan, or that there is no image any more. */
export type Look = Scan | { state: 'gone'; reason: string };

/** What has changed since people heard of an image last. */
export interface FindingChanges {
  appeared: Finding[];
  gone: ToldFinding[];
  /** With another severity, or a fixed version that is there now. */
  changed: { now: Finding; before: ToldFinding }[];
  /** The image cannot be looked at any more. */
  state?: { now: Exclude<LookState, 'complete'>; before: LookState } | undefined;
}

/**
 * Puts a look beside what was known before it.
 * @param atRelease what the build's own scan said, where nobody has looked since; without either, nothing is news
 */
export function afterLook(
  look: Look,
  known: ReleaseFindings | undefined,
  atRelease: Scan | undefined,
  now: Date,
): ReleaseFindings {
  const checkedAt = now.toISOString();
  const baseline = known?.findings ?? atRelease?.findings;
  const since = new Map(known?.findings.map((finding) => [findingKey(finding), finding.since]));
  const old = new Set(baseline?.map(findingKey));
  const findings =
    look.state === 'complete'
      ? look.findings.toSorted(bySeverity).map((finding): CurrentFinding => {
          const { description: _, paths: __, ...rest } = finding;
          const key = findingKey(finding);
          const first = !baseline || old.has(key) ? since.get(key) : checkedAt;
          return { ...rest, since: first };
        })
      : (known?.findings ?? atRelease?.findings ?? []);
  const told = known ? (known.told ?? toldOf(known)) : atRelease && toldOf({ ...atRelease, state: stateOf(atRelease) });
  const scan = look.state === 'gone' ? (known?.scan ?? {}) : look;
  const after: ReleaseFindings = {
    version: 1,
    checkedAt,
    state: stateOf(look),
    reason: look.reason,
    scan: {
      scanner: scan.scanner,
      completedAt: scan.completedAt,
      sourceUpdatedAt: scan.sourceUpdatedAt,
    },
    findings,
    told,
  };
  return changesOf(after) ? after : allTold(after);
}

/** People know all of it now. */
export function allTold({ told: _, ...findings }: ReleaseFindings): ReleaseFindings {
  return findings;
}

/** What people have not been told yet; undefined if they know all. */
export function changesOf({ state, findings, told }: ReleaseFindings): FindingChanges | undefined {
  if (!told) return undefined;
  const before = new Map(told.findings.map((finding) => [findingKey(finding), finding]));
  const now = new Set(findings.map(findingKey));
  const changes: FindingChanges = {
    appeared: findings.filter((finding) => !before.has(findingKey(finding))),
    gone: told.findings.filter((finding) => !now.has(findingKey(finding))),
    changed: findings.flatMap((finding) => {
      const old = before.get(findingKey(finding));
      return old && isChanged(old, finding) ? [{ now: finding, before: old }] : [];
    }),
    state: state !== 'complete' && state !== told.state ? { now: state, before: told.state } : undefined,
  };
  const { appeared, gone, changed } = changes;
  return appeared.length + gone.length + changed.length > 0 || changes.state ? changes : undefined;
}

/** How many findings of each severity there are. */
export function countsOf(findings: readonly Pick<Finding, 'severity'>[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { severity } of findings) counts[severity] = (counts[severity] ?? 0) + 1;
  return counts;
}

export function hasFix({ fixed, fixAvailable }: Pick<Finding, 'fixed' | 'fixAvailable'>): boolean {
  return Boolean(fixed) || fixAvailable === 'YES';
}

function isChanged(before: ToldFinding, now: Finding): boolean {
  return before.severity !== now.severity || hasFix(before) !== hasFix(now) || before.fixed !== now.fixed;
}

function toldOf({ state, findings }: { state: LookState; findings: readonly Finding[] }) {
  return { state, findings: findings.map((finding) => toldFindingSchema.parse(finding)) };
}

/** A build's scan that did not end in time says as little as one that failed. */
function stateOf({ state }: Look): LookState {
  return state === 'timed-out' ? 'failed' : state;
}
