import * as z from 'zod';
import {
  bySeverity,
  type Finding,
  findingKey,
  findingSchema,
  isFixable,
  type Scan,
  scanSchema,
} from '../model/findings.ts';

/** The states that a rescan of an image ends in. */
const rescanStates = ['complete', 'unsupported', 'failed', 'gone'] as const;

/** The part of a finding that shows whether it has changed. */
const notifiedFindingSchema = findingSchema.pick({
  id: true,
  severity: true,
  package: true,
  installed: true,
  fixed: true,
  fixAvailable: true,
});

const currentFindingSchema = findingSchema.omit({ description: true, paths: true }).extend({
  /** The rescan that found it first; absent where it was known at the release. */
  since: z.iso.datetime().optional(),
});

/** What is known today of a released image, and what its owners were notified of: the object `releases/<project>/<digest>/findings.json`. */
export const releaseFindingsSchema = z.object({
  version: z.literal(1),
  checkedAt: z.iso.datetime(),
  state: z.enum(rescanStates),
  reason: z.string().optional(),
  scan: scanSchema.pick({ scanner: true, completedAt: true, sourceUpdatedAt: true }),
  /** Of the last complete scan, the worst first. */
  findings: z.array(currentFindingSchema),
  /** What owners were notified of; where absent, all of the above. */
  notified: z.object({ state: z.enum(rescanStates), findings: z.array(notifiedFindingSchema) }).optional(),
});

export type ReleaseFindings = z.infer<typeof releaseFindingsSchema>;
export type CurrentFinding = z.infer<typeof currentFindingSchema>;
type NotifiedFinding = z.infer<typeof notifiedFindingSchema>;
type RescanState = (typeof rescanStates)[number];

/** The result of a rescan: a scan, or that the image is gone. */
export type RescanResult = Scan | { state: 'gone'; reason: string };

/** What has changed since owners of an image were last notified. */
export interface FindingChanges {
  appeared: Finding[];
  gone: NotifiedFinding[];
  /** With another severity, or with another fixed version. */
  changed: { now: Finding; before: NotifiedFinding }[];
  /** The image can no longer be scanned. */
  state?: { now: Exclude<RescanState, 'complete'>; before: RescanState } | undefined;
}

/**
 * What is known after a rescan, given what was known before.
 * @param atRelease the build's own scan, for the first rescan; without it and `known`, nothing counts as a change
 */
export function afterRescan(
  result: RescanResult,
  known: ReleaseFindings | undefined,
  atRelease: Scan | undefined,
  now: Date,
): ReleaseFindings {
  const checkedAt = now.toISOString();
  const baseline = known?.findings ?? atRelease?.findings;
  const since = new Map(known?.findings.map((finding) => [findingKey(finding), finding.since]));
  const old = new Set(baseline?.map(findingKey));
  const findings =
    result.state === 'complete'
      ? result.findings.toSorted(bySeverity).map((finding): CurrentFinding => {
          const { description: _, paths: __, ...rest } = finding;
          const key = findingKey(finding);
          const first = !baseline || old.has(key) ? since.get(key) : checkedAt;
          return { ...rest, since: first };
        })
      : (known?.findings ?? atRelease?.findings ?? []);
  const notified = known
    ? (known.notified ?? notifiedOf(known))
    : atRelease && notifiedOf({ ...atRelease, state: stateOf(atRelease) });
  const scan = result.state === 'gone' ? (known?.scan ?? {}) : result;
  const after: ReleaseFindings = {
    version: 1,
    checkedAt,
    state: stateOf(result),
    reason: result.reason,
    scan: {
      scanner: scan.scanner,
      completedAt: scan.completedAt,
      sourceUpdatedAt: scan.sourceUpdatedAt,
    },
    findings,
    notified,
  };
  return changesOf(after) ? after : allNotified(after);
}

/** Owners were notified of all of it. */
export function allNotified({ notified: _, ...findings }: ReleaseFindings): ReleaseFindings {
  return findings;
}

/** The changes that owners were not notified of yet; undefined if there are none. */
export function changesOf({ state, findings, notified }: ReleaseFindings): FindingChanges | undefined {
  if (!notified) return undefined;
  const before = new Map(notified.findings.map((finding) => [findingKey(finding), finding]));
  const now = new Set(findings.map(findingKey));
  const changes: FindingChanges = {
    appeared: findings.filter((finding) => !before.has(findingKey(finding))),
    gone: notified.findings.filter((finding) => !now.has(findingKey(finding))),
    changed: findings.flatMap((finding) => {
      const old = before.get(findingKey(finding));
      return old && isChanged(old, finding) ? [{ now: finding, before: old }] : [];
    }),
    state: state !== 'complete' && state !== notified.state ? { now: state, before: notified.state } : undefined,
  };
  const { appeared, gone, changed } = changes;
  return appeared.length + gone.length + changed.length > 0 || changes.state ? changes : undefined;
}

function isChanged(before: NotifiedFinding, now: Finding): boolean {
  return before.severity !== now.severity || isFixable(before) !== isFixable(now) || before.fixed !== now.fixed;
}

function notifiedOf({ state, findings }: { state: RescanState; findings: readonly Finding[] }) {
  return { state, findings: findings.map((finding) => notifiedFindingSchema.parse(finding)) };
}

/** A scan that did not end in time has no result, like one that failed. */
function stateOf({ state }: RescanResult): RescanState {
  return state === 'timed-out' ? 'failed' : state;
}
