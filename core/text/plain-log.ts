/**
 * A log as a page shows it: without a terminal's colours, cursor movements and other control characters. Of a line that was overwritten
 * (progress bars), the last form is shown.
 */
export function plainLog(text: string): string {
  return text.replace(terminalSequence, '').split('\n').map(lastForm).join('\n').replace(controls, '');
}

function lastForm(line: string): string {
  let end = line.length;
  while (line[end - 1] === '\r') end -= 1;
  return line.slice(line.lastIndexOf('\r', end - 1) + 1, end);
}

/** CSI, OSC (ended by BEL or ST; the text of one without an end stays), and the short escapes. ECMA-48, 5.3 to 5.6. */
const terminalSequence = new RegExp(
  [
    String.raw`\x1b\[[0-?]*[ -/]*[@-~]`,
    String.raw`\x1b\][^\x07\x1b\n]{0,2000}(?:\x07|\x1b\\)`,
    String.raw`\x1b[ -/]*[0-~]`,
  ].join('|'),
  'g',
);

/** Control characters except the tab and the line feed, and the characters that change the direction of a text. */
const controls = /(?![\t\n])\p{Cc}|[\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Where to end a slice so that no line or character is split: after its last line feed or, without one, after its last whole character.
 */
export function wholeEnd(bytes: Uint8Array): number {
  const line = bytes.lastIndexOf(10) + 1;
  if (line > 0) return line;
  let start = bytes.length;
  while (start > 0 && bytes.length - start < 4) {
    start -= 1;
    const byte = bytes[start] ?? 0;
    if (byte < 0x80) return bytes.length;
    if (byte >= 0xc0) return start + (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) > bytes.length ? start : bytes.length;
  }
  return bytes.length;
}
