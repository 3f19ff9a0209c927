import { InvalidInputError } from '../../model/errors.ts';
import { isBlank, trim, trimStart } from './blanks.ts';
import { type Directive, directiveOf, syntaxOf } from './directives.ts';
import { splitFlags } from './flags.ts';
import { plainWords, shellWords, WordError } from './word.ts';

/** An instruction as its author wrote it. Lines count from 1. */
export interface Instruction {
  /** As it is written: `From`. */
  name: string;
  /** `FROM` */
  keyword: string;
  /** `--name=value`, without quotes and escapes. */
  flags: readonly string[];
  /** What comes after the flags, on one line. */
  rest: string;
  line: number;
  lastLine: number;
  hasHeredoc: boolean;
}

export interface DockerfileText {
  instructions: Instruction[];
  /** What makes a line go on, and takes a character's meaning away. */
  escapeCharacter: string;
  /** The image of `# syntax=`. */
  syntax?: string;
  /** Why BuildKit would stop, where it would first. What comes after is read as well as it can be. */
  fault?: InvalidInputError;
}

interface Heredoc {
  name: string;
  /** `<<-`: the line that ends it may begin with tabs. */
  mayBeIndented: boolean;
}

/** What BuildKit reads of one line, in bytes: https://pkg.go.dev/bufio#MaxScanTokenSize */
const longestLine = 64 * 1024 - 1;
const takesHeredocs = new Set(['RUN', 'ADD', 'COPY']);

/**
 * Parts a Dockerfile into its instructions as BuildKit does:
 * https://github.com/moby/buildkit/blob/v0.34.2/frontend/dockerfile/parser/parser.go
 */
export function readInstructions(text: string): DockerfileText {
  const lines = new Lines(text);
  const instructions: Instruction[] = [];
  let fault = tooLong(lines.all);
  const stopsAt = (line: number, why: string) => {
    fault ??= new InvalidInputError(`Line ${line}: ${why}`);
  };
  let escapeCharacter = '\\';
  const directives = new Set<string>();
  let mayBeDirective = true;
  for (let first = lines.next(); first !== undefined; first = lines.next()) {
    const line = lines.number;
    first = trimStart(first);
    const directive: Directive | undefined = mayBeDirective ? directiveOf(first) : undefined;
    mayBeDirective = directive !== undefined;
    if (directive) {
      const { name, value } = directive;
      if (directives.has(name)) stopsAt(line, `there is a directive ${name} before it.`);
      directives.add(name);
      if (name === 'escape' && (value === '`' || value === '\\')) escapeCharacter = value;
      else if (name === 'escape') stopsAt(line, 'the escape character must be ` or \\.');
    }
    if (first === '' || first.startsWith('#')) continue;

    let whole = '';
    for (let part: string | undefined = first; part !== undefined; ) {
      const open = beforeContinuation(part, escapeCharacter);
      whole += open ?? part;
      part = open === undefined ? undefined : lines.nextThatCounts();
    }
    const instruction = splitInstruction(whole, escapeCharacter);
    let hasHeredoc = false;
    try {
      for (const heredoc of heredocsOf(whole, instruction, escapeCharacter)) {
        hasHeredoc = true;
        if (!lines.skipTo(heredoc)) stopsAt(line, `no line ends its here-document: ${heredoc.name} is missing.`);
      }
    } catch (error) {
      if (!(error instanceof InvalidInputError)) throw error;
      stopsAt(line, error.message);
    }
    instructions.push({ ...instruction, line, lastLine: lines.number, hasHeredoc });
  }
  const syntax = syntaxOf(lines.all);
  return {
    instructions,
    escapeCharacter,
    ...(syntax === undefined ? {} : { syntax }),
    ...(fault === undefined ? {} : { fault }),
  };
}

/** The parts of a line, or of what ONBUILD keeps for another Dockerfile. */
export function splitInstruction(
  whole: string,
  escapeCharacter: string,
): Pick<Instruction, 'name' | 'keyword' | 'flags' | 'rest'> {
  const text = trim(whole);
  const end = text.search(/[\t\v\f\r ]/);
  const name = end < 0 ? text : text.slice(0, end);
  const { flags, rest } = splitFlags(text.slice(name.length).replace(/^[\t\v\f\r ]+/, ''), escapeCharacter);
  return { name, keyword: name.toUpperCase(), flags, rest: trim(rest) };
}

/** The words of what comes after the flags, in which quotes, escapes and variables stay. */
export function wordsOf({ rest }: Pick<Instruction, 'rest'>, escapeCharacter: string): string[] {
  const words: string[] = [];
  let word = '';
  let isWord = false;
  let quote = '';
  for (let at = 0; at < rest.length; at += 1) {
    const character = rest.charAt(at);
    if (quote === '' && isBlank(character)) {
      if (isWord) words.push(word);
      word = '';
      isWord = false;
      continue;
    }
    if (character === escapeCharacter && quote !== "'") {
      // An escape character at the very end says nothing.
      if (at + 1 === rest.length) break;
      at += 1;
      word += character + rest.charAt(at);
    } else {
      if (character === quote) quote = '';
      else if (quote === '' && (character === '"' || character === "'")) quote = character;
      word += character;
    }
    isWord = true;
  }
  if (isWord) words.push(word);
  return words;
}

class Lines {
  readonly all: readonly string[];
  /** Of the line that was given out last. */
  number = 0;

  constructor(text: string) {
    const lines = text.replace(/^\ufeff/, '').split('\n');
    this.all = lines.at(-1) === '' ? lines.slice(0, -1) : lines;
  }

  next(): string | undefined {
    if (this.number >= this.all.length) return undefined;
    this.number += 1;
    return withoutReturns(this.all[this.number - 1] ?? '');
  }

  /** Within an instruction, comments and empty lines are left out. */
  nextThatCounts(): string | undefined {
    let line = this.next();
    while (line !== undefined && /^(?:#|$)/.test(trimStart(line))) line = this.next();
    return line;
  }

  skipTo({ name, mayBeIndented }: Heredoc): boolean {
    for (let line = this.next(); line !== undefined; line = this.next()) {
      if ((mayBeIndented ? line.replace(/^\t+/, '') : line) === name) return true;
    }
    return false;
  }
}

function tooLong(lines: readonly string[]): InvalidInputError | undefined {
  const at = lines.findIndex((line) => line.length > longestLine / 3 && Buffer.byteLength(line) > longestLine);
  return at < 0 ? undefined : new InvalidInputError(`Line ${at + 1}: it is longer than ${longestLine} bytes.`);
}

function withoutReturns(line: string): string {
  let end = line.length;
  while (line.charAt(end - 1) === '\r') end -= 1;
  return line.slice(0, end);
}

/** The part of a line before the character that makes it go on; undefined where it ends. */
function beforeContinuation(line: string, escapeCharacter: string): string | undefined {
  let end = line.length;
  while (line.charAt(end - 1) === ' ' || line.charAt(end - 1) === '\t') end -= 1;
  return line.charAt(end - 1) === escapeCharacter && line.charAt(end - 2) !== escapeCharacter
    ? line.slice(0, end - 1)
    : undefined;
}

/**
 * The here-documents that a line opens.
 * @throws InvalidInputError
 */
function heredocsOf(
  whole: string,
  { keyword, rest }: Pick<Instruction, 'keyword' | 'rest'>,
  escapeCharacter: string,
): Heredoc[] {
  const inner = keyword === 'ONBUILD' ? splitInstruction(rest, escapeCharacter) : { keyword, rest };
  if (!takesHeredocs.has(inner.keyword)) return [];
  if (isExecForm(inner.rest) || !whole.includes('<<')) return [];
  return heredocWords(whole).flatMap((word) => {
    const [, dash, quoted = ''] = /^\d*<<(-?)([^<]*)$/.exec(word) ?? [];
    const [name, ...others] = plainWords(quoted.replace(/^[\t\n\f\r ]+/, ''));
    return name === undefined || others.length > 0 ? [] : [{ name, mayBeIndented: dash === '-' }];
  });
}

function heredocWords(whole: string): string[] {
  try {
    return shellWords(whole);
  } catch (error) {
    // BuildKit leaves such a line to the shell as it is.
    if (!(error instanceof WordError)) throw error;
    return [];
  }
}

/**
 * `["program", "argument"]`
 * @throws InvalidInputError where it is an array of something else
 */
function isExecForm(rest: string): boolean {
  if (!rest.startsWith('[')) return false;
  const list = jsonOrNothing(rest);
  if (!Array.isArray(list)) return false;
  if (!list.every((each) => typeof each === 'string')) {
    throw new InvalidInputError('its list may have strings only.');
  }
  return true;
}

function jsonOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
