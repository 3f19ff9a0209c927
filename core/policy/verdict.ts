import type { Verdict } from '../model/build.ts';
import { countsOf, type Scan } from '../model/findings.ts';
import type { Policy } from '../model/policy.ts';
import { dayOf, daysAfter } from '../time/day.ts';
import { applyWaivers } from './apply-waivers.ts';
import {
  fewOfEachScanner,
  inOrder,
  type Objection,
  packagesOf,
  sentences,
  waiverEnds,
  withoutScan,
} from './objections.ts';
import { objectionsToScanners, type ScannerEvidence } from './scanner-objections.ts';
import { objectionsToVulnerabilities } from './vulnerability-objections.ts';
import { warningDays } from './waiver-expiry.ts';
import type { Waivers } from './waivers.ts';

/** What is known of a candidate. */
export interface Evidence {
  /** The result of the registry's scanner; absent where it left none. */
  scan: Scan | undefined;
  scanners: ScannerEvidence;
}

/** The rules of the verdict: the project's waivers, and the policy that counts for it, if there is one. */
export interface Rules extends Waivers {
  policy: Policy | undefined;
}

/** Enough for the example of an exception that mails and pages show. */
const mostExceptable = 3;

/**
 * Whether a candidate may be released. Nothing is released without a scan or without a policy. Each reason and each warning is one
 * sentence, the worst first.
 * @param now a waiver still counts on the day that it names, and not after it
 */
export function judge({ scan, scanners }: Evidence, { policy, ...waivers }: Rules, now: Date): Verdict {
  const findings = scan?.findings ?? [];
  const counts = countsOf(findings);
  if (!policy) return { outcome: 'block', reasons: [noPolicy], counts };

  const objections = [
    ...objectionsToScan(scan, policy),
    ...objectionsToVulnerabilities(findings, policy),
    ...objectionsToScanners(scanners, policy),
  ];
  const day = dayOf(now);
  const { left, accepted, used } = applyWaivers(objections, waivers, day);

  const blocking = inOrder(left.filter(({ response }) => response === 'block'));
  const endingSoon = [...used].filter(({ expires }) => expires <= daysAfter(day, warningDays)).map(waiverEnds);
  const warnings = inOrder([...fewOfEachScanner(left.filter(({ response }) => response === 'warn')), ...endingSoon]);
  const exceptable = blocking.flatMap((each) => each.exceptable ?? []).slice(0, mostExceptable);
  return {
    outcome: blocking.length > 0 ? 'block' : 'pass',
    reasons: sentences(blocking, 'reasons'),
    packages: packagesOf(blocking),
    warnings: warnings.length > 0 ? sentences(warnings, 'warnings') : undefined,
    counts,
    accepted: accepted > 0 ? accepted : undefined,
    exceptable: exceptable.length > 0 ? exceptable : undefined,
  };
}

const noPolicy =
  'No complete policy applies to this image: the configuration of the pipeline, the index and the entry together do not say what is allowed; correct "policy" in the configuration.';

/** Without a complete scan an image is blocked. The policy can make one exception: a distribution that the scanner does not support. */
function objectionsToScan(scan: Scan | undefined, { unscannable }: Policy): Objection[] {
  if (!scan) return [withoutScan({ state: 'timed-out' }, 'block')];
  switch (scan.state) {
    case 'complete':
      return [];
    case 'unsupported':
      return [withoutScan(scan, unscannable)];
    case 'failed':
    case 'timed-out':
      return [withoutScan(scan, 'block')];
  }
}
