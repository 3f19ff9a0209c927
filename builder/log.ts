import { StringDecoder } from 'node:string_decoder';
import { largestLogPart } from '../core/model/builder-contract.ts';
import { LogLimitError } from './errors.ts';
import { coloured, harmless, type Redaction } from './redaction.ts';

const partInterval = 2_000;
const partBytes = 64 * 1024;
/** A line without an end is cut here, so that a program that prints no newline cannot fill the memory. */
const longestLine = 32 * 1024;
/** A secret that is split between two parts must still be seen: this much of a cut line waits for what follows. */
const heldBack = 4 * 1024;
const tailLines = 40;

export interface LogOptions {
  redaction: Redaction;
  console: (text: string) => void;
  /** Stores one part, of whole lines; parts come one after another and are numbered from 0, their lines from 1. */
  store: (part: number, text: string, firstLine: number) => Promise<void>;
  /** Is called for each step that begins. */
  onStep?: (name: string, at: Date) => void;
  now?: () => number;
}

interface StreamOptions {
  before?: string;
  receive?: (line: string) => void;
}

/**
 * A build's log: everything that the tools print, in lines, with secrets and control characters taken out, to the console and in parts
 * to the records. The records keep the colours of the text.
 */
export class BuildLog {
  readonly #options: LogOptions;
  readonly #now: () => number;
  readonly #startedAt: number;
  readonly #limitReached = new AbortController();
  #limit = Number.POSITIVE_INFINITY;
  #bytes = 0;
  #pending = '';
  #part = 0;
  #nextLine = 1;
  #lastStored = 0;
  #storing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #storeError: unknown;
  #recent: string[] = [];

  constructor(options: LogOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#startedAt = this.#now();
  }

  /** From now on, drops output of tools beyond `bytes` and resolves `limitReached`. */
  set limit(bytes: number) {
    this.#limit = bytes;
  }

  get limitReached(): AbortSignal {
    return this.#limitReached.signal;
  }

  /** The last lines that tools printed since the last heading. */
  get recent(): readonly string[] {
    return this.#recent;
  }

  /** `==> build (2026-11-21T01:16:43Z, +0.4 s)` */
  heading(step: string): void {
    const now = this.#now();
    this.#recent = [];
    const elapsed = ((now - this.#startedAt) / 1000).toFixed(1);
    this.#options.onStep?.(step, new Date(now));
    this.line(`==> ${step} (${new Date(now).toISOString().slice(0, 19)}Z, +${elapsed} s)`);
  }

  /** A line of the builder's own: it is logged even when the limit is reached. */
  line(text: string): void {
    this.#emit(`${harmless(this.#options.redaction.apply(text))}\n`);
  }

  /**
   * A writer for one stream of one process; `end` writes the rest that has no newline. Where several processes print at a time, `before`
   * says whose line it is; `receive` gets each line as it is logged, without that prefix.
   */
  stream({ before = '', receive }: StreamOptions = {}): { write(chunk: Buffer): void; end(): void } {
    const decoder = new StringDecoder('utf8');
    let rest = '';
    const take = (text: string, isEnd: boolean) => {
      const lines = (rest + text).split(/\r\n|\n|\r(?!$)/);
      rest = lines.pop() ?? '';
      for (const line of lines) this.#toolLine(line, before, receive);
      while (rest.length > longestLine) {
        // The held back rest has what was redacted already: a second pass finds nothing more in it.
        const seen = this.#options.redaction.apply(rest);
        const kept = Math.max(heldBack, this.#options.redaction.longest);
        this.#toolLine(seen.slice(0, -kept), before, receive);
        rest = seen.slice(-kept);
      }
      if (isEnd && rest !== '') {
        this.#toolLine(rest.replace(/\r$/, ''), before, receive);
        rest = '';
      }
    };
    return {
      write: (chunk) => take(decoder.write(chunk), false),
      end: () => take(decoder.end(), true),
    };
  }

  /**
   * Stores the parts that are not stored yet.
   * @throws the first error of storing a part
   */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    while (this.#pending !== '' || this.#storing) {
      await this.#storing;
      this.#store();
    }
    if (this.#storeError) throw this.#storeError;
  }

  #toolLine(line: string, before: string, receive: StreamOptions['receive']): void {
    this.#bytes += before.length + Buffer.byteLength(line) + 1;
    if (this.#bytes > this.#limit) {
      if (!this.#limitReached.signal.aborted) this.#limitReached.abort(new LogLimitError(this.#limit));
      return;
    }
    const redacted = this.#options.redaction.apply(line);
    const text = harmless(redacted);
    this.#recent.push(text);
    if (this.#recent.length > tailLines) this.#recent.shift();
    receive?.(text);
    this.#emit(`${before}${text}\n`, `${before}${coloured(redacted)}\n`);
  }

  /** Exactly one line. */
  #emit(text: string, stored = text): void {
    this.#options.console(text);
    this.#pending += stored;
    if (this.#pending.length >= partBytes) this.#store();
    else this.#timer ??= setTimeout(() => this.#store(), Math.max(50, this.#lastStored + partInterval - this.#now()));
  }

  #store(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#storing || this.#pending === '') return;
    const [text, firstLine] = [firstPart(this.#pending), this.#nextLine];
    this.#pending = this.#pending.slice(text.length);
    this.#nextLine += text.split('\n').length - 1;
    this.#lastStored = this.#now();
    this.#storing = this.#options
      .store(this.#part++, text, firstLine)
      .catch((error: unknown) => {
        this.#storeError ??= error;
      })
      .finally(() => {
        this.#storing = undefined;
        if (this.#pending.length >= partBytes) this.#store();
      });
  }
}

/** The first lines, as many as a part may have; at least one. */
function firstPart(lines: string): string {
  if (lines.length <= largestLogPart) return lines;
  const end = lines.lastIndexOf('\n', largestLogPart - 1);
  return lines.slice(0, (end < 0 ? lines.indexOf('\n') : end) + 1);
}
