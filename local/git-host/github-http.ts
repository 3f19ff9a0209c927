import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ZodError, ZodType } from 'zod';
import type { Caller } from './people.ts';
import type { Repository } from './repositories.ts';

/** One call of the REST API about a repository. */
export interface Call {
  request: IncomingMessage;
  response: ServerResponse;
  searchParams: URLSearchParams;
  repository: Repository;
  /** What the route's pattern found in the path. */
  groups: Record<string, string | undefined>;
  /** Undefined for a caller without credentials, who can only read. */
  caller: Caller | undefined;
}

/** `rest` is what follows `/repos/<owner>/<repo>`, decoded. */
export type Route = [method: string, rest: RegExp, handler: (call: Call) => Promise<void> | void];

const maxBodyBytes = 1024 * 1024;

/** An error that the caller gets, in GitHub's form. */
export class GitHubError extends Error {
  override readonly name = 'GitHubError';
  readonly status: number;
  readonly errors: unknown[] | undefined;

  constructor(status: number, message: string, errors?: unknown[], options?: ErrorOptions) {
    super(message, options);
    this.status = status;
    this.errors = errors;
  }

  static validation(error: ZodError, resource: string): GitHubError {
    const errors = error.issues.map(({ path, message }) => ({
      resource,
      field: path.join('.'),
      code: 'custom',
      message,
    }));
    return new GitHubError(422, 'Validation Failed', errors);
  }
}

export function notFound(): GitHubError {
  return new GitHubError(404, 'Not Found');
}

/** Something that only some may do. */
export function forbidden(message: string): GitHubError {
  return new GitHubError(403, message);
}

/** @throws GitHubError 401 */
export function callerOfWrite({ caller }: Pick<Call, 'caller'>): Caller {
  if (!caller) throw new GitHubError(401, 'Requires authentication');
  return caller;
}

/** @throws GitHubError for a body that is not as the call needs it */
export async function readInput<Input>(
  request: IncomingMessage,
  schema: ZodType<Input>,
  resource: string,
): Promise<Input> {
  const parsed = schema.safeParse(await readJson(request));
  if (!parsed.success) throw GitHubError.validation(parsed.error, resource);
  return parsed.data;
}

/** One page of a list, with the address of the next one. https://docs.github.com/en/rest/using-the-rest-api/using-pagination-in-the-rest-api */
export function pageOf<Item>(
  { searchParams }: Pick<Call, 'searchParams'>,
  address: string,
  items: readonly Item[],
): { items: Item[]; headers: Record<string, string> } {
  const limit = Math.min(Math.max(Number(searchParams.get('per_page')) || 30, 1), 100);
  const page = Math.max(Number(searchParams.get('page')) || 1, 1);
  const next = new URL(address);
  for (const [name, value] of searchParams) next.searchParams.set(name, value);
  next.searchParams.set('page', String(page + 1));
  return {
    items: items.slice((page - 1) * limit, page * limit),
    headers: items.length > page * limit ? { link: `<${next}>; rel="next"` } : {},
  };
}

export function answerJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Record<string, string> = {},
): void {
  const body = JSON.stringify(value);
  response
    .writeHead(status, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      'x-github-media-type': 'github.v3; format=json',
      'x-github-request-id': randomUUID(),
      'x-content-type-options': 'nosniff',
      ...headers,
    })
    .end(body);
}

/** @throws GitHubError for a body that is too long or no JSON */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBodyBytes) throw new GitHubError(413, 'Request Entity Too Large');
    chunks.push(chunk);
  }
  // A call that needs nothing may say nothing.
  if (length === 0) return {};
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch (cause) {
    throw new GitHubError(400, 'Problems parsing JSON', undefined, { cause });
  }
}
