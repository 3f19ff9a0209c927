import { type Build, isTerminal } from '../core/model/build.ts';
import { type Answer, caching } from './answer.ts';
import type { LogReader } from './readers.ts';
import { RequestError } from './request-error.ts';

/**
 * The most bytes of a log in one answer. A function's answer has 6 MB at most, and the body goes in base64, 4/3 of its length
 * (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html).
 */
export const pieceBytes = 4 * 1024 * 1024;

export interface BuildLog {
  build: Build;
  /** The build's id, or that of its part for one platform. */
  recordedAs: string;
}

/**
 * The log as text: whole if it fits into one answer, else its end below a line that says so. `?from=` and `Range` give any piece;
 * `x-log-next` says where the next one starts, so that a program can follow a running build.
 */
export async function logText(
  { build, recordedAs }: BuildLog,
  log: LogReader,
  siteUrl: string,
  from?: number,
  range?: string,
): Promise<Answer> {
  const address = `${siteUrl}/api/v1/builds/${recordedAs}/log`;
  const wanted = from === undefined ? parseRange(range) : undefined;
  if (wanted) return partialContent({ build, recordedAs }, log, wanted);
  const slice = await log.slice(recordedAs, from ?? -pieceBytes, pieceBytes);
  const next = slice.from + slice.bytes.length;
  const answer: Answer = { status: 200, headers: headers(build, next, slice.total), body: slice.bytes };
  if (next < slice.total) answer.headers.link = `<${address}?from=${next}>; rel="next"`;
  if (from !== undefined || slice.from === 0) return answer;
  const tail = slice.bytes.subarray(slice.bytes.indexOf(10) + 1);
  const marker = `[slipway] This log has ${slice.total} bytes; these are the last ${tail.length}. It starts at ${address}?from=0\n`;
  return {
    ...answer,
    headers: { ...answer.headers, link: `<${address}?from=0>; rel="first"` },
    body: Buffer.concat([Buffer.from(marker), tail]),
  };
}

async function partialContent(
  { build, recordedAs }: BuildLog,
  log: LogReader,
  { start, end }: ByteRange,
): Promise<Answer> {
  const slice = await log.slice(
    recordedAs,
    start,
    Math.min(pieceBytes, end === undefined ? pieceBytes : end - start + 1),
  );
  if (slice.bytes.length === 0) {
    const message = `The log has no such bytes: it has ${slice.total} by now.`;
    throw new RequestError(416, 'InvalidRange', message, {
      ...headers(build, slice.total, slice.total),
      'content-range': `bytes */${slice.total}`,
    });
  }
  const next = slice.from + slice.bytes.length;
  const contentRange = `bytes ${slice.from}-${next - 1}/${isTerminal(build.status) ? slice.total : '*'}`;
  return {
    status: 206,
    headers: { ...headers(build, next, slice.total), 'content-range': contentRange },
    body: slice.bytes,
  };
}

function headers(build: Build, next: number, total: number): Record<string, string> {
  return {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': isTerminal(build.status) ? caching.briefly : caching.never,
    'accept-ranges': 'bytes',
    'x-log-next': String(next),
    'x-log-total': String(total),
  };
}

interface ByteRange {
  /** Negative: that many before the end. */
  start: number;
  end?: number | undefined;
}

/** One range of bytes; any other `Range` is ignored, as RFC 9110 section 14.2 allows. */
function parseRange(header: string | undefined): ByteRange | undefined {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  if (first === '') return { start: -Number(last) };
  if (last !== '' && Number(last) < Number(first)) {
    throw new RequestError(416, 'InvalidRange', 'The range ends before it starts.');
  }
  return { start: Number(first), end: last === '' ? undefined : Number(last) };
}
