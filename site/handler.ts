import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { unsignedPath } from '../core/api/signed-reads.ts';
import { stranger, type Viewer } from '../core/visibility/viewer.ts';
import { isThrottled } from '../services/aws/throttled.ts';
import { withAccount } from './account.ts';
import { type Answer, caching, commonHeaders, page, preflight, problem, tagged } from './answer.ts';
import { asset } from './assets/assets.ts';
import { address } from './pages/layout.ts';
import { problemPage } from './pages/problem.ts';
import type { SiteParts, SiteRequest } from './parts.ts';
import { methodNotAllowed, overloaded, RequestError } from './request-error.ts';
import { posted, refuseCommandPath, route } from './routes.ts';
import { isSigned, viewerOf } from './viewer.ts';
import { visibleParts } from './visible-parts.ts';

export interface SiteOptions extends SiteParts {
  now?: () => Date;
  /** Their mail addresses: they see private projects, too. */
  operators: readonly string[];
  /** Whether people can sign in. */
  hasLogin: boolean;
  /** Gets errors that the request did not cause; the answer has only a constant text. */
  onError: (error: unknown) => void;
}

export type SiteHandler = (
  event: APIGatewayProxyEventV2,
  /** `signal`: the time for an answer is nearly over. */
  options?: { signal?: AbortSignal | undefined },
) => Promise<APIGatewayProxyStructuredResultV2>;

/** The status site and the public API behind API Gateway's HTTP API, payload format 2.0. It reads, and takes what forms send. */
export function createSiteHandler({
  now = () => new Date(),
  onError,
  operators,
  hasLogin,
  ...all
}: SiteOptions): SiteHandler {
  return async (event, { signal } = {}) => {
    const path = isSigned(event) ? unsignedPath(event.rawPath) : event.rawPath;
    const { method } = event.requestContext.http;
    const viewer = viewerOf(event, { seals: all.seals, siteUrl: all.siteUrl, operators, now: now() });
    const made = Promise.race([answerTo(method, path, event, viewer), ...(signal ? [timeIsUp(signal)] : [])]);
    const answer = await made.catch(async (error: unknown) => {
      const shown = problemIn(error);
      if (shown !== error) onError(error);
      return withAccount(failed(path, shown), await viewer.catch(() => stranger), path, hasLogin);
    });
    return result(answer, method, { ...commonHeaders(path, all.siteUrl), ...answer.headers });
  };

  async function answerTo(
    method: string,
    path: string,
    event: APIGatewayProxyEventV2,
    viewer: Promise<Viewer>,
  ): Promise<Answer> {
    const request = {
      path,
      query: new URLSearchParams(event.rawQueryString),
      headers: event.headers,
      body: bodyOf(event),
      now: now(),
    };
    if (method === 'GET' || method === 'HEAD') return read(request, await viewer);
    const answer = method === 'POST' ? posted(all, request) : method === 'OPTIONS' && preflight(path);
    if (answer) return answer;
    await refuseCommandPath(path);
    throw methodNotAllowed('GET, HEAD', 'This address can be read only: use GET or HEAD.');
  }

  async function read(request: SiteRequest, viewer: Viewer): Promise<Answer> {
    const { path, query } = request;
    const file = asset(path);
    if (file) return tagged(file, request.headers['if-none-match']);
    const parts = await visibleParts(all, viewer);
    const found = withAccount(await route(parts, request), viewer, address(path, query), hasLogin);
    const answer = withNext(forViewer(found, viewer), request);
    const isKept = answer.status === 200 && answer.headers['cache-control'] !== caching.never;
    return isKept ? tagged(answer, request.headers['if-none-match']) : answer;
  }

  /** https://www.rfc-editor.org/rfc/rfc8288 */
  function withNext(answer: Answer, { path, query }: SiteRequest): Answer {
    if (!answer.next) return answer;
    const next = new URLSearchParams(query);
    next.set('cursor', answer.next);
    return { ...answer, headers: { ...answer.headers, link: `<${all.siteUrl}${path}?${next}>; rel="next"` } };
  }

  function failed(path: string, error: RequestError): Answer {
    if (path.startsWith('/api/')) return problem(path, all.siteUrl, error);
    const answer = page(problemPage(error.status, error.message), caching.never, error.status);
    return { ...answer, headers: { ...answer.headers, ...error.headers } };
  }
}

/** What the answer says of an error; the error itself, if it is for the person who asked. */
function problemIn(error: unknown): RequestError {
  if (error instanceof RequestError) return error;
  if (isTimeout(error) || isThrottled(error)) return overloaded();
  return new RequestError(500, 'InternalError', 'The answer could not be made. Try again in a moment.');
}

/** The answer takes longer than its function may: on AWS, API Gateway would say nothing but 500. */
class TimeIsUpError extends Error {
  override readonly name = 'TimeIsUpError';
}

/** That of the answer, or of a call: those of the SDK and of `fetch` have this name. */
const isTimeout = (error: unknown): boolean =>
  error instanceof TimeIsUpError || (error instanceof Error && error.name === 'TimeoutError');

function timeIsUp(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const end = () => reject(new TimeIsUpError('The answer takes too long.'));
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}

/** What somebody sees of private projects is kept by nobody on the way. */
function forViewer(answer: Answer, viewer: Viewer): Answer {
  if (viewer === stranger || answer.headers['cache-control'] === caching.never) return answer;
  return { ...answer, headers: { ...answer.headers, 'cache-control': 'private, no-cache' } };
}

/** No form of the site sends more. */
const mostBody = 1000;

function bodyOf({ body = '', isBase64Encoded }: APIGatewayProxyEventV2): string {
  return Buffer.from(body.slice(0, 2 * mostBody), isBase64Encoded ? 'base64' : 'utf8')
    .toString()
    .slice(0, mostBody);
}

function result(
  { status, body }: Answer,
  method: string,
  headers: Record<string, string>,
): APIGatewayProxyStructuredResultV2 {
  const head = { statusCode: status, headers };
  if (method === 'HEAD' || body.length === 0) return { ...head, body: '' };
  if (typeof body === 'string') return { ...head, body };
  return { ...head, body: Buffer.from(body).toString('base64'), isBase64Encoded: true };
}
