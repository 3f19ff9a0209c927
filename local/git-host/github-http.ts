import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ZodError } from 'zod';

/** One call of the REST API. */
export interface Call {
  request: IncomingMessage;
  response: ServerResponse;
  searchParams: URLSearchParams;
  /** The call's own address, without its query. */
  address: string;
}

const maxBodyBytes = 1024 * 1024;

/** An error that the caller is told of, in GitHub's form. */
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

/** The page of a list that `page` and `per_page` ask for, and the `Link` header that leads to the others. */
export function pageOf<Item>({ searchParams, address }: Call, items: Item[]): [Item[], Record<string, string>] {
  const size = Math.min(Math.max(Number.parseInt(searchParams.get('per_page') ?? '', 10) || 30, 1), 100);
  const page = Math.max(Number.parseInt(searchParams.get('page') ?? '', 10) || 1, 1);
  const last = Math.max(Math.ceil(items.length / size), 1);
  const link = (number: number, rel: string) => `<${address}?per_page=${size}&page=${number}>; rel="${rel}"`;
  const links = [
    ...(page > 1 ? [link(page - 1, 'prev')] : []),
    ...(page < last ? [link(page + 1, 'next'), link(last, 'last')] : []),
    ...(page > 1 ? [link(1, 'first')] : []),
  ];
  return [items.slice((page - 1) * size, page * size), links.length > 0 ? { link: links.join(', ') } : {}];
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
  try {
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch (cause) {
    throw new GitHubError(400, 'Problems parsing JSON', undefined, { cause });
  }
}
