import { randomUUID } from 'node:crypto';
import { type IncomingMessage, type ServerResponse, validateHeaderName, validateHeaderValue } from 'node:http';
import { z } from 'zod';
import type { Lambda } from '../lambda/lambda.ts';
import { physicalName } from '../physical-name.ts';
import { type Account, AwsError, resourceType, type Service } from '../service.ts';
import { eventOf, splitUrl } from './event.ts';
import { createRouter, type Route, type RouteMatch } from './routes.ts';
import { signedCaller } from './signed-caller.ts';

export interface ApiGateway extends Service {
  /** Answers what no other part of the machine's address answers. */
  respond(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

interface Integration {
  functionArn: string;
  timeoutMilliseconds: number;
}

interface Api {
  id: string;
  integrations: Map<string, Integration>;
  routes: Route[];
  router: ReturnType<typeof createRouter> | undefined;
  /** Routes that may invoke their function: policies change with a deployment only. */
  allowed: Set<string>;
}

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html */
const bodyLimit = 10 * 1024 * 1024;

const internalError = { status: 500, message: 'Internal Server Error' };
const unavailable = { status: 503, message: 'Service Unavailable' };

const answerSchema = z.looseObject({
  statusCode: z.coerce.number().int().min(100).max(599),
  headers: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).nullish(),
  cookies: z.array(z.string()).nullish(),
  body: z.string().nullish(),
  isBase64Encoded: z.boolean().nullish(),
});

/** The HTTP API of the template, at the machine's own address. */
export function createApiGateway(account: Account, lambda: Lambda): ApiGateway {
  const apis = new Map<string, Api>();
  const apiOf = (id: string): Api => {
    const api = apis.get(id);
    if (api === undefined)
      throw new AwsError('NotFoundException', `Invalid API identifier specified ${account.id}:${id}`, 404);
    return api;
  };

  const resources = {
    'AWS::ApiGatewayV2::Api': resourceType({
      properties: z.strictObject({
        Name: z.string(),
        Description: z.string().optional(),
        ProtocolType: z.literal('HTTP'),
        Tags: z.unknown().optional(),
      }),
      create(resource) {
        if (apis.size > 0) throw new AwsError('ConflictException', 'One machine serves one HTTP API.', 409);
        const id = physicalName(resource).slice(-10).toLowerCase();
        apis.set(id, { id, integrations: new Map(), routes: [], router: undefined, allowed: new Set() });
        return { ref: id, attributes: { ApiEndpoint: account.url, ApiId: id } };
      },
    }),
    'AWS::ApiGatewayV2::Stage': resourceType({
      properties: z.strictObject({
        ApiId: z.string(),
        StageName: z.literal('$default'),
        AutoDeploy: z.literal(true),
        Description: z.string().optional(),
        // Throttling limits an account's costs and load; access logs go to CloudWatch. One machine has neither.
        DefaultRouteSettings: z
          .strictObject({
            ThrottlingBurstLimit: z.int().optional(),
            ThrottlingRateLimit: z.number().optional(),
            DetailedMetricsEnabled: z.boolean().optional(),
          })
          .optional(),
        RouteSettings: z.unknown().optional(),
        AccessLogSettings: z.strictObject({ DestinationArn: z.string(), Format: z.string() }).optional(),
        Tags: z.unknown().optional(),
      }),
      create({ properties }) {
        apiOf(properties.ApiId);
        return { ref: properties.StageName };
      },
    }),
    'AWS::ApiGatewayV2::Integration': resourceType({
      properties: z.strictObject({
        ApiId: z.string(),
        IntegrationType: z.literal('AWS_PROXY'),
        IntegrationUri: z.string(),
        IntegrationMethod: z.string().optional(),
        PayloadFormatVersion: z.literal('2.0'),
        TimeoutInMillis: z.int().min(50).max(30_000).default(30_000),
        Description: z.string().optional(),
      }),
      create({ properties, ...resource }) {
        const id = physicalName(resource).slice(-7).toLowerCase();
        const [functionArn] = /arn:aws:lambda:[^/]+/.exec(properties.IntegrationUri) ?? [];
        if (functionArn === undefined)
          throw new AwsError('BadRequestException', 'Only Lambda functions can be integrated on one machine.');
        apiOf(properties.ApiId).integrations.set(id, { functionArn, timeoutMilliseconds: properties.TimeoutInMillis });
        return { ref: id, attributes: { IntegrationId: id } };
      },
    }),
    'AWS::ApiGatewayV2::Route': resourceType({
      properties: z.strictObject({
        ApiId: z.string(),
        RouteKey: z.string().regex(/^(\$default|(ANY|GET|HEAD|OPTIONS|PATCH|POST|PUT|DELETE) \/.*)$/),
        Target: z.string().startsWith('integrations/'),
        AuthorizationType: z.enum(['NONE', 'AWS_IAM']).default('NONE'),
      }),
      create({ properties, ...resource }) {
        const api = apiOf(properties.ApiId);
        const integration = api.integrations.get(properties.Target.slice('integrations/'.length));
        if (integration === undefined) throw new AwsError('BadRequestException', `Invalid target ${properties.Target}`);
        api.routes.push({
          key: properties.RouteKey,
          isSigned: properties.AuthorizationType === 'AWS_IAM',
          ...integration,
        });
        api.router = undefined;
        const id = physicalName(resource).slice(-7).toLowerCase();
        return { ref: id, attributes: { RouteId: id } };
      },
    }),
  };

  const authorize = (api: Api, { route }: RouteMatch, method: string): void => {
    const path = route.key === '$default' ? '$default' : `${method}${route.key.slice(route.key.indexOf(' ') + 1)}`;
    if (api.allowed.has(path)) return;
    const sourceArn = `arn:aws:execute-api:${account.region}:${account.id}:${api.id}/$default/${path}`;
    account.iam.authorize({ kind: 'service', arn: 'service:apigateway.amazonaws.com', sourceArn }, [
      { action: 'lambda:InvokeFunction', resource: route.functionArn },
    ]);
    api.allowed.add(path);
  };

  const respond: ApiGateway['respond'] = async (request, response) => {
    const [api] = apis.values();
    const body = await readBody(request);
    if (body === undefined) return refuse(response, 413, 'Request Entity Too Large');
    const method = request.method ?? 'GET';
    if (api) api.router ??= createRouter(api.routes);
    const match = api?.router?.(method, splitUrl(request.url ?? '/').rawPath);
    if (api === undefined || match === undefined) return refuse(response, 404, 'Not Found');

    const requestId = randomUUID();
    const { rawPath } = splitUrl(request.url ?? '/');
    const called = `arn:aws:execute-api:${account.region}:${account.id}:${api.id}/$default/${method}${rawPath}`;
    const caller = match.route.isSigned ? signedCaller(account, request, body, called) : undefined;
    if (match.route.isSigned && !caller) return refuse(response, 403, 'Forbidden', requestId);
    const context = { accountId: account.id, apiId: api.id, requestId, time: new Date(), caller };
    const event = eventOf(request, body, match, context);
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<'timeout'>((resolve) => {
      timer = setTimeout(resolve, match.route.timeoutMilliseconds, 'timeout');
    });
    try {
      authorize(api, match, method);
      const outcome = await Promise.race([lambda.run(match.route.functionArn, JSON.stringify(event)), timeout]);
      if (outcome === 'timeout') return refuse(response, unavailable.status, unavailable.message, requestId);
      if (!outcome.ok) return refuse(response, internalError.status, internalError.message, requestId);
      answer(response, outcome.payload, requestId);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      const { status, message } = refusalOf(error);
      account.log('api', `${method} ${match.route.key}: ${error.message}`);
      refuse(response, status, message, requestId);
    } finally {
      clearTimeout(timer);
    }
  };

  return { resources, respond };
}

/** What the caller sees of an error of Lambda's: never its text. */
function refusalOf(error: AwsError): { status: number; message: string } {
  // The API takes 10 MB, but the function's event ends at 6 MB.
  if (error.code === 'RequestEntityTooLargeException') return { status: 413, message: 'Request Entity Too Large' };
  return internalError;
}

/** Undefined when the body is too large; the rest of it is read and dropped, so that the client gets to read the answer. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= bodyLimit) chunks.push(chunk);
    else chunks.length = 0;
  }
  if (size > bodyLimit) return undefined;
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks);
}

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html#http-api-develop-integrations-lambda.v2 */
function answer(response: ServerResponse, payload: string, requestId: string): void {
  const value: unknown = JSON.parse(payload);
  const hasStatus = typeof value === 'object' && value !== null && 'statusCode' in value;
  if (!hasStatus) {
    response.writeHead(200, { 'content-type': 'application/json', 'apigw-requestid': requestId });
    response.end(typeof value === 'string' ? value : payload);
    return;
  }
  const parsed = answerSchema.safeParse(value);
  const headers = parsed.success ? headersOf(parsed.data) : undefined;
  if (!parsed.success || headers === undefined) {
    refuse(response, internalError.status, internalError.message, requestId);
    return;
  }
  const { statusCode, body, isBase64Encoded } = parsed.data;
  headers.set('apigw-requestid', [requestId]);
  if (!headers.has('content-type')) headers.set('content-type', ['text/plain;charset=UTF-8']);
  for (const [name, values] of headers)
    response.setHeader(name, values.length === 1 && values[0] !== undefined ? values[0] : values);
  response.statusCode = statusCode;
  response.end(Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8'));
}

/** The connection's own headers are the gateway's business. */
const hopHeaders = new Set([
  'connection',
  'content-length',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Undefined when one is not allowed in an answer. */
function headersOf(answer: z.infer<typeof answerSchema>): Map<string, string[]> | undefined {
  const headers = new Map<string, string[]>();
  const add = (name: string, value: string) => headers.set(name, [...(headers.get(name) ?? []), value]);
  for (const [name, value] of Object.entries(answer.headers ?? {})) add(name.toLowerCase(), String(value));
  for (const cookie of answer.cookies ?? []) add('set-cookie', cookie);
  for (const name of hopHeaders) headers.delete(name);
  try {
    for (const [name, values] of headers) {
      validateHeaderName(name);
      for (const value of values) validateHeaderValue(name, value);
    }
  } catch {
    return undefined;
  }
  return headers;
}

function refuse(response: ServerResponse, status: number, message: string, requestId?: string): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    ...(requestId !== undefined && { 'apigw-requestid': requestId }),
  });
  response.end(JSON.stringify({ message }));
}
