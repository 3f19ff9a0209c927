import type { Verdict } from '../model/build.ts';
import type { Finding, Scan } from '../model/findings.ts';
import { type Policy, severityWeights } from '../model/policy.ts';
import type { ScannerReports } from '../scanners/report.ts';
import { dayOf, daysAfter } from '../time/day.ts';
import {
  acceptanceEnds,
  inOrder,
  type Objection,
  sentences,
  severityInWords,
  vulnerabilityInWords,
  withoutScan,
} from './objections.ts';
import { objectionsOfScanners } from './scanner-objections.ts';
import { warningDays } from './waiver-expiry.ts';
import { type Acceptance, acceptances, type Decisions } from './waivers.ts';

/** What is known of a candidate. */
export interface Evidence {
  /** What the registry's scanner said. */
  scan: Scan;
  /** What the builder's scanners said, or why nobody knows. */
  scanners: ScannerReports | 'missing' | 'unreadable';
}

/** By what it is judged: the project's own decisions, and the policy that counts for it, if there is one. */
export interface Rules extends Decisions {
  policy: Policy | undefined;
}

/** As many as somebody may want to see how an exception is written. */
const mostExceptable = 3;

/**
 * Whether a candidate may be released. What nobody has looked at is not released, and neither is anything without a policy. Each reason
 * and each warning is one sentence, the worst first.
 * @param now an exception is good on the day that it names, and no longer
 */
export function judge({ scan, scanners }: Evidence, { policy, ...decisions }: Rules, now = new Date()): Verdict {
  const counts: Record<string, number> = {};
  for (const { severity } of scan.findings) counts[severity] = (counts[severity] ?? 0) + 1;
  if (!policy) return { outcome: 'block', reasons: [noPolicy], counts };

  const day = dayOf(now);
  const standingOf = acceptances(decisions, day);
  const used = new Set<Acceptance>();
  let accepted = 0;
  const weigh: Weigh = (subject, object) => {
    const standing = standingOf(subject);
    if (standing.accepted) {
      used.add(standing.accepted);
      accepted += 1;
    } else object(standing.ended);
  };

  const blocking: Objection[] = [];
  const warnings: Objection[] = [];
  objectionsOfScan(scan, policy, weigh, { blocking, warnings });
  objectionsOfScanners(scanners, policy, weigh, { blocking, warnings });
  const soon = daysAfter(day, warningDays);
  for (const acceptance of used) if (acceptance.expires <= soon) warnings.push(acceptanceEnds(acceptance));
  const warned = sentences(inOrder(warnings), 'warnings');
  const reasons = sentences(inOrder(blocking), 'reasons');
  const exceptable = blocking.flatMap((each) => each.exceptable ?? []).slice(0, mostExceptable);
  return {
    outcome: blocking.length > 0 ? 'block' : 'pass',
    reasons,
    warnings: warned.length > 0 ? warned : undefined,
    counts,
    accepted: accepted > 0 ? accepted : undefined,
    exceptable: exceptable.length > 0 ? exceptable : undefined,
  };
}

/** Counts a finding as accepted, or objects to it; then it says which acceptance of it has ended, if one has. */
export type Weigh = (
  subject: { ids: readonly string[]; package?: string | undefined; installed?: string | undefined },
  object: (ended: Acceptance | undefined) => void,
) => void;

export interface Objections {
  blocking: Objection[];
  warnings: Objection[];
}

const noPolicy =
  'There is no policy that could let this image pass: the configuration of the pipeline, the index and the entry together do not say what is allowed; mend "policy" in the configuration.';

function objectionsOfScan(scan: Scan, policy: Policy, weigh: Weigh, { blocking, warnings }: Objections): void {
  if (scan.state !== 'complete') {
    const isLetPass = scan.state === 'unsupported' && policy.unscannable === 'warn';
    (isLetPass ? warnings : blocking).push(withoutScan(scan, isLetPass));
  }
  const limits = {
    mended: policy.maxSeverity,
    unmended: policy.maxUnfixableSeverity ?? policy.maxSeverity,
  };
  for (const finding of scan.findings) {
    weigh({ ids: idsOf(finding), package: finding.package, installed: finding.installed }, (ended) => {
      const isMended = Boolean(finding.fixed) || finding.fixAvailable === 'YES';
      const limit = isMended ? limits.mended : limits.unmended;
      if (severityWeights[finding.severity] <= severityWeights[limit]) return;
      blocking.push({
        kind: 'vulnerabilities',
        weight: severityWeights[finding.severity],
        id: finding.id,
        exceptable: { id: finding.id, package: finding.package },
        sentence: () => vulnerabilityInWords(finding, severityInWords(limit, policy, isMended), ended),
      });
    });
  }
}

/** All names of a finding. */
export function idsOf({ id, aliases }: Finding): readonly string[] {
  return aliases ? [id, ...aliases] : [id];
}
