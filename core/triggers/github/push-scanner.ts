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

/**
 * Reads the values that matter from a push event's text without parsing the rest, which may be 2,048 commits
 * (docs/decisions/webhook-without-sdk-clients.md). The text is read once from the front, so that a later key is never mistaken for an
 * earlier one. For a text in any other form (spaces, escapes, a missing key) the result is undefined, and `JSON.parse` must read it.
 */
export function scanPushEvent(json: string): unknown {
  const values: string[] = [];
  let at = 0;
  for (const pattern of patterns) {
    pattern.lastIndex = at;
    const value = pattern.exec(json)?.[1];
    if (value === undefined || value.includes('\\')) return undefined;
    values.push(value);
    at = pattern.lastIndex;
  }
  const [ref, after, , clone_url, name] = values;
  return { ref, after, repository: { clone_url }, pusher: { name } };
}
