const removed = '***';

/** Credentials recognised by their form, in any text: in URLs, in `Authorization` headers, AWS access key ids and session tokens. */
const forms: [RegExp, string][] = [
  [/(\b[a-z][a-z0-9+.-]{1,20}:\/\/)[^\s/@"'<>]{1,2048}@/gi, `$1${removed}@`],
  [
    /(\b(?:proxy-)?authorization["']?\s*[:=]\s*["']?)(?:(?:basic|bearer|token|aws4-hmac-sha256)\s+)?[^\s"']+/gi,
    `$1${removed}`,
  ],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, removed],
  [/\b(?:ghp|gho|ghu|ghs|ghr)_[A-Za-z0-9]{36,}\b|\bgithub_pat_[A-Za-z0-9_]{40,}\b/g, removed],
];

/** Short values are left alone: removing every `a` would reveal more than it hides. */
export const shortestSecret = 8;

/** After how many characters `base64` begins a new line, and after how many `openssl base64` does. */
const base64Widths = [76, 64];

/** Removes known secrets, and text that looks like credentials, from lines of text. */
export class Redaction {
  readonly #secrets = new Set<string>();

  /** From now on the value is removed, as it is and in the encodings that tools print; of several lines each, because a log has lines. */
  add(secret: string | undefined): void {
    for (const line of secret?.split(/[\r\n]+/) ?? []) this.#add(line.trim());
    this.#add(secret);
  }

  #add(secret: string | undefined): void {
    if (secret === undefined || secret.length < shortestSecret) return;
    const base64 = Buffer.from(secret).toString('base64');
    const lines = base64Widths.flatMap((width) => base64.match(new RegExp(`.{1,${width}}`, 'g')) ?? []);
    for (const form of [secret, base64, ...lines, encodeURIComponent(secret)])
      if (form.length >= shortestSecret) this.#secrets.add(form);
  }

  get longest(): number {
    return Math.max(0, ...[...this.#secrets].map((secret) => secret.length));
  }

  apply(text: string): string {
    let result = text;
    for (const secret of this.#secrets) result = result.replaceAll(secret, removed);
    for (const [form, replacement] of forms) result = result.replace(form, replacement);
    return result;
  }
}

// biome-ignore-start lint/suspicious/noControlCharactersInRegex: control characters are what it must match
/** CSI, OSC and the other escape sequences of ECMA-48, whole. */
const escapeSequences =
  /\u001b\[[0-?]*[ -/]*[@-~]|\u009b[0-?]*[ -/]*[@-~]|\u001b[\]PX^_][^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|\u001b[ -/]*[0-~]/g;
/** The rest of C0 and C1 except tab, and the characters that change the direction of writing, which can make a line look like another. */
const controls = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;
/** Of SGR what no text can be hidden by: bold, italic, underlined and the foreground's colours but black (ECMA-48, 8.3.117). */
const colours = /\u001b\[(?:(?:0?[0134]|2[234]|3[1-79]|9[0-7])(?:;(?=\d)|(?=m)))*m/g;
// biome-ignore-end lint/suspicious/noControlCharactersInRegex: as above

/** One line with nothing in it that a terminal, a page or a reader could take for more than text. */
export function harmless(line: string): string {
  return line.replace(escapeSequences, '').replace(controls, '\ufffd');
}

/** The same with the colours of the text. */
export function coloured(line: string): string {
  if (!line.includes('\u001b')) return harmless(line);
  const kept = line.match(colours) ?? [];
  return line
    .split(colours)
    .map((text, at) => harmless(text) + (kept[at] ?? ''))
    .join('');
}
