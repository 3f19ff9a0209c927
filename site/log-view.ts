import { type Build, isTerminal } from '../core/model/build.ts';
import { largestLogPart } from '../core/model/builder-contract.ts';
import { type LogLine, longestLine, readLogLine } from '../core/text/log-line.ts';
import { plainLog, wholeEnd } from '../core/text/plain-log.ts';
import type { BuildLog } from './log.ts';
import type { LogReader } from './readers.ts';

export interface NumberedLine extends LogLine {
  /** From 1. */
  number: number;
}

/** The lines of a log that a page shows. */
export interface LogView {
  lines: NumberedLine[];
  /** Where what follows starts: its byte and its line. */
  next: { byte: number; line: number };
  /** True when there is no more yet. */
  atEnd: boolean;
}

const empty: LogView = { lines: [], next: { byte: 0, line: 1 }, atEnd: true };

/** Of the build's own page, and of the page of the log. */
const tailBytes = 12 * 1024;
const windowBytes = 20 * 1024;
const windowLines = 250;
/** Lines before the one that is asked for. */
const linesBefore = 5;
/** So that a line at the end of a part is found, and those after it. */
const readBytes = 2 * largestLogPart;

/** The log's last lines. While the build runs, only whole ones. */
export async function lastLines({ build, recordedAs }: BuildLog, log: LogReader): Promise<LogView> {
  const found = await log.lines(recordedAs, { beforeEnd: tailBytes }, readBytes);
  if (!found) return empty;
  const all = linesOf(build, found, found.firstLine, found.total);
  const fits = fitting(all.lines.toReversed(), tailBytes);
  return viewOf(fits.toReversed(), all);
}

/** What came after a byte, which begins the line with this number: the part that a page which follows the build does not have yet. */
export async function linesAfter(
  { build, recordedAs }: BuildLog,
  log: LogReader,
  from: { byte: number; line: number },
): Promise<LogView> {
  const slice = await log.slice(recordedAs, from.byte, readBytes);
  const all = linesOf(build, slice, from.line, slice.total);
  return viewOf(all.lines, all);
}

/** The lines around one, as many as fit on a page. */
export async function linesAround({ build, recordedAs }: BuildLog, log: LogReader, line: number): Promise<LogView> {
  const start = Math.max(1, line - linesBefore);
  let all = await readFrom(start);
  // The lines before it may be so long that they are all that was read.
  if (all && !all.lines.some(({ number }) => number === line)) all = await readFrom(line);
  if (!all) return empty;
  // Where there is no such line, the last ones are shown.
  const first = Math.min(line - all.start.line, Math.max(0, all.lines.length - 1));
  const before = all.lines.slice(Math.max(0, start - all.start.line), first).toReversed();
  const context = fitting(before, windowBytes / 2, 0).toReversed();
  const rest = all.lines.slice(first, first + windowLines);
  return viewOf([...context, ...fitting(rest, windowBytes - sizeOf(context))], all);

  async function readFrom(line: number): Promise<ReadLines | undefined> {
    const found = await log.lines(recordedAs, { line }, readBytes);
    return found && linesOf(build, found, found.firstLine, found.total);
  }
}

/** What a line takes on a page, where it is cut and escaped. */
function shownSize({ raw }: ReadLine): number {
  const shown = raw.slice(0, longestLine);
  return shown.length + 4 * (shown.match(/[&<>"']/g)?.length ?? 0);
}

const sizeOf = (lines: readonly ReadLine[]): number => lines.reduce((sum, line) => sum + shownSize(line), 0);

/** The first lines that take no more together on a page, but at least so many. */
function fitting(lines: readonly ReadLine[], limit: number, least = 1): ReadLine[] {
  let size = 0;
  const end = lines.findIndex((line, at) => {
    size += shownSize(line);
    return size > limit && at >= least;
  });
  return lines.slice(0, end < 0 ? lines.length : end);
}

/** A search reads this much of a log at most; a link goes on from there. */
const searchedBytes = 4 * 1024 * 1024;
const mostMatches = 100;

export interface LogMatches {
  matches: { number: number; before: string; found: string; after: string }[];
  /** The line from which the search goes on; undefined at the end of the log. */
  next: number | undefined;
}

/** The lines with a text, whatever its case. */
export async function searchLog(
  { recordedAs }: BuildLog,
  log: LogReader,
  text: string,
  fromLine: number,
): Promise<LogMatches> {
  const found = await log.lines(recordedAs, { line: fromLine }, searchedBytes);
  if (!found) return { matches: [], next: undefined };
  const reachesEnd = found.from + found.bytes.length >= found.total;
  const bytes = reachesEnd ? found.bytes : found.bytes.subarray(0, wholeEnd(found.bytes));
  const lines = plainLog(Buffer.from(bytes).toString('utf8')).split('\n');
  const wanted = text.toLowerCase();
  const matches: LogMatches['matches'] = [];
  for (const [at, line] of lines.entries()) {
    const number = found.firstLine + at;
    const start = number < fromLine ? -1 : line.toLowerCase().indexOf(wanted);
    if (start < 0) continue;
    if (matches.length === mostMatches) return { matches, next: number };
    const [before, after] = [line.slice(0, start), line.slice(start + text.length)];
    matches.push({
      number,
      before: before.length > 80 ? `…${before.slice(-80)}` : before,
      found: line.slice(start, start + text.length),
      after: after.slice(0, 200),
    });
  }
  return { matches, next: reachesEnd ? undefined : found.firstLine + lines.length - 1 };
}

/** Its text is made only where it is wanted: of the thousands of lines that are read at once a page shows few. */
class ReadLine {
  readonly number: number;
  readonly #log: Buffer;
  readonly #start: number;
  readonly #end: number;

  constructor(number: number, log: Buffer, start: number, end: number) {
    this.number = number;
    this.#log = log;
    this.#start = start;
    this.#end = end;
  }

  get raw(): string {
    const isWhole = this.#log[this.#end - 1] === 10;
    return this.#log.toString('utf8', this.#start, isWhole ? this.#end - 1 : this.#end);
  }

  /** The byte after it, of those that were read. */
  get end(): number {
    return this.#end;
  }
}

interface ReadLines {
  lines: ReadLine[];
  start: { byte: number; line: number };
  total: number;
}

/** The whole lines of a piece of the log; the last one that has no end only where nothing can follow it. */
function linesOf(
  build: Build,
  { bytes, from }: { bytes: Uint8Array; from: number },
  firstLine: number,
  total: number,
): ReadLines {
  const lines: ReadLine[] = [];
  const log = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const add = (start: number, end: number) => lines.push(new ReadLine(firstLine + lines.length, log, start, end));
  let start = 0;
  for (let feed = log.indexOf(10); feed >= 0; feed = log.indexOf(10, start)) {
    add(start, feed + 1);
    start = feed + 1;
  }
  const hasEnded = isTerminal(build.status) && from + bytes.length >= total;
  // Of a line that is longer than what is read at once, the first piece counts as a line.
  const end = hasEnded ? bytes.length : bytes.length >= readBytes && start === 0 ? wholeEnd(bytes) : start;
  if (end > start) add(start, end);
  return { lines, start: { byte: from, line: firstLine }, total };
}

function viewOf(shown: readonly ReadLine[], { start, total }: ReadLines): LogView {
  const last = shown.at(-1);
  const next = last ? { byte: start.byte + last.end, line: last.number + 1 } : start;
  return {
    lines: shown.map(({ number, raw }) => ({ number, ...readLogLine(raw) })),
    next,
    atEnd: next.byte >= total,
  };
}
