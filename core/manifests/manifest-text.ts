import {
  Composer,
  type CST,
  type Document,
  isScalar,
  Lexer,
  LineCounter,
  type Node,
  type Pair,
  Parser,
  type Scalar,
} from 'yaml';
import { ManifestError } from '../model/errors.ts';
import { quoted } from '../text/visible.ts';

/** In bytes: what is larger is generated, and written by whoever generates it. */
export const largestManifest = 1_000_000;
const deepest = 100;
const mostLexemes = 600_000;

export interface ManifestFile {
  /** From the repository's root. */
  path: string;
  text: string;
}

export interface Manifest extends ManifestFile {
  documents: Document.Parsed[];
  /** The error to throw about a place of the text. */
  refusal: (offset: number, reason: string) => ManifestError;
  lineOf: (offset: number) => number;
}

/** A value of a manifest that is to become another. */
export interface Place {
  node: Node;
  /** The key that holds it: a value that is empty has no text of its own. */
  pair?: Pair | undefined;
  value: string;
}

export interface Change {
  line: number;
  before: string;
  after: string;
}

/**
 * The text of a file from a repository.
 * @throws ManifestError if it is no UTF-8, or too large
 */
export function manifestText(path: string, bytes: Uint8Array): string {
  if (bytes.length > largestManifest) {
    const size = (bytes.length / 1e6).toFixed(1);
    throw new ManifestError(
      `${path}:1: the file has ${size} MB, and manifests of at most ${largestManifest / 1e6} MB are changed. Move what names the image into a file of its own.`,
    );
  }
  // A byte order mark is kept, and written again.
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  const broken = text.indexOf('\ufffd');
  if (broken < 0) return text;
  const line = text.slice(0, broken).split('\n').length;
  throw new ManifestError(`${path}:${line}: this is not UTF-8. Save the file as UTF-8.`);
}

/**
 * Reads a manifest with the position of every value. Scalars stay the text that was written, and nothing is expanded: an alias stays an alias.
 * @throws ManifestError if it is not YAML
 */
export function parseManifest({ path, text }: ManifestFile): Manifest {
  const lines = new LineCounter();
  const lineOf = (offset: number) => Math.max(lines.linePos(offset).line, 1);
  const refusal = (offset: number, reason: string) => new ManifestError(`${path}:${lineOf(offset)}: ${reason}`);
  const documents = compose(text, lines, refusal);
  for (const { errors } of documents) {
    const [error] = errors;
    if (error) throw refusal(error.pos[0], `this is not YAML: ${reasonOf(error.message)}`);
  }
  return { path, text, documents, refusal, lineOf };
}

/** Passes tokens from lexer to parser to composer as `yaml` itself does, and stops at what no manifest has. */
function compose(text: string, lines: LineCounter, refusal: Manifest['refusal']): Document.Parsed[] {
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  const tokens: CST.Token[] = [];
  let lexemes = 0;
  for (const lexeme of new Lexer().lex(text)) {
    lexemes += 1;
    if (lexemes > mostLexemes) throw refusal(parser.offset, 'there is more in the file than in any manifest.');
    if (parser.stack.length > deepest) throw refusal(parser.offset, 'this is nested deeper than a manifest ever is.');
    for (const token of parser.next(lexeme)) {
      tokens.push(token);
      if (token.type === 'error') throw refusal(token.offset, `this is not YAML: ${reasonOf(token.message)}`);
    }
  }
  for (const token of parser.end()) tokens.push(token);
  // Keys that are written twice are looked for only on the way to a value: the composer would compare each with every other.
  const options = { schema: 'failsafe', uniqueKeys: false, prettyErrors: false, keepSourceTokens: true } as const;
  return [...new Composer(options).compose(tokens, true, text.length)];
}

function reasonOf(message: string): string {
  const reason = message.replaceAll(/\s+/g, ' ').trim();
  const isTemplate = /template|\{\{|flow map|flow collection/i.test(reason);
  const hint = isTemplate ? ' A template is not read: name the file with its values.' : '';
  return `${reason.replace(/\.?$/, '.')}${hint}`;
}

/**
 * Puts new values in, and leaves every other byte as it is. A value keeps its quotes, and gets some if YAML would otherwise take it for
 * something else than a text.
 * @throws ManifestError if a value has a form that cannot be replaced in place
 */
export function replaceValues(manifest: Manifest, places: readonly Place[]): { text: string; changes: Change[] } {
  const changes: Change[] = [];
  const splices = new Map<number, { end: number; written: string }>();
  for (const place of places) {
    const { start, end, written, before } = spliceOf(manifest, place);
    if (before === place.value || splices.has(start)) continue;
    splices.set(start, { end, written });
    changes.push({ line: manifest.lineOf(start), before, after: place.value });
  }
  let text = '';
  let at = 0;
  for (const [start, { end, written }] of [...splices].sort(([one], [other]) => one - other)) {
    text += manifest.text.slice(at, start) + written;
    at = end;
  }
  return { text: text + manifest.text.slice(at), changes: changes.sort((one, other) => one.line - other.line) };
}

function spliceOf(manifest: Manifest, { node, pair, value }: Place) {
  const [start, end] = node.range ?? [0, 0];
  if (!isScalar(node)) throw manifest.refusal(start, 'there is a mapping or a list here instead of one value.');
  const before = scalarText(node);
  const source = manifest.text.slice(start, end);
  if (source === '') {
    const colon = colonOf(pair);
    if (colon === undefined) throw manifest.refusal(start, 'the value is empty. Write any value there, such as "".');
    return { start: colon, end: colon, written: ` ${asPlain(value)}`, before };
  }
  if (/[\r\n]/.test(source) || node.type?.startsWith('BLOCK')) {
    throw manifest.refusal(start, `the value ${quoted(before)} has several lines. Write it on one.`);
  }
  const quote = source[0] === '"' || source[0] === "'" ? source[0] : undefined;
  return { start, end, written: quote ? `${quote}${value}${quote}` : asPlain(value), before };
}

/** The offset after the colon of a key. */
function colonOf(pair: Pair | undefined): number | undefined {
  const colon = pair?.srcToken?.sep?.find(({ type }) => type === 'map-value-ind');
  return colon && colon.offset + colon.source.length;
}

export function scalarText(node: Scalar): string {
  return typeof node.value === 'string' ? node.value : '';
}

/**
 * A reference, tag or digest without quotes, unless a reader of YAML would take it for a number, a day or a truth value: 1.10 is 1.1 then.
 * https://yaml.org/type/float.html
 */
function asPlain(value: string): string {
  const isWord = /^(?:y|n|yes|no|on|off|true|false|null|~)$/i.test(value);
  const isNumber = !/\..*\./.test(value) && /^[\d_.+-]*(?:[xXoObBeE][\da-fA-F_.+-]*)?$/.test(value);
  return isWord || isNumber ? `"${value}"` : value;
}
