import type { APIGatewayProxyEventV2WithIAMAuthorizer, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { problemOf } from '../../core/api/problem.ts';
import type { Project } from '../../core/model/project.ts';
import { projectNameSchema } from '../../core/model/project-name.ts';
import { parseJson } from '../../core/text/parse-json.ts';

type Whole = APIGatewayProxyEventV2WithIAMAuthorizer;

/** A signed call as its function gets it: API Gateway has checked the signature, and that IAM allows the call. */
export type SignedCall = Pick<Whole, 'routeKey' | 'rawPath' | 'pathParameters' | 'body' | 'isBase64Encoded'> & {
  requestContext: {
    requestId: string;
    authorizer: { iam: Pick<Whole['requestContext']['authorizer']['iam'], 'userArn'> };
  };
};

export interface Refusal {
  status: number;
  code: string;
  detail: string;
}

export const noSuchAddress: Refusal = { status: 404, code: 'NotFound', detail: 'There is no such address.' };

/** The project `app/job:tag` of the path; undefined if no project can have that name. */
export function projectIn({ app, job, tag }: Record<string, string | undefined>): string | undefined {
  return projectNameSchema.safeParse(`${app}/${job}:${tag}`).data;
}

/** Why a command for a project is refused; undefined if it is not. */
export function projectRefusal(name: string, project: Pick<Project, 'active'> | undefined): Refusal | undefined {
  if (!project) {
    const detail = `There is no project ${name}. Projects come from the index: add an entry there.`;
    return { status: 404, code: 'ProjectNotFound', detail };
  }
  if (project.active) return undefined;
  return { status: 409, code: 'ProjectInactive', detail: `${name} has left the index.` };
}

/** What is wrong with a body, by the first thing that its schema says. */
export function bodyRefusal([issue]: readonly { path: readonly PropertyKey[]; message: string }[]): Refusal {
  const reason = [issue?.path.join('.'), issue?.message].filter(Boolean).join(': ');
  return { status: 400, code: 'InvalidCommand', detail: `The body is not what the document says: ${reason}.` };
}

/** The body as JSON; a call without a body counts as an empty object. */
export function jsonOf({ body, isBase64Encoded }: Pick<SignedCall, 'body' | 'isBase64Encoded'>): unknown {
  if (!body) return {};
  return parseJson(isBase64Encoded ? Buffer.from(body, 'base64').toString('utf8') : body);
}

export function accepted(content: object): APIGatewayProxyStructuredResultV2 {
  return answerOf(202, 'application/json', content);
}

export function refused(siteUrl: string, path: string, refusal: Refusal): APIGatewayProxyStructuredResultV2 {
  return answerOf(refusal.status, 'application/problem+json', problemOf(siteUrl, { ...refusal, path }));
}

function answerOf(statusCode: number, type: string, content: object): APIGatewayProxyStructuredResultV2 {
  const headers = { 'content-type': type, 'cache-control': 'no-store' };
  return { statusCode, headers, body: `${JSON.stringify(content)}\n` };
}
