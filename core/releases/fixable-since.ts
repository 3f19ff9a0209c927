import { type Finding, isFixable } from '../model/findings.ts';
import { waivableVulnerability } from '../policy/vulnerability-objections.ts';
import { type Waivers, waiversOn } from '../policy/waivers.ts';

/**
 * Since when a released image has had the oldest of its vulnerabilities that an update fixes; null if it has none. What the index accepts
 * does not count. A vulnerability that was known at the release counts from the release.
 * @param findings those that were not known at the release with the time at which they were found
 */
export function fixableSince(
  findings: readonly (Finding & { since?: string | undefined })[],
  waivers: Waivers,
  { releasedAt, day }: { releasedAt: string; day: string },
): string | null {
  const waiverOf = waiversOn(waivers, day);
  const open = findings.filter(
    (finding) => isFixable(finding) && waiverOf(waivableVulnerability(finding)).accepted === undefined,
  );
  const times = open.map(({ since }) => since ?? releasedAt);
  return times.sort()[0] ?? null;
}
