import { createHash } from 'node:crypto';

/** With so many tags the chance that a new one looks like a known one is one in a thousand million. */
const printBytes = 6;
/** An item of DynamoDB has at most 400 KB. */
const mostTags = 60_000;

/** Where the version tags of a repository are: a short print of each, for there may be thousands. Undefined where they are too many. */
export function tagSnapshot(tags: ReadonlyMap<string, string>): Uint8Array<ArrayBuffer> | undefined {
  if (tags.size > mostTags) return undefined;
  const prints = [...tags].map(([ref, commit]) => printOf(ref, commit)).sort(Buffer.compare);
  return new Uint8Array(Buffer.concat(prints));
}

/** The tags that are new since the snapshot, or have moved. */
export function tagsSince(snapshot: Uint8Array, tags: ReadonlyMap<string, string>): [ref: string, commit: string][] {
  const known = new Set<string>();
  const bytes = Buffer.from(snapshot);
  for (let at = 0; at < bytes.length; at += printBytes) known.add(bytes.toString('latin1', at, at + printBytes));
  return [...tags].filter(([ref, commit]) => !known.has(printOf(ref, commit).toString('latin1')));
}

function printOf(ref: string, commit: string): Buffer {
  return createHash('sha256').update(`${ref}\n${commit}`).digest().subarray(0, printBytes);
}
