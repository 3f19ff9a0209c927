/**
 * Reads the values that matter from a push event's text without parsing the rest, which may be 2,048 commits
 * (docs/decisions/webhook-without-sdk-clients.md). Inside a JSON string a quotation mark is escaped, so `"ref":"` can only be a key. The
 * text is read once from the front, so that a later key is never mistaken for an earlier one. GitHub writes these keys always in this
 * order. For a text in any other form (spaces, escapes, a missing key) the result is undefined, and `JSON.parse` must read it.
 */
export function scanPushEvent(json: string): unknown {
  const text = new Text(json);
  const [ref, after] = [text.value('{"ref":"'), text.value(',"after":"')];
  text.skipPast(',"repository":{');
  const [clone_url, name] = [text.value(',"clone_url":"'), text.value(',"pusher":{"name":"')];
  return text.isWhole ? { ref, after, repository: { clone_url }, pusher: { name } } : undefined;
}

class Text {
  readonly #json: string;
  #at = 0;
  /** False once something was not found. */
  isWhole = true;

  constructor(json: string) {
    this.#json = json;
  }

  skipPast(key: string): void {
    const found = this.isWhole ? this.#json.indexOf(key, this.#at) : -1;
    if (found < 0) this.isWhole = false;
    else this.#at = found + key.length;
  }

  /** The string after the next such key, which includes the opening quotation mark. */
  value(key: string): string {
    this.skipPast(key);
    const end = this.#json.indexOf('"', this.#at);
    const value = this.#json.slice(this.#at, end);
    if (end < 0 || value.includes('\\')) this.isWhole = false;
    else this.#at = end;
    return value;
  }
}
