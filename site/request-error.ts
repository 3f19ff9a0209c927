/** A request that gets an answer other than what it asked for. The message is for the person who made it. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly status: number;
  /** The problem's name in the API's JSON: `site/api/problems.ts` has those that the API answers. */
  readonly code: string;
  readonly headers: Record<string, string>;

  constructor(status: number, code: string, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}
