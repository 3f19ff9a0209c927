import { InvalidInputError } from '../../model/errors.ts';
import { isBlank } from './blanks.ts';
import { Effort } from './effort.ts';
import { PatternError, readPattern, replaceAll, replaceFirst, reversed, withoutPrefix } from './pattern.ts';

/** A name, a number, or one of the shell's special parameters. */
const variableName = /\p{Nd}+|[@*#?\-$!]|[\p{L}_][\p{L}\p{Nd}_]*/uy;
/** The blanks after `<<` belong to the word. */
const heredocMark = /<<[\t\r ]*|</y;

/** A word has an open quote or brace or an unknown form of a variable, or it requires a variable that is not set (`${NAME:?}`). */
export class WordError extends InvalidInputError {}

export interface Expansion {
  /** The character that escapes the next one. */
  escapeCharacter: string;
  /** Undefined for a variable that is not set. */
  valueOf(name: string): string | undefined;
  effort: Effort;
}

/**
 * Expands the variables in a word and removes its quotes. https://docs.docker.com/reference/dockerfile/#environment-replacement
 * @throws WordError
 */
export function expandWord(word: string, expansion: Expansion): string {
  return new WordReader(word, expansion, {
    splitsWords: false,
    keepsQuotes: false,
    keepsEscapes: false,
    keepsUnset: false,
  }).read().text;
}

/**
 * The words of a line, with their quotes, escapes and variables. A blank after `<<` does not split words.
 * @throws WordError
 */
export function shellWords(line: string): string[] {
  const noVariables = { escapeCharacter: '\\', valueOf: () => undefined, effort: new Effort() };
  return new WordReader(line, noVariables, {
    splitsWords: true,
    keepsQuotes: true,
    keepsEscapes: true,
    keepsUnset: true,
  }).read().words;
}

/**
 * The words of a text without quotes and escapes; variables stay.
 * @throws WordError
 */
export function plainWords(text: string): string[] {
  const noVariables = { escapeCharacter: '\\', valueOf: () => undefined, effort: new Effort() };
  return new WordReader(text, noVariables, {
    splitsWords: true,
    keepsQuotes: false,
    keepsEscapes: false,
    keepsUnset: true,
  }).read().words;
}

interface Options {
  /** Whether the text is split into words. */
  splitsWords: boolean;
  keepsQuotes: boolean;
  keepsEscapes: boolean;
  /** A variable that is not set stays as written. */
  keepsUnset: boolean;
}

interface Part {
  /** The character that ends the part, which is read too. */
  stop?: string;
  keepsEscapes: boolean;
  /** Escapes within quotes are doubled, because the pattern is parsed again later. */
  isPattern: boolean;
}

/**
 * Reads a word as BuildKit does, with the same forms and errors:
 * https://github.com/moby/buildkit/blob/v0.34.2/frontend/dockerfile/shell/lex.go
 */
class WordReader {
  readonly #text: string;
  readonly #expansion: Expansion;
  readonly #options: Options;
  #at = 0;
  /** The current word. Text within braces shares it, and so drops the part before the braces, as in BuildKit. */
  #word = '';

  constructor(text: string, expansion: Expansion, options: Options) {
    this.#text = text.replace(/^\ufeff/, '');
    this.#expansion = expansion;
    this.#options = options;
    expansion.effort.spend(text.length);
  }

  read(part: Part = { keepsEscapes: this.#options.keepsEscapes, isPattern: false }): { text: string; words: string[] } {
    return this.#expansion.effort.nested(() => this.#read(part));
  }

  #read({ stop, keepsEscapes, isPattern }: Part): { text: string; words: string[] } {
    const words: string[] = [];
    let text = '';
    let isInWord = false;
    this.#word = '';
    const endWord = () => {
      if (this.#word !== '') {
        words.push(this.#word);
        this.#word = '';
        isInWord = false;
      }
    };
    const add = (characters: string) => {
      if (!this.#options.splitsWords) return;
      this.#word += characters;
      isInWord = true;
    };
    const addSplit = (characters: string) => {
      if (!this.#options.splitsWords) return;
      for (const character of characters) {
        if (!isBlank(character)) add(character);
        else if (isInWord) endWord();
      }
    };
    while (this.#at < this.#text.length) {
      const character = this.#peek();
      if (character === stop) {
        this.#at += 1;
        endWord();
        return { text, words };
      }
      if (character === '$') {
        const value = this.#variable();
        text += value;
        addSplit(value);
      } else if (character === '<' || character === "'" || character === '"') {
        const piece =
          character === '<'
            ? this.#possibleHeredoc()
            : character === "'"
              ? this.#singleQuoted(isPattern)
              : this.#doubleQuoted(keepsEscapes, isPattern);
        text += piece;
        add(piece);
      } else if (character === this.#expansion.escapeCharacter) {
        this.#at += 1;
        if (keepsEscapes) {
          text += character;
          add(character);
        }
        if (this.#at === this.#text.length) break;
        const escaped = this.#next();
        text += escaped;
        add(escaped);
      } else {
        text += this.#next();
        addSplit(character);
      }
    }
    if (stop !== undefined) throw this.#error(`a ${stop} is missing at its end`);
    endWord();
    return { text, words };
  }

  #valueOf(name: string): string | undefined {
    const value = this.#expansion.valueOf(name);
    this.#expansion.effort.spend(value?.length ?? 0);
    return value;
  }

  #peek(): string {
    return this.#text.charAt(this.#at);
  }

  #next(): string {
    this.#at += 1;
    return this.#text.charAt(this.#at - 1);
  }

  #error(why: string): WordError {
    return new WordError(`${shortened(this.#text)} cannot be read: ${why}.`);
  }

  #singleQuoted(isPattern: boolean): string {
    const end = this.#text.indexOf("'", this.#at + 1);
    if (end < 0) throw this.#error('a single quote is not closed');
    const { escapeCharacter } = this.#expansion;
    const quoted = this.#text.slice(this.#at + 1, end);
    this.#at = end + 1;
    const text = isPattern ? quoted.replaceAll(escapeCharacter, escapeCharacter + escapeCharacter) : quoted;
    return this.#options.keepsQuotes ? `'${text}'` : text;
  }

  #doubleQuoted(keepsEscapes: boolean, isPattern: boolean): string {
    const { escapeCharacter } = this.#expansion;
    const quote = this.#options.keepsQuotes ? '"' : '';
    let text = '';
    this.#at += 1;
    while (this.#at < this.#text.length) {
      const character = this.#peek();
      if (character === '"') {
        this.#at += 1;
        return quote + text + quote;
      }
      if (character === '$') text += this.#variable();
      else if (character !== escapeCharacter) text += this.#next();
      else {
        this.#at += 1;
        const isEscape = ['"', '$', escapeCharacter].includes(this.#peek());
        if (keepsEscapes && (isEscape || isPattern || !this.#options.keepsQuotes)) text += escapeCharacter;
        text += isEscape ? this.#next() : escapeCharacter;
      }
    }
    throw this.#error('a double quote is not closed');
  }

  #possibleHeredoc(): string {
    return this.#take(heredocMark);
  }

  #variable(): string {
    this.#at += 1;
    if (this.#peek() !== '{') {
      const name = this.#name();
      if (name === '') return '$';
      return this.#valueOf(name) ?? (this.#options.keepsUnset ? `$${name}` : '');
    }
    this.#at += 1;
    if (['{', '}', ':', ''].includes(this.#peek())) throw this.#error('a variable has no name');
    const name = this.#name();
    const operator = this.#next();
    if (operator === '}') {
      return this.#valueOf(name) ?? (this.#options.keepsUnset ? `\${${name}}` : '');
    }
    if (operator === '/') return this.#replaced(name);
    return this.#modified(name, operator);
  }

  #modified(name: string, first: string): string {
    const isColon = first === ':';
    const operator = isColon ? this.#next() : first;
    const form = isColon ? first + operator : operator;
    const unknown = () => this.#error(`\${${name}${form}…} is not a form of a variable`);
    const isPattern = operator === '#' || operator === '%';
    if ((isColon && isPattern) || (!isColon && !['+', '-', '?', '#', '%'].includes(operator))) throw unknown();
    const word = this.read({ stop: '}', keepsEscapes: isPattern, isPattern }).text;
    const value = this.#valueOf(name);
    if (value === undefined && this.#options.keepsUnset) return `\${${name}${form}${word}}`;
    const isSet = value !== undefined && !(isColon && value === '');
    switch (operator) {
      case '-':
        return isSet ? value : word;
      case '+':
        return isSet ? word : '';
      case '?':
        if (!isSet) throw new WordError(`The variable ${name} must be set: ${shortened(word)}.`);
        return value;
      case '#':
      case '%': {
        const isLongest = word.startsWith(operator);
        const written = isLongest ? word.slice(1) : word;
        const { effort } = this.#expansion;
        if (operator === '#') return withoutPrefix(value ?? '', this.#pattern(written), isLongest, effort);
        // A suffix is the prefix of the reversed text.
        const backwards = Array.from(value ?? '')
          .reverse()
          .join('');
        const rest = withoutPrefix(backwards, this.#pattern(reversed(written)), isLongest, effort);
        return Array.from(rest).reverse().join('');
      }
      default:
        throw unknown();
    }
  }

  #replaced(name: string): string {
    const isAll = this.#peek() === '/';
    if (isAll) this.#at += 1;
    const pattern = this.read({ stop: '/', keepsEscapes: true, isPattern: true }).text;
    const replacement = this.read({ stop: '}', keepsEscapes: true, isPattern: false }).text;
    const value = this.#valueOf(name);
    if (value === undefined && this.#options.keepsUnset) return `\${${name}/${pattern}/${replacement}}`;
    const replace = isAll ? replaceAll : replaceFirst;
    return replace(value ?? '', this.#pattern(pattern), replacement, this.#expansion.effort);
  }

  #pattern(text: string) {
    try {
      return readPattern(text);
    } catch (error) {
      if (!(error instanceof PatternError)) throw error;
      throw this.#error(`its pattern has a ${error.message}`);
    }
  }

  #name(): string {
    return this.#take(variableName);
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const [taken = ''] = pattern.exec(this.#text) ?? [];
    this.#at += taken.length;
    return taken;
  }
}

function shortened(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
}
