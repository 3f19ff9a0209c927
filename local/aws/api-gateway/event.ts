import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import type { RouteMatch } from './routes.ts';
import type { SignedCaller } from './signed-caller.ts';

export interface RequestContext {
  accountId: string;
  apiId: string;
  requestId: string;
  time: Date;
  /** Of a route that has IAM authorization. */
  caller: SignedCaller | undefined;
}

/** Bodies of these types are text in the event, all others are base64. */
const textTypes = /^(text\/|application\/(json|javascript|xml|[^;]*\+(json|xml))\b)/i;

const monthNames = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/**
 * The event that an HTTP API gives to a function, payload format 2.0.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
export function eventOf(request: IncomingMessage, body: Buffer, match: RouteMatch, context: RequestContext): object {
  const { rawPath, rawQueryString } = splitUrl(request.url ?? '/');
  const headers: Record<string, string> = {};
  const cookies: string[] = [];
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    const name = (request.rawHeaders[index] ?? '').toLowerCase();
    const value = request.rawHeaders[index + 1] ?? '';
    if (name === 'cookie') cookies.push(...value.split(/;\s*/));
    else if (name !== 'connection') headers[name] = Object.hasOwn(headers, name) ? `${headers[name]},${value}` : value;
  }
  const sourceIp = (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  headers['x-forwarded-for'] =
    headers['x-forwarded-for'] === undefined ? sourceIp : `${headers['x-forwarded-for']}, ${sourceIp}`;
  headers['x-forwarded-port'] = String(request.socket.localPort ?? '');
  headers['x-forwarded-proto'] = 'http';
  const host = headers.host ?? '';
  const isText = textTypes.test(headers['content-type'] ?? '') && isUtf8(body);
  const query = queryOf(rawQueryString);
  return {
    version: '2.0',
    routeKey: match.route.key,
    rawPath,
    rawQueryString,
    cookies: cookies.length > 0 ? cookies : undefined,
    headers,
    queryStringParameters: Object.keys(query).length > 0 ? query : undefined,
    pathParameters: Object.keys(match.parameters).length > 0 ? match.parameters : undefined,
    requestContext: {
      accountId: context.accountId,
      apiId: context.apiId,
      authorizer: context.caller && { iam: context.caller },
      domainName: host.replace(/:\d+$/, ''),
      domainPrefix: host.split('.')[0]?.replace(/:\d+$/, '') ?? '',
      http: {
        method: request.method,
        path: rawPath,
        protocol: `HTTP/${request.httpVersion}`,
        sourceIp,
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: context.requestId,
      routeKey: match.route.key,
      stage: '$default',
      time: timeOf(context.time),
      timeEpoch: context.time.getTime(),
    },
    body: body.length > 0 ? body.toString(isText ? 'utf8' : 'base64') : undefined,
    isBase64Encoded: body.length > 0 && !isText,
  };
}

/** HTTP APIs hand over the path decoded, function URLs do not. https://github.com/middleapi/standard-server/pull/93 */
export function splitUrl(url: string): { rawPath: string; rawQueryString: string } {
  const mark = url.indexOf('?');
  const path = mark < 0 ? url : url.slice(0, mark);
  return { rawPath: decode(path), rawQueryString: mark < 0 ? '' : url.slice(mark + 1) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A name that occurs more than once has its values joined by commas. */
function queryOf(rawQueryString: string): Record<string, string> {
  const query: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(rawQueryString)) {
    query[name] = Object.hasOwn(query, name) ? `${query[name]},${value}` : value;
  }
  return query;
}

/** `12/Mar/2020:19:03:58 +0000` */
function timeOf(time: Date): string {
  const day = String(time.getUTCDate()).padStart(2, '0');
  return `${day}/${monthNames[time.getUTCMonth()]}/${time.getUTCFullYear()}:${time.toISOString().slice(11, 19)} +0000`;
}
