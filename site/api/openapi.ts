import * as z from 'zod';
import { acceptedSchema, commands } from '../../core/api/commands.ts';
import { named } from '../../core/api/named.ts';
import { apiNotificationSchema, redelivery } from '../../core/api/notifications.ts';
import { operatorsPaths, operatorsReportSchema } from '../../core/api/operators.ts';
import { problemType, titleOf } from '../../core/api/problem.ts';
import { apiTargetSchema } from '../../core/api/projects.ts';
import { promotion } from '../../core/api/promotion.ts';
import { parameters } from '../paging/query.ts';
import { type ProblemCode, problems } from '../problems.ts';
import { forms } from '../router.ts';
import { type Operation, operations } from './operations.ts';

type Json = Record<string, unknown>;
type Responses = Record<string, { description: string; content: Json }>;

/** Any call may answer these. */
const everywhere = ['MethodNotAllowed', 'InternalError', 'Overloaded'] as const satisfies ProblemCode[];

const description = `What this Slipway knows of its projects, builds, releases and cascades. Everybody may read it. A call that
changes something is signed with AWS credentials (Signature Version 4, service \`execute-api\`), and IAM must allow it: \`execute-api:Invoke\`.

An answer may get new fields, and new values where a value is one of a list, without a new version: ignore those that you do not know. A list
continues at its \`cursor\`, which is also part of the address in the header \`Link\`; a page may have fewer items than requested, or none,
although the list continues. What may be cached has an \`ETag\`; a request with that value in \`If-None-Match\` is answered with 304. \`HEAD\`
answers as \`GET\` without a body. Errors are problems of RFC 9457.`;

/** The document of the API in the form of OpenAPI 3.1: https://spec.openapis.org/oas/v3.1.1.html */
export function openApi(siteUrl: string): Json {
  const paths: Record<string, Json> = {};
  for (const operation of operations) paths[operation.path] = { get: operationObject(operation) };
  for (const [id, command] of Object.entries(commands))
    paths[command.path] = { ...paths[command.path], post: commandObject(id, command) };
  paths[promotion.path] = { post: promotionObject() };
  paths[redelivery.path] = { post: redeliveryObject() };
  paths[operatorsPaths.json] = { get: operatorsObject() };
  return {
    openapi: '3.1.1',
    info: { title: 'Slipway', version: '1', description },
    servers: [{ url: siteUrl }],
    paths,
    components: {
      schemas: schemas(),
      securitySchemes: {
        // https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-authtype.html
        iam: { type: 'apiKey', in: 'header', name: 'Authorization', 'x-amazon-apigateway-authtype': 'awsSigv4' },
      },
      examples: Object.fromEntries(Object.keys(problems).map((code) => [code, problemExample(siteUrl, code)])),
    },
  };
}

/** What commands are about. */
const subjects = [
  { parameter: '{app}', tag: 'Projects', absent: 'ProjectNotFound' },
  { parameter: '{build}', tag: 'Builds', absent: 'BuildNotFound' },
  { parameter: '{cascade}', tag: 'Cascades', absent: 'CascadeNotFound' },
] as const;

function commandObject(id: string, { path, summary, body }: (typeof commands)[keyof typeof commands]): Json {
  const { tag, absent } = subjects.find(({ parameter }) => path.includes(parameter)) ?? subjects[0];
  const own = ['InvalidCommand', 'NotFound', absent] as const;
  return {
    operationId: id,
    tags: [tag],
    ...signedObject(
      { path, summary, body, answer: acceptedSchema },
      absent === 'ProjectNotFound' ? [...own, 'ProjectInactive'] : own,
    ),
  };
}

const promotionProblems = ['InvalidCommand', 'NotFound', 'ProjectNotFound', 'ProjectInactive', 'NotPromoted'] as const;

const promotionObject = (): Json => ({
  operationId: 'promote',
  tags: ['Projects'],
  ...signedObject({ ...promotion, answer: apiTargetSchema }, promotionProblems),
});

const redeliveryProblems = [
  'InvalidCommand',
  'NotFound',
  'ProjectNotFound',
  'ProjectInactive',
  'NotificationNotFound',
  'NotRedelivered',
] as const;

const redeliveryObject = (): Json => ({
  operationId: 'redeliver',
  tags: ['Projects'],
  ...signedObject({ ...redelivery, answer: apiNotificationSchema }, redeliveryProblems),
});

/** What is the same of all calls that change something. */
function signedObject(
  { path, summary, body, answer }: { path: string; summary: string; body: z.ZodType; answer: z.ZodType },
  own: readonly ProblemCode[],
): Json {
  return {
    summary,
    security: [{ iam: [] }],
    parameters: pathParameters(path),
    requestBody: { content: jsonContent(body) },
    responses: {
      '202': { description: named.get(answer)?.description, content: jsonContent(answer) },
      ...problemObjects(own),
      '403': notAllowed,
      '413': refused('The body is too large.'),
      ...gatewayProblems,
    },
  };
}

function pathParameters(path: string): Json[] {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  return names.map((name) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string', pattern: `^${forms[name as keyof typeof forms]}$` },
  }));
}

const jsonContent = (of: z.ZodType) => ({
  'application/json': { schema: { $ref: reference(named.get(of)?.id ?? '') } },
});

const operatorsObject = (): Json => ({
  operationId: 'getOperatorsReport',
  tags: ['Operators'],
  summary: 'Queues, deliveries, failing sources and unreachable addresses',
  security: [{ iam: [] }],
  responses: {
    '200': { description: named.get(operatorsReportSchema)?.description, content: jsonContent(operatorsReportSchema) },
    '403': notAllowed,
    ...gatewayProblems,
  },
});

function operationObject({ id, tag, path, summary, query = [], answer, problems: own }: Operation): Json {
  const inQuery = query.map((key) => {
    const { name, schema, description } = parameters[key];
    return { name, in: 'query', description, allowEmptyValue: true, schema: jsonSchema(schema) };
  });
  const range = { name: 'Range', in: 'header', description: 'One range of bytes.', schema: { type: 'string' } };
  return {
    operationId: id,
    tags: [tag],
    summary,
    parameters: [...pathParameters(path), ...inQuery, ...(answer === 'log' ? [range] : [])],
    responses: { ...answerObjects(answer), ...byGatewayToo(problemObjects([...own, ...everywhere])) },
  };
}

/** API Gateway answers these. */
const refused = (description: string): Responses[string] => ({
  description,
  content: { 'application/json': { schema: { type: 'object', properties: { message: { type: 'string' } } } } },
});
const notAllowed = refused('The call is not signed, or IAM does not allow it.');
const gatewayProblems: Responses = {
  '429': refused('Too many requests at once. Try again in a moment.'),
  '500': refused('A mistake of Slipway.'),
  '503': refused('It took too long.'),
};

/** With what API Gateway answers where the function could not. */
function byGatewayToo(responses: Responses): Responses {
  const both = Object.entries(gatewayProblems).map(([status, { description, content }]) => {
    const own = responses[status];
    return [status, own ? { ...own, content: { ...own.content, ...content } } : { description, content }];
  });
  return { ...responses, ...Object.fromEntries(both) };
}

function answerObjects(answer: Operation['answer']): Json {
  if (answer === 'sbom') {
    const headers = { Location: { description: 'Valid for some minutes.', schema: { type: 'string', format: 'uri' } } };
    return { '302': { description: 'Where the SBOM is.', headers } };
  }
  const unchanged = { '304': { description: 'It is what `If-None-Match` names.' } };
  if (answer === 'log') {
    const content = { 'text/plain': { schema: { type: 'string' } } };
    const headers = {
      'X-Log-Next': { description: 'The byte after the last one of this answer.', schema: { type: 'integer' } },
      'X-Log-Total': { description: 'How many bytes the log has by now.', schema: { type: 'integer' } },
    };
    return {
      '200': { description: 'The log.', headers, content },
      '206': { description: 'The bytes that `Range` asks for.', headers, content },
      ...unchanged,
    };
  }
  const { description = '' } = named.get(answer) ?? {};
  return { '200': { description, content: jsonContent(answer) }, ...unchanged };
}

/** A response for each status, with the problems that it may be. */
function problemObjects(codes: readonly ProblemCode[]): Responses {
  const byStatus = Map.groupBy(new Set(codes), (code) => problems[code][0]);
  return Object.fromEntries(
    [...byStatus].map(([status, ofStatus]) => [
      String(status),
      {
        description: ofStatus.map((code) => problems[code][1]).join(' '),
        content: {
          'application/problem+json': {
            schema: { $ref: reference('Problem') },
            examples: Object.fromEntries(ofStatus.map((code) => [code, { $ref: `#/components/examples/${code}` }])),
          },
        },
      },
    ]),
  );
}

function problemExample(siteUrl: string, code: string): Json {
  const [status, when] = problems[code as ProblemCode];
  const value = {
    type: problemType(siteUrl, code),
    title: titleOf(code),
    status,
    detail: when,
    instance: '/api/v1/builds',
    code,
  };
  return { summary: titleOf(code), value };
}

const reference = (id: string): string => `#/components/schemas/${id}`;

function schemas(): Json {
  const { schemas: all } = z.toJSONSchema(named, { ...options, uri: reference });
  return Object.fromEntries(Object.entries(all).map(([id, { $schema: _, $id: __, ...schema }]) => [id, schema]));
}

function jsonSchema(of: z.ZodType): Json {
  const { $schema: _, ...schema } = z.toJSONSchema(of, options);
  return schema;
}

const options = {
  // Objects stay open: an answer may get new fields.
  io: 'input',
  override({ jsonSchema: schema }) {
    // The format says it shorter.
    if (schema.format === 'date-time' || schema.format === 'date') delete schema.pattern;
    if (schema.minimum === Number.MIN_SAFE_INTEGER) delete schema.minimum;
    if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  },
} as const satisfies Parameters<typeof z.toJSONSchema>[1];
