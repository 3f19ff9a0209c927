/**
 * The path below which the API is read by signed calls: `/api/signed/v1/…` answers as `/api/v1/…`, and private projects too, to whomever
 * the account's IAM lets call it (`execute-api:Invoke`).
 */
const prefix = '/api/signed/';

/** The route of API Gateway. */
export const signedReads = `${prefix}{proxy+}`;

/** The path of the public API that a signed path means. */
export function unsignedPath(path: string): string {
  return path.startsWith(prefix) ? `/api/${path.slice(prefix.length)}` : path;
}

/** The path of a signed call for one of the public API. */
export function signedPath(path: string): string {
  return path.replace(/^\/api\//, prefix);
}
