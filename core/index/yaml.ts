import {
  Composer,
  CST,
  type Document,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type ParsedNode,
  Parser,
} from 'yaml';
import { hiddenCharacter, quoted } from '../text/visible.ts';
import type { Fault } from './diagnostic.ts';
import { brokenYaml } from './yaml-errors.ts';

/** In bytes of UTF-8. */
export const largestFile = 1_000_000;
const deepest = 24;
/** The most hidden characters, refused features or parser errors that are reported. */
const mostOfKind = 100;
/** A file full of entries has half as many; for one full of commas, reporting each would take seconds. */
const mostLexemes = 600_000;

/** A value of the file, with the offset where it begins. `nothing` is an empty value, or `null` without quotes. */
export type Value = Text | List | Mapping | { kind: 'nothing'; offset: number };
export interface Text {
  kind: 'text';
  offset: number;
  text: string;
  /** Written without quotes, so that other readers of YAML may take it for a number. */
  isPlain: boolean;
}
interface List {
  kind: 'list';
  offset: number;
  items: Value[];
}
export interface Mapping {
  kind: 'mapping';
  offset: number;
  keys: Map<string, { offset: number; value: Value }>;
}

export interface YamlFile {
  /** Absent if the file cannot be read at all: `faults` says why. */
  content?: Value;
  faults: Fault[];
  positionOf: (offset: number) => { line: number; column: number };
}

/**
 * Reads the YAML of an index file, of which only mappings, lists and texts are needed. Everything else in YAML is refused while the
 * characters are read, before anything can expand: anchors, aliases, tags, a second document, deep nesting. The time is proportional to
 * the length of the text, whatever it contains.
 */
export function readYaml(text: string): YamlFile {
  const lines = new LineCounter();
  const positionOf = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  if (text.length > largestFile || Buffer.byteLength(text) > largestFile) {
    const message = `The file is larger than ${largestFile / 1e6} MB. Split it: one file for each app-id.`;
    return { faults: [{ offset: 0, code: 'too-large', message }], positionOf };
  }
  const faults: Fault[] = [];
  const carriageReturn = text.indexOf('\r');
  if (carriageReturn >= 0 && !text.includes('\n')) {
    const message =
      'The lines end with a carriage return alone. Save the file with line ends as Unix or Windows have them.';
    return { faults: [{ offset: carriageReturn, code: 'encoding', message }], positionOf };
  }
  const document = compose(text, lines, faults);
  const encoding = text.indexOf('\ufffd');
  if (encoding >= 0) {
    faults.push({ offset: encoding, code: 'encoding', message: 'This is not UTF-8. Save the file as UTF-8.' });
  }
  const hidden = hiddenCharacters(text);
  if (faults.length > 0) return { faults: [...faults, ...hidden], positionOf };
  const content: Value = document?.contents ? readNode(document.contents, faults) : { kind: 'nothing', offset: 0 };
  return { content, faults: [...faults, ...hidden], positionOf };
}

const refusedFeatures: Record<string, string> = {
  anchor: 'An anchor (&name) is not read here. Put the text in quotes if it begins with "&".',
  alias: 'An alias (*name) is not read here. Write the value out; put the text in quotes if it begins with "*".',
  tag: 'A tag (!name) is not read here. Put the text in quotes if it begins with "!".',
};

/** Passes tokens from lexer to parser to composer as `yaml` itself does, and checks each of them. */
function compose(text: string, lines: LineCounter, faults: Fault[]): Document.Parsed | undefined {
  const parser = new Parser(lines.addNewLine);
  const tokens: CST.Token[] = [];
  lines.addNewLine(0);
  let lexemes = 0;
  let tooDeep: number | undefined;
  let left = mostOfKind;
  let openQuote: number | undefined;
  const brackets: number[] = [];
  for (const lexeme of new Lexer().lex(text)) {
    lexemes += 1;
    if (lexemes > mostLexemes) {
      const message = 'There is more in the file than in any index. Split it: one file for each app-id.';
      faults.push({ offset: 0, code: 'too-large', message });
      return undefined;
    }
    if (openQuote === undefined && isOpenQuote(lexeme)) openQuote = parser.offset;
    if (lexeme === '[' || lexeme === '{') brackets.push(parser.offset);
    const message = refusedFeatures[CST.tokenType(lexeme) ?? ''];
    if (message !== undefined && faults.length < mostOfKind) {
      faults.push({ offset: parser.offset, code: 'yaml-feature', message });
    }
    if (parser.stack.length > deepest) {
      tooDeep = parser.offset;
      break;
    }
    for (const token of parser.next(lexeme)) {
      tokens.push(token);
      if (token.type === 'error' || token.type === 'document') left -= 1;
    }
    // Of errors and of documents, the first are enough.
    if (left <= 0) break;
  }
  for (const token of parser.end()) tokens.push(token);
  if (faults.length > 0) return undefined;
  // The failsafe schema keeps every scalar the text that was written: the tag 3.10 must not become 3.1. Keys that are written twice are found
  // here, because the composer would compare each with every other.
  const composer = new Composer({ schema: 'failsafe', uniqueKeys: false, prettyErrors: false });
  const [document, second] = [...composer.compose(tokens, true, text.length)];
  const broken = brokenYaml(document?.errors ?? [], text, lines, { openQuote, brackets });
  // After a wrong indentation every line seems to be within the one before it.
  const isBrokenBefore = broken.some(({ offset }) => lines.linePos(offset).line < lines.linePos(tooDeep ?? 0).line);
  if (tooDeep !== undefined && !isBrokenBefore) {
    faults.push({ offset: tooDeep, code: 'too-deep', message: 'This is nested deeper than an index ever is.' });
    return undefined;
  }
  faults.push(...broken);
  if (second) {
    const message = 'A second YAML document begins here. Put its entries under the one "Projects:".';
    faults.push({ offset: second.contents?.range[0] ?? second.range[0], code: 'yaml-feature', message });
  }
  return document;
}

/** The lexer ends a quoted text at its quote, or where the text cannot go on any more. */
function isOpenQuote(lexeme: string): boolean {
  const quote = lexeme[0];
  return (quote === '"' || quote === "'") && (lexeme.length === 1 || !lexeme.endsWith(quote));
}

/** Comments are checked too, because readers of the file cannot see these characters there either. */
function hiddenCharacters(text: string): Fault[] {
  const faults: Fault[] = [];
  for (const { index, 0: character } of text.matchAll(hiddenCharacter)) {
    // A byte order mark is what some editors begin a file with.
    if (index === 0 && character === '\ufeff') continue;
    const message = `The character ${quoted(character)} cannot be seen, and can make a text look like another. Take it out.`;
    faults.push({ offset: index, code: 'hidden-character', message });
    if (faults.length === mostOfKind) break;
  }
  return faults;
}

function readNode(node: ParsedNode, faults: Fault[]): Value {
  const offset = node.range[0];
  if (isScalar(node)) {
    const isPlain = node.type === 'PLAIN';
    const text = typeof node.value === 'string' ? node.value.trim() : '';
    const isNothing = text === '' || (isPlain && /^(?:~|null)$/i.test(text));
    return isNothing ? { kind: 'nothing', offset } : { kind: 'text', offset, text, isPlain };
  }
  if (isSeq(node)) return { kind: 'list', offset, items: node.items.map((item) => readNode(item, faults)) };
  if (!isMap(node)) return { kind: 'nothing', offset };
  const keys: Mapping['keys'] = new Map();
  for (const { key, value } of node.items) {
    const at = key.range[0];
    if (!isScalar(key) || typeof key.value !== 'string') {
      faults.push({ offset: at, code: 'structure', message: 'A key is a text, such as "job-id".' });
    } else if (key.value === '<<') {
      faults.push({
        offset: at,
        code: 'yaml-feature',
        message: 'A merge key (<<) is not read here. Write the keys out.',
      });
    } else if (keys.has(key.value)) {
      const message = `The key ${quoted(key.value)} is written here a second time. Keep one of the two.`;
      faults.push({ offset: at, code: 'duplicate-key', message });
    } else {
      keys.set(key.value, { offset: at, value: value ? readNode(value, faults) : { kind: 'nothing', offset: at } });
    }
  }
  return { kind: 'mapping', offset, keys };
}

/** The text that a key of a mapping holds, if it is one. */
export function textOf(mapping: Mapping, key: string): Text | undefined {
  const value = mapping.keys.get(key)?.value;
  return value?.kind === 'text' ? value : undefined;
}

/** The value at a path of keys and list positions. */
export function valueAt(value: Value | undefined, path: PropertyKey[]): Value | undefined {
  const [part, ...rest] = path;
  if (part === undefined) return value;
  if (value?.kind === 'mapping') return valueAt(value.keys.get(String(part))?.value, rest);
  return value?.kind === 'list' ? valueAt(value.items[Number(part)], rest) : undefined;
}
