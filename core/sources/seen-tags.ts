import { createHash } from 'node:crypto';

/** At `mostTags` tags, the chance that a new tag has the fingerprint of a known one is below one in a thousand million. */
const fingerprintBytes = 6;
/** An item of DynamoDB has at most 400 KB. */
const mostTags = 60_000;

/** A short fingerprint of each version tag and its commit, because a repository may have thousands. Undefined if there are too many. */
export function tagSnapshot(tags: ReadonlyMap<string, string>): Uint8Array<ArrayBuffer> | undefined {
  if (tags.size > mostTags) return undefined;
  const fingerprints = [...tags].map(([ref, commit]) => fingerprintOf(ref, commit)).sort(Buffer.compare);
  return new Uint8Array(Buffer.concat(fingerprints));
}

/** The tags that are new or have moved since the snapshot. */
export function tagsSince(snapshot: Uint8Array, tags: ReadonlyMap<string, string>): [ref: string, commit: string][] {
  const known = new Set<string>();
  const bytes = Buffer.from(snapshot);
  for (let at = 0; at < bytes.length; at += fingerprintBytes)
    known.add(bytes.toString('latin1', at, at + fingerprintBytes));
  return [...tags].filter(([ref, commit]) => !known.has(fingerprintOf(ref, commit).toString('latin1')));
}

function fingerprintOf(ref: string, commit: string): Buffer {
  return createHash('sha256').update(`${ref}\n${commit}`).digest().subarray(0, fingerprintBytes);
}
