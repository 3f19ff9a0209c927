import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { type Answer, commonHeaders, json, page } from './answer.ts';
import { problemPage } from './pages/problem.ts';
import type { SiteParts } from './parts.ts';
import { RequestError } from './request-error.ts';
import { posted, route } from './routes.ts';

export interface SiteOptions extends SiteParts {
  now?: () => Date;
  /** Gets errors that the request did not cause; the answer has only a constant text. */
  onError: (error: unknown) => void;
}

export type SiteHandler = (event: APIGatewayProxyEventV2) => Promise<APIGatewayProxyStructuredResultV2>;

/** The status site and the public API behind API Gateway's HTTP API, payload format 2.0. It reads, and takes what forms send. */
export function createSiteHandler({ now = () => new Date(), onError, ...parts }: SiteOptions): SiteHandler {
  return async (event) => {
    const path = event.rawPath;
    const { method } = event.requestContext.http;
    const answer = await answerTo(method, path, event).catch((error: unknown) => {
      if (error instanceof RequestError) return failed(path, error);
      onError(error);
      return failed(
        path,
        new RequestError(500, 'InternalError', 'The answer could not be made. Try again in a moment.'),
      );
    });
    return result(answer, method, parts.siteUrl);
  };

  async function answerTo(method: string, path: string, event: APIGatewayProxyEventV2): Promise<Answer> {
    const request = {
      path,
      query: new URLSearchParams(event.rawQueryString),
      headers: event.headers,
      body: bodyOf(event),
      now: now(),
    };
    if (method === 'GET' || method === 'HEAD') return route(parts, request);
    const answer = method === 'POST' && posted(parts, request);
    if (!answer) throw new RequestError(405, 'MethodNotAllowed', 'This address can be read only: use GET or HEAD.');
    return answer;
  }
}

/** No form of the site sends more. */
const mostBody = 1000;

function bodyOf({ body = '', isBase64Encoded }: APIGatewayProxyEventV2): string {
  return Buffer.from(body.slice(0, 2 * mostBody), isBase64Encoded ? 'base64' : 'utf8')
    .toString()
    .slice(0, mostBody);
}

function failed(path: string, { status, code, message }: RequestError): Answer {
  const answer = path.startsWith('/api/')
    ? json({ error: { code, message } }, 'no-store', status)
    : page(problemPage(status, message), 'no-store', status);
  return status === 405 ? { ...answer, headers: { ...answer.headers, allow: 'GET, HEAD' } } : answer;
}

function result({ status, headers, body }: Answer, method: string, siteUrl: string): APIGatewayProxyStructuredResultV2 {
  const withCommon = { ...commonHeaders(siteUrl), ...headers };
  if (method === 'HEAD' || body.length === 0) return { statusCode: status, headers: withCommon, body: '' };
  if (typeof body === 'string') return { statusCode: status, headers: withCommon, body };
  return { statusCode: status, headers: withCommon, body: Buffer.from(body).toString('base64'), isBase64Encoded: true };
}
