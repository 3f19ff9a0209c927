/**
 * In the order in which GitHub always writes these keys. Inside a JSON string a quotation mark is escaped, so `"ref":"` can only be a key.
 * None goes back in the text, so hostile texts take no longer.
 */
const patterns = [
  /^\{"ref":"([^"]*)"/g,
  /,"after":"([^"]*)"/g,
  /,"repository":\{()/g,
  /,"clone_url":"([^"]*)"/g,
  /,"pusher":\{"name":"([^"]*)"/g,
];

/** What the values must be, here and in the schema of the event. */
export const pushForm = { commit: /^[0-9a-f]{40}([0-9a-f]{24})?$/, longestRef: 1024, longestAddress: 2048 };

export interface ScannedPush {
  ref: string;
  after: string;
  /** The repository's. */
  address: string;
  pusher: string;
}

/**
 * Reads the values that matter from a push event's text without parsing the rest, which may be 2,048 commits
 * (docs/decisions/webhook-without-sdk-clients.md). The text is read once from the front, so that a later key is never mistaken for an
 * earlier one. For a text in any other form (spaces, escapes, a missing key, a value that the schema refuses) the result is undefined, and
 * `JSON.parse` must read it.
 */
export function scanPushEvent(json: string): ScannedPush | undefined {
  const values: string[] = [];
  let at = 0;
  for (const pattern of patterns) {
    pattern.lastIndex = at;
    const value = pattern.exec(json)?.[1];
    if (value === undefined || value.includes('\\')) return undefined;
    values.push(value);
    at = pattern.lastIndex;
  }
  const [ref = '', after = '', , address = '', pusher = ''] = values;
  const { commit, longestRef, longestAddress } = pushForm;
  if (ref.length > longestRef || !commit.test(after) || address.length > longestAddress) return undefined;
  return { ref, after, address, pusher };
}
