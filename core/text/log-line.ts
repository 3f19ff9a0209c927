import { plainLog } from './plain-log.ts';

/** A text in one colour. */
export interface LogSpan {
  text: string;
  /** Of the sixteen colours of a terminal, without black: 1 to 7, and 9 to 15 for the bright ones. */
  colour?: number;
  bold?: boolean;
}

export interface LogLine {
  spans: LogSpan[];
  level?: 'error' | 'warning' | undefined;
  /** The step that begins here: the builder's headings are `==> build (2026-11-21T01:16:43Z, +0.4 s)`. */
  step?: string | undefined;
  /** How many characters were left out at the end. */
  cut: number;
}

/** A longer line is cut: a page has thousands of lines, and a program may print megabytes without a line's end. */
export const longestLine = 4000;
const longestWithEscapes = 2 * longestLine;

/** One line of a log as a page shows it, with the colours that SGR gives a text; of everything else a terminal would do only the text stays. */
export function readLogLine(raw: string): LogLine {
  const shown = raw.slice(0, longestWithEscapes).replace(/\r+$/, '');
  const spans: LogSpan[] = [];
  let left = longestLine;
  let cut = Math.max(0, raw.length - longestWithEscapes);
  let style: Omit<LogSpan, 'text'> = {};
  // A line that was overwritten has one colour at most: which of its parts had which is not known.
  for (const [at, part] of (shown.includes('\r') ? plainLog(shown) : shown).split(graphics).entries()) {
    if (at % 2 === 1) style = styled(style, part);
    else {
      const whole = visible(plainLog(part));
      const text = whole.slice(0, left);
      left -= text.length;
      cut += whole.length - text.length;
      if (text) spans.push({ text, ...style });
    }
  }
  const text = spans.map((span) => span.text).join('');
  return {
    spans,
    level: levelOf(text),
    step: heading.exec(text)?.[1],
    cut,
  };
}

/** The parameters of SGR (ECMA-48, 8.3.117), as `split` gives them between the texts. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: an escape sequence begins with one
const graphics = /\u001b\[([\d;]{0,30})m/;

function styled(before: Omit<LogSpan, 'text'>, parameters: string): Omit<LogSpan, 'text'> {
  let style = before;
  for (const parameter of parameters.split(';').map(Number)) {
    if (parameter === 0) style = {};
    // What follows is a colour of 256, or of 16 million.
    else if (parameter === 38 || parameter === 48) break;
    else if (parameter === 1) style = { ...style, bold: true };
    else if (parameter === 22) style = { ...style, bold: false };
    else if (parameter === 39 || parameter === 30) style = { ...style, colour: 0 };
    else if (parameter > 30 && parameter < 38) style = { ...style, colour: parameter - 30 };
    else if (parameter >= 90 && parameter < 98) style = { ...style, colour: parameter - 90 + 8 };
  }
  return style;
}

/** Characters that show nothing, with which one text looks like another; a joiner makes one picture of several emoji. */
const invisible = /(?!\u200d)[\p{Cf}\u115f\u1160\u2028\u2029\u3164\uffa0]/gu;

function visible(text: string): string {
  return text.replace(invisible, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

const heading = /^==> ([a-z][a-z -]{0,39}) \(/;
const error =
  /^(?:\S{0,40}:? ){0,3}\[?(?:error|fatal|failed|failure|panic|E)\b ?[:!\]]|\b(?:exit code|exit status|exited with) [1-9]|^==> failed /i;
const warning = /^(?:\S{0,40}:? ){0,3}\[?(?:warning|warn|W)\b ?[:!\]]/i;

function levelOf(text: string): LogLine['level'] {
  const start = text.slice(0, 300);
  if (error.test(start)) return 'error';
  return warning.test(start) ? 'warning' : undefined;
}
