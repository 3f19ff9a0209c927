import { createHash } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { AwsError } from '../service.ts';
import { type ChecksumAlgorithm, checksumAlgorithms, createChecksum } from './checksum.ts';

/** Content in its own file that has passed every check that the client requested. */
export interface Received {
  file: string;
  size: number;
  /** MD5, in hexadecimal digits. */
  md5: string;
  checksum: { algorithm: ChecksumAlgorithm; value: string } | undefined;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/upload-objects.html */
const maxBytes = 5 * 1024 ** 3;
const maxLineBytes = 16 * 1024;

/** Streams a request's body to a new file, which is removed when anything about the body is wrong. */
export async function receiveBody(request: IncomingMessage, file: string): Promise<Received> {
  const trailers = new Map<string, string>();
  const length = lengthOf(request);
  const body = isChunked(request) ? decodeChunks(request, trailers) : request;
  const name = checksumName(request);
  const checksum = name === undefined ? undefined : { algorithm: name, state: createChecksum(name) };
  const md5 = createHash('md5');
  const sha256 = createHash('sha256');
  let size = 0;

  let done = false;
  const handle = await open(file, 'wx');
  try {
    for await (const chunk of interruptible(request, body)) {
      size += chunk.length;
      if (size > length) throw incompleteBody();
      md5.update(chunk);
      sha256.update(chunk);
      checksum?.state.update(chunk);
      await handle.writeFile(chunk);
    }
    if (size !== length) throw incompleteBody();
    const digest = md5.digest();
    checkContentMd5(request, digest);
    checkSha256(request, sha256.digest('hex'));
    const value = checksum?.state.digest();
    if (checksum && value !== undefined) checkChecksum(request, trailers, checksum.algorithm, value);
    await handle.datasync();
    done = true;
    return {
      file,
      size,
      md5: digest.toString('hex'),
      checksum: checksum && { algorithm: checksum.algorithm, value: value ?? '' },
    };
  } finally {
    await handle.close();
    if (!done) await rm(file, { force: true });
  }
}

/**
 * How the content is signed; `STREAMING-…` says that it comes in chunks
 * (https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html).
 */
function isChunked(request: IncomingMessage): boolean {
  const signed = String(request.headers['x-amz-content-sha256'] ?? '');
  if (signed === 'STREAMING-UNSIGNED-PAYLOAD-TRAILER') return true;
  if (signed.startsWith('STREAMING-')) throw notImplemented();
  return false;
}

function lengthOf(request: IncomingMessage): number {
  const given = request.headers['x-amz-decoded-content-length'] ?? request.headers['content-length'];
  if (given === undefined)
    throw new AwsError('MissingContentLength', 'You must provide the Content-Length HTTP header.', 411);
  const length = Number(given);
  if (!Number.isSafeInteger(length) || length < 0)
    throw new AwsError('InvalidArgument', 'The Content-Length is invalid.');
  if (length > maxBytes) {
    throw new AwsError('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size', 400, {
      ProposedSize: length,
      MaxSizeAllowed: maxBytes,
    });
  }
  return length;
}

/** The checksum that a header or the announced trailer gives. */
function checksumName(request: IncomingMessage): ChecksumAlgorithm | undefined {
  const trailer = String(request.headers['x-amz-trailer'] ?? '').toLowerCase();
  const given = checksumAlgorithms.filter(
    (name) => request.headers[`x-amz-checksum-${name}`] !== undefined || trailer === `x-amz-checksum-${name}`,
  );
  if (given.length > 1)
    throw new AwsError(
      'InvalidRequest',
      'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    );
  return given[0];
}

function checkChecksum(
  request: IncomingMessage,
  trailers: Map<string, string>,
  algorithm: ChecksumAlgorithm,
  value: string,
): void {
  const header = `x-amz-checksum-${algorithm}`;
  const given = trailers.get(header) ?? request.headers[header];
  if (given === undefined)
    throw new AwsError(
      'MalformedTrailerError',
      'The request contained trailing data that was not well-formed or did not conform to our published schema.',
    );
  if (Buffer.from(String(given), 'base64').length !== Buffer.from(value, 'base64').length) {
    throw new AwsError('InvalidRequest', `Value for ${header} header is invalid.`);
  }
  if (given !== value)
    throw new AwsError(
      'BadDigest',
      `The ${algorithm.toUpperCase()} you specified did not match the calculated checksum.`,
    );
}

function checkContentMd5(request: IncomingMessage, digest: Buffer): void {
  const given = request.headers['content-md5'];
  if (given === undefined) return;
  if (Buffer.from(String(given), 'base64').length !== 16)
    throw new AwsError('InvalidDigest', 'The Content-MD5 you specified was invalid.');
  if (given !== digest.toString('base64')) {
    throw new AwsError('BadDigest', 'The Content-MD5 you specified did not match what we received.');
  }
}

/** The signature covers the hash that the client announced; this ties the body to it. */
function checkSha256(request: IncomingMessage, digest: string): void {
  const announced = String(request.headers['x-amz-content-sha256'] ?? '');
  if (!/^[0-9a-f]{64}$/.test(announced) || announced === digest) return;
  throw new AwsError(
    'XAmzContentSHA256Mismatch',
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
    400,
    {
      ClientComputedContentSHA256: announced,
      S3ComputedContentSHA256: digest,
    },
  );
}

/** `<hex length>\r\n<content>\r\n`, at the end `0\r\n`, the trailers and an empty line. */
async function* decodeChunks(source: AsyncIterable<Buffer>, trailers: Map<string, string>): AsyncGenerator<Buffer> {
  const iterator = source[Symbol.asyncIterator]();
  let buffered: Buffer = Buffer.alloc(0);
  const more = async () => {
    const { done, value } = await iterator.next();
    if (done) throw incompleteBody();
    buffered = buffered.length === 0 ? value : Buffer.concat([buffered, value]);
  };
  const line = async (): Promise<string> => {
    for (;;) {
      const end = buffered.indexOf('\r\n');
      if (end >= 0) {
        const text = buffered.subarray(0, end).toString('latin1');
        buffered = buffered.subarray(end + 2);
        return text;
      }
      if (buffered.length > maxLineBytes) throw incompleteBody();
      await more();
    }
  };

  for (;;) {
    const header = /^(?<size>[0-9a-f]{1,9})(?:;.*)?$/i.exec(await line());
    if (!header?.groups) throw incompleteBody();
    let left = Number.parseInt(header.groups.size ?? '', 16);
    if (left === 0) break;
    while (left > 0) {
      if (buffered.length === 0) await more();
      const piece = buffered.subarray(0, left);
      buffered = buffered.subarray(piece.length);
      left -= piece.length;
      yield piece;
    }
    if ((await line()) !== '') throw incompleteBody();
  }
  for (let text = await line(); text !== ''; text = await line()) {
    const colon = text.indexOf(':');
    trailers.set(text.slice(0, colon).trim().toLowerCase(), text.slice(colon + 1).trim());
  }
}

/** The body; a client that disconnects half-way causes an error of S3's own. */
async function* interruptible(request: IncomingMessage, body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* body;
  } catch (error) {
    throw request.destroyed && !request.complete ? incompleteBody() : error;
  }
}

function incompleteBody(): AwsError {
  return new AwsError(
    'IncompleteBody',
    'You did not provide the number of bytes specified by the Content-Length HTTP header',
  );
}

function notImplemented(): AwsError {
  return new AwsError('NotImplemented', 'A header you provided implies functionality that is not implemented', 501);
}
