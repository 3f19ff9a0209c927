import { InvalidInputError } from '../../model/errors.ts';
import { parseJson } from '../../text/parse-json.ts';
import { isBlank, trim, trimStart } from './blanks.ts';
import { type Directive, directiveOf, syntaxOf } from './directives.ts';
import { splitFlags } from './flags.ts';
import { plainWords, shellWords, WordError } from './word.ts';

/** An instruction as its author wrote it. Lines count from 1. */
export interface Instruction {
  /** As written: `From`. */
  name: string;
  /** `FROM` */
  keyword: string;
  /** `--name=value`, without quotes and escapes. */
  flags: readonly string[];
  /** The text after the flags, joined to one line. */
  rest: string;
  line: number;
  lastLine: number;
  hasHeredoc: boolean;
}

export interface DockerfileText {
  instructions: Instruction[];
  /** The character that continues a line, and escapes the next character. */
  escapeCharacter: string;
  /** The image of `# syntax=`. */
  syntax: string | undefined;
  /** The first error at which BuildKit would stop. The text after it is still read as far as possible. */
  fault: InvalidInputError | undefined;
  /**
   * The first place that older parsers, such as those of Buildah and Podman, read differently: they may see an instruction there.
   * https://github.com/openshift/imagebuilder/blob/master/dockerfile/parser/parser.go
   */
  ambiguity: string | undefined;
}

interface Heredoc {
  name: string;
  /** `<<-`: its last line may begin with tabs. */
  mayBeIndented: boolean;
}

/** The longest line that BuildKit reads, in bytes: https://pkg.go.dev/bufio#MaxScanTokenSize */
const longestLine = 64 * 1024 - 1;
const takesHeredocs = new Set(['RUN', 'ADD', 'COPY']);

/**
 * Splits a Dockerfile into its instructions as BuildKit does:
 * https://github.com/moby/buildkit/blob/v0.34.2/frontend/dockerfile/parser/parser.go
 */
export function readInstructions(text: string): DockerfileText {
  const lines = new Lines(text);
  const instructions: Instruction[] = [];
  let fault = tooLong(lines.all);
  const addFault = (line: number, why: string) => {
    fault ??= new InvalidInputError(`Line ${line}: ${why}`);
  };
  let ambiguity: string | undefined;
  const addAmbiguity = (why: string) => {
    ambiguity ??= `Line ${lines.number} ${why}.`;
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
      if (directives.has(name)) addFault(line, `there is already a directive ${name} before it.`);
      directives.add(name);
      if (name === 'escape' && line > 1) addAmbiguity('has the directive "escape", which is not in the first line');
      if (name === 'escape' && (value === '`' || value === '\\')) escapeCharacter = value;
      else if (name === 'escape') addFault(line, 'the escape character must be ` or \\.');
    }
    if (first === '' || first.startsWith('#')) continue;

    let whole = '';
    for (let part: string | undefined = first; part !== undefined; ) {
      if (lines.hasReturns) addAmbiguity('ends with more than one carriage return');
      if (part.trimEnd().endsWith(escapeCharacter.repeat(2))) addAmbiguity('ends with two escape characters');
      const open = beforeContinuation(part, escapeCharacter);
      whole += open ?? part;
      part = open === undefined ? undefined : lines.nextOfInstruction();
    }
    const instruction = splitInstruction(whole, escapeCharacter);
    if (escapeCharacter !== '\\' && instruction.flags.some((flag) => flag.includes('\\')))
      addAmbiguity('has an option with a backslash');
    let hasHeredoc = false;
    try {
      for (const heredoc of heredocsOf(whole, instruction, escapeCharacter)) {
        hasHeredoc = true;
        if (!lines.skipTo(heredoc)) addFault(line, `no line ends its here-document: ${heredoc.name} is missing.`);
      }
    } catch (error) {
      if (!(error instanceof InvalidInputError)) throw error;
      addFault(line, error.message);
    }
    instructions.push({ ...instruction, line, lastLine: lines.number, hasHeredoc });
  }
  return { instructions, escapeCharacter, syntax: syntaxOf(lines.all), fault, ambiguity };
}

/** The parts of an instruction's line, or of the instruction after ONBUILD. */
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

/** The words after the flags, with their quotes, escapes and variables. */
export function wordsOf({ rest }: Pick<Instruction, 'rest'>, escapeCharacter: string): string[] {
  const words: string[] = [];
  let word = '';
  let isInWord = false;
  let quote = '';
  for (let at = 0; at < rest.length; at += 1) {
    const character = rest.charAt(at);
    if (quote === '' && isBlank(character)) {
      if (isInWord) words.push(word);
      word = '';
      isInWord = false;
      continue;
    }
    if (character === escapeCharacter && quote !== "'") {
      // An escape character at the very end is ignored.
      if (at + 1 === rest.length) break;
      at += 1;
      word += character + rest.charAt(at);
    } else {
      if (character === quote) quote = '';
      else if (quote === '' && (character === '"' || character === "'")) quote = character;
      word += character;
    }
    isInWord = true;
  }
  if (isInWord) words.push(word);
  return words;
}

class Lines {
  readonly all: readonly string[];
  /** The number of the line that was returned last. */
  number = 0;

  constructor(text: string) {
    const lines = text.replace(/^\ufeff/, '').split('\n');
    this.all = lines.at(-1) === '' ? lines.slice(0, -1) : lines;
  }

  /** Whether the line that was returned last ends with more than one carriage return. */
  get hasReturns(): boolean {
    return this.all[this.number - 1]?.endsWith('\r\r') ?? false;
  }

  next(): string | undefined {
    if (this.number >= this.all.length) return undefined;
    this.number += 1;
    return withoutReturns(this.all[this.number - 1] ?? '');
  }

  /** The next line of an instruction, which skips comments and empty lines. */
  nextOfInstruction(): string | undefined {
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

/** The part of a line before its continuation character; undefined where the line is not continued. */
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
  if (execForm(inner.rest) || !whole.includes('<<')) return [];
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
    // BuildKit leaves such a line unchanged for the shell.
    if (!(error instanceof WordError)) throw error;
    return [];
  }
}

/**
 * The words of `["program", "argument"]`; undefined where it is not an array.
 * @throws InvalidInputError where it is an array of something else
 */
export function execForm(rest: string): string[] | undefined {
  if (!rest.startsWith('[')) return undefined;
  const list = parseJson(rest);
  if (!Array.isArray(list)) return undefined;
  if (!list.every((each) => typeof each === 'string')) {
    throw new InvalidInputError('its list may contain only strings.');
  }
  return list;
}
