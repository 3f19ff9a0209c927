import { z } from 'zod';
import type { Verdict } from './build.ts';
import { type Finding, type Scan, type Severity, severities } from './findings.ts';

export const policySchema = z.strictObject({
  /** The worst severity that may be released; anything above blocks. */
  maxSeverity: z.enum(severities),
});

export type Policy = z.infer<typeof policySchema>;

/** A finding without a severity is no reason to wave it through: it counts as MEDIUM. */
const weights: Record<Severity, number> = { CRITICAL: 5, HIGH: 4, MEDIUM: 3, UNDEFINED: 3, LOW: 2, INFORMATIONAL: 1 };

const maximumReasons = 50;

/** Whether a candidate may be released. Only a complete scan can pass; each reason is one sentence. */
export function judge(scan: Scan, policy: Policy): Verdict {
  const counts: Record<string, number> = {};
  for (const { severity } of scan.findings) counts[severity] = (counts[severity] ?? 0) + 1;
  if (scan.state !== 'complete') return { outcome: 'block', reasons: [withoutScan(scan)], counts };

  const limit = weights[policy.maxSeverity];
  const blocking = scan.findings
    .filter(({ severity }) => weights[severity] > limit)
    .sort((one, other) => weights[other.severity] - weights[one.severity] || one.id.localeCompare(other.id));
  const reasons = blocking.slice(0, maximumReasons).map((finding) => sentence(finding, policy));
  if (blocking.length > maximumReasons)
    reasons.push(`${blocking.length - maximumReasons} more findings above ${policy.maxSeverity}.`);
  return { outcome: blocking.length > 0 ? 'block' : 'pass', reasons, counts };
}

function sentence({ id, severity, package: name, installed, fixed }: Finding, policy: Policy): string {
  const remedy = fixed ? `update it to ${fixed}` : `no fixed version is known yet; remove the package`;
  return `${id} (${severity}) in ${name} ${installed}: the policy allows ${policy.maxSeverity} at most; ${remedy}.`;
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
