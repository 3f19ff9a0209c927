import type { Verdict } from './build.ts';
import type { Finding, Scan, Severity } from './findings.ts';
import type { Policy } from './policy.ts';
import type { Project } from './project.ts';

/** A finding without a severity is no reason to wave it through: it counts as MEDIUM. */
const weights: Record<Severity, number> = { CRITICAL: 5, HIGH: 4, MEDIUM: 3, UNDEFINED: 3, LOW: 2, INFORMATIONAL: 1 };

const maximumReasons = 50;

/** What an entry of the index says for itself: its own limit, and the findings that it accepts until a day. */
export type OwnRules = Partial<Pick<Project, 'policy' | 'exceptions'>>;

/**
 * Whether a candidate may be released. Only a complete scan can pass; each reason is one sentence.
 * @param today an exception is good on the day that it names, and no longer
 */
export function judge(scan: Scan, common: Policy, own: OwnRules = {}, today = new Date()): Verdict {
  const policy: Policy = { ...common, maxSeverity: own.policy?.maxSeverity ?? common.maxSeverity };
  const counts: Record<string, number> = {};
  for (const { severity } of scan.findings) counts[severity] = (counts[severity] ?? 0) + 1;
  if (scan.state !== 'complete') return { outcome: 'block', reasons: [withoutScan(scan)], counts };

  const limit = weights[policy.maxSeverity];
  const day = today.toISOString().slice(0, 10);
  const exceptions = new Map((own.exceptions ?? []).map(({ id, expires }) => [id, expires]));
  const accepted = ({ id }: Finding) => (exceptions.get(id) ?? '') >= day;
  const blocking = scan.findings
    .filter((finding) => weights[finding.severity] > limit && !accepted(finding))
    .sort((one, other) => weights[other.severity] - weights[one.severity] || one.id.localeCompare(other.id));
  const reasons = blocking
    .slice(0, maximumReasons)
    .map((finding) => sentence(finding, policy, exceptions.get(finding.id)));
  if (blocking.length > maximumReasons)
    reasons.push(`${blocking.length - maximumReasons} more findings above ${policy.maxSeverity}.`);
  return { outcome: blocking.length > 0 ? 'block' : 'pass', reasons, counts };
}

function sentence(
  { id, severity, package: name, installed, fixed }: Finding,
  policy: Policy,
  expired: string | undefined,
): string {
  const remedy = fixed ? `update it to ${fixed}` : `no fixed version is known yet; remove the package`;
  return `${id} (${severity}) in ${name} ${installed}: the policy allows ${policy.maxSeverity} at most${expired ? `, and its exception ended on ${expired}` : ''}; ${remedy}.`;
}

function withoutScan({ state, reason }: Scan): string {
  const detail = reason ? `: ${reason.replace(/[.\s]+$/, '')}` : '';
  switch (state) {
    case 'unsupported':
      return `The scanner cannot read this image${detail}; an image without a scan is not released.`;
    case 'timed-out':
      return `The scan did not end in time${detail}; an image without a scan is not released. Push again to have it scanned anew.`;
    default:
      return `The scan failed${detail}; an image without a scan is not released.`;
  }
}
