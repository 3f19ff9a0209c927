/** A request that gets an answer other than what it asked for. The message is for the person who made it. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly status: number;
  /** The problem's name in the API's JSON: `site/problems.ts` has those that the API answers. */
  readonly code: string;
  readonly headers: Record<string, string>;

  constructor(status: number, code: string, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

export function methodNotAllowed(allowed: string, message: string): RequestError {
  return new RequestError(405, 'MethodNotAllowed', message, { allow: allowed });
}

export function overloaded(): RequestError {
  const message = 'Too much is asked for at once. Try again in a few seconds.';
  return new RequestError(503, 'Overloaded', message, { 'retry-after': '5' });
}
