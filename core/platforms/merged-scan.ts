import { bySeverity, type Finding, findingKey, type Scan } from '../model/findings.ts';
import type { Platform } from '../model/platform.ts';
import { shownText } from '../text/safe-line.ts';

export interface PlatformScan {
  platform: Platform;
  scan: Scan;
}

/** The best first: the scan of an image index is only as good as that of its worst platform. */
const states = ['complete', 'unsupported', 'failed', 'timed-out'] as const satisfies Scan['state'][];

/** The scan of an image index: what any platform has counts, and a finding that not all have says which do. */
export function mergedScan(scans: readonly PlatformScan[]): Scan {
  const all = scans.map(({ scan }) => scan);
  const [state = 'failed'] = all.map((scan) => scan.state).toSorted((one, other) => rank(other) - rank(one));
  const reasons = scans.flatMap(({ platform, scan }) =>
    scan.reason === undefined ? [] : [`${platform}: ${scan.reason}`],
  );
  return {
    state,
    reason: reasons.length === 0 ? undefined : shownText(reasons.join('; '), longestReason),
    findings: mergedFindings(scans),
    scanner: all[0]?.scanner,
    status: all.find((scan) => scan.state === state)?.status,
    completedAt: oldest(all.map(({ completedAt }) => completedAt)),
    sourceUpdatedAt: oldest(all.map(({ sourceUpdatedAt }) => sourceUpdatedAt)),
  };
}

/** What the scan of an image index says of one platform. */
export function scanOfPlatform(scan: Scan, platform: Platform): Scan {
  const findings = scan.findings.filter(({ platforms = [platform] }) => platforms.includes(platform));
  return { ...scan, findings: findings.map(({ platforms: _, ...finding }) => finding) };
}

const longestReason = 1000;

function mergedFindings(scans: readonly PlatformScan[]): Finding[] {
  const found = scans.flatMap(({ platform, scan }) => scan.findings.map((finding) => ({ platform, finding })));
  const merged = [...Map.groupBy(found, ({ finding }) => findingKey(finding)).values()].flatMap((same) => {
    const [worst] = same.map(({ finding }) => finding).toSorted(bySeverity);
    const platforms = [...new Set(same.map(({ platform }) => platform))];
    if (worst === undefined) return [];
    return [platforms.length === scans.length ? worst : { ...worst, platforms }];
  });
  return merged.toSorted(bySeverity);
}

const rank = (state: Scan['state']): number => states.indexOf(state);

/** If one of them has no time, the index has none. */
function oldest(times: readonly (string | undefined)[]): string | undefined {
  return times.every((time) => time !== undefined) ? times.toSorted()[0] : undefined;
}
