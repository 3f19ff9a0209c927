import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ZodError } from 'zod';

/** One call of the REST API. */
export interface Call {
  request: IncomingMessage;
  response: ServerResponse;
  searchParams: URLSearchParams;
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
