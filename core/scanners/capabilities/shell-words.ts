/** A command line that no shell accepts, or that cannot be read with certainty. The message says why, without a full stop. */
export class CommandUnreadableError extends Error {
  override readonly name = 'CommandUnreadableError';
}

/** How deep commands may be nested. */
const deepest = 5;
const escapedInQuotes = '"\\$`\n';

/**
 * Splits a text into words like programs that start no shell, such as `atomic run` and `podman container runlabel`: only quotes and
 * backslashes have a meaning. Variables stay as they are written.
 * https://docs.python.org/3/library/shlex.html#parsing-rules
 * @throws CommandUnreadableError
 */
export function plainWords(text: string): string[] {
  return new Reader(text, { isShell: false, depth: 0 }).read().flat();
}

/**
 * The simple commands that a shell would run for a text, each as its words: those joined by `;`, `&&` and the like, those in parentheses,
 * and those in substitutions. Variables and substitutions stay in the words as they are written; redirections are left out.
 * https://pubs.opengroup.org/onlinepubs/9799919799/utilities/V3_chap02.html
 * @throws CommandUnreadableError
 */
export function shellCommands(text: string, depth = 0): string[][] {
  return new Reader(text, { isShell: true, depth }).read();
}

class Reader {
  readonly #text: string;
  readonly #isShell: boolean;
  readonly #depth: number;
  readonly #commands: string[][] = [];
  #at = 0;
  #command: string[] = [];
  /** Undefined between words: `''` is a word. */
  #word: string | undefined;
  /** The next word is a file that the command reads or writes. */
  #isRedirected = false;

  constructor(text: string, { isShell, depth }: { isShell: boolean; depth: number }) {
    if (depth > deepest) throw new CommandUnreadableError(`it has commands within commands, more than ${deepest} deep`);
    this.#text = text;
    this.#isShell = isShell;
    this.#depth = depth;
  }

  read(): string[][] {
    while (this.#at < this.#text.length) this.#step(this.#text.charAt(this.#at));
    this.#endCommand();
    return this.#commands;
  }

  #step(character: string): void {
    if (character === '\\') this.#backslash();
    else if (character === "'") this.#singleQuotes();
    else if (character === '"') this.#doubleQuotes();
    else if (this.#isShell && (character === '$' || character === '`')) this.#expansion();
    else if (this.#isShell && /^(?:[<>]|&>)/.test(this.#text.slice(this.#at, this.#at + 2))) this.#redirection();
    else if (this.#isShell && /[;&|()\n]/.test(character)) {
      this.#endCommand();
      this.#at += 1;
    } else if (/\s/.test(character)) {
      this.#endWord();
      this.#at += 1;
    } else if (this.#isShell && character === '#' && this.#word === undefined) {
      const end = this.#text.indexOf('\n', this.#at);
      this.#at = end < 0 ? this.#text.length : end;
    } else this.#take(1);
  }

  /** Adds the next characters to the word unchanged. */
  #take(length: number): void {
    this.#add(this.#text.slice(this.#at, this.#at + length));
    this.#at += length;
  }

  #add(text: string): void {
    this.#word = (this.#word ?? '') + text;
  }

  #backslash(): void {
    const next = this.#text.charAt(this.#at + 1);
    if (next === '') throw new CommandUnreadableError('it ends with a backslash');
    // A backslash at the end of a line continues the line.
    if (next !== '\n') this.#add(next);
    else if (!this.#isShell) this.#endWord();
    this.#at += 2;
  }

  #singleQuotes(): void {
    const end = this.#text.indexOf("'", this.#at + 1);
    if (end < 0) throw new CommandUnreadableError("a quote (') is not closed");
    this.#add(this.#text.slice(this.#at + 1, end));
    this.#at = end + 1;
  }

  #doubleQuotes(): void {
    this.#add('');
    this.#at += 1;
    for (;;) {
      const character = this.#text.charAt(this.#at);
      if (character === '') throw new CommandUnreadableError('a quote (") is not closed');
      if (character === '"') break;
      if (character === '\\' && escapedInQuotes.includes(this.#text.charAt(this.#at + 1) || ' ')) {
        if (this.#text.charAt(this.#at + 1) !== '\n') this.#add(this.#text.charAt(this.#at + 1));
        this.#at += 2;
      } else if (this.#isShell && (character === '$' || character === '`')) this.#expansion();
      else this.#take(1);
    }
    this.#at += 1;
  }

  /** A variable stays as it is written; the commands of a substitution are commands too. */
  #expansion(): void {
    const rest = this.#text.slice(this.#at);
    if (rest.startsWith("$'")) throw new CommandUnreadableError("it has words in $'…', which not every shell reads");
    if (rest.startsWith('${')) this.#variable(rest.indexOf('}'));
    else if (rest.startsWith('$(')) this.#substitution(this.#at + 2, this.#endOfSubstitution());
    else if (rest.startsWith('`')) {
      const end = /^`(?:[^`\\]|\\.)*`/s.exec(rest);
      if (!end) throw new CommandUnreadableError('a quote (`) is not closed');
      this.#substitution(this.#at + 1, this.#at + end[0].length - 1);
    } else this.#take(1);
  }

  #variable(end: number): void {
    if (end < 0) throw new CommandUnreadableError('a variable (${) is not closed');
    if (/[$`\s]/.test(this.#text.slice(this.#at + 2, this.#at + end)))
      throw new CommandUnreadableError('a variable has words or commands as its value');
    this.#take(end + 1);
  }

  #substitution(from: number, to: number): void {
    const inner = this.#text.slice(from, to);
    const text = this.#text.charAt(to) === '`' ? inner.replaceAll(/\\([`\\$])/g, '$1') : inner;
    this.#commands.push(...shellCommands(text, this.#depth + 1));
    this.#take(to + 1 - this.#at);
  }

  /** The position of the `)` that closes this `$(`. */
  #endOfSubstitution(): number {
    let open = 0;
    let quote = '';
    for (let at = this.#at + 1; at < this.#text.length; at += 1) {
      const character = this.#text.charAt(at);
      if (character === '\\' && quote !== "'") at += 1;
      else if (quote !== '') quote = character === quote ? '' : quote;
      else if (character === "'" || character === '"') quote = character;
      else if (character === '(') open += 1;
      else if (character === ')') {
        open -= 1;
        if (open === 0) return at;
      }
    }
    throw new CommandUnreadableError('a command ($() is not closed');
  }

  #redirection(): void {
    const [operator = ''] = /^(?:&>>?|[<>]{1,3}[&|]?)/.exec(this.#text.slice(this.#at)) ?? [];
    if (operator.startsWith('<<')) throw new CommandUnreadableError('it has a here-document (<<)');
    if (this.#text.charAt(this.#at + operator.length) === '(')
      throw new CommandUnreadableError(`it has a command instead of a file (${operator}()`);
    const isFileNumber = /^\d+$/.test(this.#word ?? '');
    if (isFileNumber) this.#word = undefined;
    else this.#endWord();
    this.#at += operator.length;
    this.#isRedirected = true;
  }

  #endWord(): void {
    if (this.#word === undefined) return;
    if (!this.#isRedirected) this.#command.push(this.#word);
    this.#isRedirected = false;
    this.#word = undefined;
  }

  #endCommand(): void {
    this.#endWord();
    this.#isRedirected = false;
    if (this.#command.length > 0) this.#commands.push(this.#command);
    this.#command = [];
  }
}
