/** The registry keeps a candidate for this many days. */
export const candidateDays = 14;

const dayMilliseconds = 24 * 3_600_000;

/** Whether the registry surely has the candidate of a build for another day, in which it can be scanned and released. */
export function isCandidateKept({ createdAt }: { createdAt: string }, now: Date): boolean {
  return now.getTime() - Date.parse(createdAt) < (candidateDays - 1) * dayMilliseconds;
}
