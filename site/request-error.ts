/** A request that gets an answer other than what it asked for. The message is for the person who made it. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly status: number;
  /** The error's name in the API's JSON. */
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}
