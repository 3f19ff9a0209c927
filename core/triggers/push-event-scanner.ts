/**
 * Reads the values that matter from a push event's text without parsing the rest, which may be 2,048 commits
 * (docs/decisions/webhook-without-sdk-clients.md). Inside a JSON string a quotation mark is escaped, so `"ref":"` can only be a key. The
 * text is read once from the front, so that a later key is never mistaken for an earlier one. GitHub writes the keys in one of two
 * orders. For a text in any other form (spaces, escapes, a missing key) the result is undefined, and `JSON.parse` must read it.
 */
export function scanPushEvent(json: string): unknown {
  const text = new Text(json);
  const [ref, before, after] = [text.value('{"ref":"'), text.value(',"before":"'), text.value(',"after":"')];
  const flagsFirst = text.isAt('","created":');
  let flags = flagsFirst ? text.flags() : undefined;
  let head = flagsFirst ? text.head() : undefined;
  text.skipPast(',"repository":{');
  const pushed_at = text.number(',"pushed_at":');
  const [clone_url, name] = [text.value(',"clone_url":"'), text.value(',"pusher":{"name":"')];
  if (!flagsFirst) {
    flags = text.flags();
    head = text.head();
  }
  return text.isWhole
    ? { ref, before, after, ...flags, head_commit: head, repository: { clone_url, pushed_at }, pusher: { name } }
    : undefined;
}

class Text {
  readonly #json: string;
  #at = 0;
  /** False once something was not found. */
  isWhole = true;

  constructor(json: string) {
    this.#json = json;
  }

  isAt(text: string): boolean {
    return this.#json.startsWith(text, this.#at);
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

  number(key: string): number {
    this.skipPast(key);
    const digits = /\d{1,15}(?=[,}])/y;
    digits.lastIndex = this.#at;
    const [number] = digits.exec(this.#json) ?? [];
    if (number === undefined) this.isWhole = false;
    return Number(number);
  }

  flags(): { deleted: boolean; forced: boolean } {
    return { deleted: this.flag(',"deleted":'), forced: this.flag(',"forced":') };
  }

  flag(key: string): boolean {
    this.skipPast(key);
    const flag = this.isAt('true');
    if (!flag && !this.isAt('false')) this.isWhole = false;
    return flag;
  }

  head(): { id: string } | null {
    this.skipPast(',"head_commit":');
    if (this.isAt('null')) return null;
    if (!this.isAt('{"id":"')) this.isWhole = false;
    return { id: this.value('{"id":"') };
  }
}
