import type { LineCounter, YAMLParseError } from 'yaml';
import type { Fault } from './diagnostic.ts';

/**
 * The errors of the parser, at the position of the mistake. One mistake causes many errors, so only one is reported for each line and for
 * each code.
 */
export function brokenYaml(
  errors: YAMLParseError[],
  text: string,
  lines: LineCounter,
  { openQuote, brackets }: { openQuote: number | undefined; brackets: number[] },
): Fault[] {
  const faults: Fault[] = [];
  const seenCodes = new Set<string>();
  const seenLines = new Set<number>();
  const causeOf = (code: string, offset: number, message: string): { offset: number; reason?: string } => {
    if (/^(?:Flow|Expected flow)/.test(message)) {
      const bracket = brackets.findLast((each) => each < offset);
      if (bracket !== undefined) return { offset: bracket, reason: 'the bracket that begins here has no end.' };
    }
    if (code === 'MISSING_CHAR' && openQuote !== undefined) {
      return { offset: openQuote, reason: 'the quote that begins here has no end.' };
    }
    if (code !== 'BLOCK_AS_IMPLICIT_KEY' || !multiline.has(offset)) return { offset };
    return misplacedLine(text, offset);
  };
  const multiline = new Set(errors.filter(({ code }) => code === 'MULTILINE_IMPLICIT_KEY').map(({ pos }) => pos[0]));
  for (const { pos, code, message } of errors) {
    const [offset] = pos;
    const { line } = lines.linePos(offset);
    const isSeen = seenCodes.has(code) || seenLines.has(line);
    seenCodes.add(code);
    seenLines.add(line);
    if (isSeen) continue;
    const cause = causeOf(code, offset, message);
    faults.push({
      offset: cause.offset,
      code: 'yaml',
      message: `This is not valid YAML: ${cause.reason ?? describeError(code, message)}`,
    });
  }
  return faults;
}

/** YAML reads the next line as the rest of this one. Returns which of the two is not in the column of the other keys. */
function misplacedLine(text: string, offset: number): { offset: number; reason: string } {
  const begin = text.lastIndexOf('\n', offset - 1) + 1;
  const next = text.indexOf('\n', offset) + 1;
  const before = text.lastIndexOf('\n', begin - 2) + 1;
  const same = 'The keys of one entry begin in the same column.';
  if (begin > 0 && columnOf(text, begin) < columnOf(text, before)) {
    return { offset: begin, reason: `this line is indented less than those around it. ${same}` };
  }
  const reason = `this line is indented further than the key before it, and is read as the rest of its text. ${same}`;
  return { offset: next + columnOf(text, next), reason };
}

/** The column where the key of a line begins; the first key of an entry follows a dash. */
function columnOf(text: string, begin: number): number {
  return /^ *(?:- +)?/.exec(text.slice(begin, begin + 200))?.[0].length ?? 0;
}

function describeError(code: string, message: string): string {
  const sentence = `${message.slice(0, 300).replace(/[.!]$/, '')}.`;
  switch (code) {
    case 'TAB_AS_INDENT':
      return 'a tab is not allowed as indentation. Use spaces.';
    case 'BAD_INDENT':
      return `${sentence} The keys of one entry begin in the same column.`;
    case 'MULTILINE_IMPLICIT_KEY':
    case 'MISSING_CHAR':
      return `${sentence} Is a ":" or a closing quote missing, or the indentation wrong?`;
    case 'BLOCK_AS_IMPLICIT_KEY':
      return `${sentence} Put a text that has ": " in it in quotes.`;
    default:
      return sentence;
  }
}
