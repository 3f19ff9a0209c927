import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/**
 * The check of Signature Version 4, by which every call to AWS says who makes it.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */

const algorithm = 'AWS4-HMAC-SHA256';
const allowedSkewMs = 15 * 60_000;
const emptyHash = createHash('sha256').digest('hex');

/** Who signed a request, for which service and when, as the request itself says. Nothing of it is proven yet. */
export interface Credential {
  accessKeyId: string;
  /** `20261121` */
  date: string;
  region: string;
  service: string;
  /** `20261121T001500Z` */
  timestamp: string;
  signedHeaders: string[];
  signature: string;
  /** For a presigned URL: how long it holds. */
  expiresSeconds: number | undefined;
}

export interface SignedRequest {
  method: string;
  /** The path and query as they came, `/aws/bucket/key?x=1`. */
  target: string;
  headers: IncomingHttpHeaders;
}

/** What is wrong with a request's signature. Each service has names of its own for it. */
export class SignatureError extends Error {
  override readonly name = 'SignatureError';
  readonly problem: 'missing' | 'incomplete' | 'expired' | 'mismatch';

  constructor(problem: SignatureError['problem'], message: string) {
    super(message);
    this.problem = problem;
  }
}

const mismatch =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';

/**
 * Reads the credential from the `Authorization` header or from the query of a presigned URL.
 * @throws SignatureError when there is none or a part of it is missing
 */
export function readCredential({ target, headers }: SignedRequest): Credential {
  const query = new URLSearchParams(target.slice(target.indexOf('?') + 1 || target.length));
  const presigned = query.get('X-Amz-Algorithm') !== null;
  const authorization = headers.authorization;
  if (authorization === undefined && !presigned)
    throw new SignatureError('missing', 'Request is missing Authentication Token');
  if (authorization !== undefined && presigned) {
    throw new SignatureError(
      'incomplete',
      "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
    );
  }

  const [scheme, fields] = presigned
    ? [query.get('X-Amz-Algorithm') ?? '', query]
    : readAuthorization(authorization ?? '');
  if (scheme !== algorithm) throw new SignatureError('incomplete', `Unsupported AWS 'algorithm': '${scheme}'.`);
  const field = (name: string): string => {
    const value = fields.get(presigned ? `X-Amz-${name}` : name);
    if (!value) throw new SignatureError('incomplete', `Authorization header requires '${name}' parameter.`);
    return value;
  };

  const parts = field('Credential').split('/');
  const [accessKeyId = '', date = '', region = '', service = '', terminator] = parts;
  if (parts.length !== 5 || terminator !== 'aws4_request') {
    throw new SignatureError(
      'incomplete',
      `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '${parts.join('/')}'`,
    );
  }
  const timestamp = (presigned ? query.get('X-Amz-Date') : headers['x-amz-date']) ?? '';
  if (typeof timestamp !== 'string' || !/^\d{8}T\d{6}Z$/.test(timestamp)) {
    throw new SignatureError('incomplete', `Date must be in ISO-8601 'basic format'. Got '${timestamp}'.`);
  }
  if (!timestamp.startsWith(date)) {
    throw new SignatureError(
      'mismatch',
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${date}' != '${timestamp.slice(0, 8)}', from '${timestamp}'.`,
    );
  }
  const signedHeaders = field('SignedHeaders').split(';');
  if (!signedHeaders.includes('host')) {
    throw new SignatureError('mismatch', "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
  }
  return {
    accessKeyId,
    date,
    region,
    service,
    timestamp,
    signedHeaders,
    signature: field('Signature'),
    expiresSeconds: presigned ? Number(field('Expires')) : undefined,
  };
}

/** The token of a session of STS, as a header or in the query of a presigned URL. */
export function sessionToken({ target, headers }: SignedRequest): string | undefined {
  const query = new URLSearchParams(target.slice(target.indexOf('?') + 1 || target.length));
  return [headers['x-amz-security-token'] ?? query.get('X-Amz-Security-Token') ?? undefined].flat()[0];
}

function readAuthorization(header: string): [string, Map<string, string>] {
  const space = header.indexOf(' ');
  if (space < 0) return [header, new Map()];
  const fields = header
    .slice(space + 1)
    .split(',')
    .map((part) => {
      const equals = part.indexOf('=');
      return [part.slice(0, equals).trim(), part.slice(equals + 1).trim()] as const;
    });
  return [header.slice(0, space), new Map(fields)];
}

/**
 * Checks a signature and its age.
 * @param payloadHash what represents the body in the signature: its SHA-256 in hex, or S3's constant for a body that is not signed
 * @throws SignatureError
 */
export function verifySignature(
  request: SignedRequest,
  credential: Credential,
  secretAccessKey: string,
  payloadHash: string,
  now = Date.now(),
): void {
  verifyAge(credential, now);
  // What AWS's own headers say (`x-amz-target`) must not be changed on the way either.
  for (const name of Object.keys(request.headers)) {
    if (name.startsWith('x-amz-') && !credential.signedHeaders.includes(name)) {
      throw new SignatureError('mismatch', `There were headers present in the request which were not signed: ${name}`);
    }
  }
  const scope = `${credential.date}/${credential.region}/${credential.service}/aws4_request`;
  const stringToSign = [
    algorithm,
    credential.timestamp,
    scope,
    sha256(canonicalRequest(request, credential, payloadHash)),
  ].join('\n');
  const expected = hmac(signingKey(secretAccessKey, credential), stringToSign);
  const actual = Buffer.from(credential.signature, 'hex');
  if (actual.length !== expected.length || !timingSafeEqual(actual, expected))
    throw new SignatureError('mismatch', mismatch);
}

/** The hash that a signature has for a body: what `x-amz-content-sha256` says, else the body's own. */
export function payloadHashOf(body: Uint8Array): string {
  return body.length === 0 ? emptyHash : sha256(body);
}

function verifyAge({ timestamp, expiresSeconds }: Credential, now: number): void {
  const signedAt = Date.parse(timestamp.replace(/^(....)(..)(..)T(..)(..)(..)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  const shown = (instant: number) => new Date(instant).toISOString().replace(/[-:]|\.\d+/g, '');
  if (!(signedAt <= now + allowedSkewMs)) {
    throw new SignatureError(
      'expired',
      `Signature not yet current: ${timestamp} is still later than ${shown(now + allowedSkewMs)} (${shown(now)} + 15 min.)`,
    );
  }
  if (expiresSeconds !== undefined) {
    // A week is the most. https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
    if (!(expiresSeconds > 0 && expiresSeconds <= 604_800 && now <= signedAt + expiresSeconds * 1000)) {
      throw new SignatureError('expired', 'Request has expired');
    }
  } else if (signedAt < now - allowedSkewMs) {
    throw new SignatureError(
      'expired',
      `Signature expired: ${timestamp} is now earlier than ${shown(now - allowedSkewMs)} (${shown(now)} - 15 min.)`,
    );
  }
}

function canonicalRequest(
  { method, target, headers }: SignedRequest,
  credential: Credential,
  payloadHash: string,
): string {
  const question = target.indexOf('?');
  const path = question < 0 ? target : target.slice(0, question);
  const query = question < 0 ? '' : target.slice(question + 1);
  const canonicalHeaders = credential.signedHeaders.map((name) => {
    const value = headers[name];
    return `${name}:${[value ?? ''].flat().join(',').trim().replace(/ +/g, ' ')}\n`;
  });
  return [
    method,
    // Every service but S3 signs the path encoded once more.
    credential.service === 's3' ? path : path.split('/').map(encode).join('/'),
    canonicalQuery(query),
    canonicalHeaders.join(''),
    credential.signedHeaders.join(';'),
    payloadHash,
  ].join('\n');
}

function canonicalQuery(query: string): string {
  return query
    .split('&')
    .filter((part) => part !== '' && !part.startsWith('X-Amz-Signature='))
    .map((part) => {
      const equals = part.indexOf('=');
      const [name, value] = equals < 0 ? [part, ''] : [part.slice(0, equals), part.slice(equals + 1)];
      return `${encode(decode(name))}=${encode(decode(value))}`;
    })
    .sort(byBytes)
    .join('&');
}

function byBytes(a: string, b: string): number {
  // The encoded text is ASCII, and `=` must not outweigh a longer name: `a=1` comes before `a-b=1`.
  const [nameA = '', valueA = ''] = a.split('=');
  const [nameB = '', valueB = ''] = b.split('=');
  if (nameA !== nameB) return nameA < nameB ? -1 : 1;
  return valueA < valueB ? -1 : Number(valueA > valueB);
}

function decode(text: string): string {
  if (!/%|\+/.test(text)) return text;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new SignatureError('mismatch', mismatch);
  }
}

/** RFC 3986, which leaves fewer characters as they are than encodeURIComponent does. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

let cachedKeys = new Map<string, Buffer>();

/** The key of a day: it is the same for every call of the day, so it is cached. */
function signingKey(secret: string, { date, region, service }: Credential): Buffer {
  const name = `${secret} ${date} ${region} ${service}`;
  const cached = cachedKeys.get(name);
  if (cached) return cached;
  const key = [date, region, service, 'aws4_request'].reduce<Buffer>(hmac, Buffer.from(`AWS4${secret}`));
  if (cachedKeys.size >= 1000) cachedKeys = new Map();
  cachedKeys.set(name, key);
  return key;
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
