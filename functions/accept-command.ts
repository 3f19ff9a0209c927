import { Logger } from '@aws-lambda-powertools/logger';
import type { APIGatewayProxyEventV2WithIAMAuthorizer, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import {
  acceptedOf,
  type CommandName,
  callerName,
  commands,
  commandTrigger,
  type Subject,
} from '../core/api/commands.ts';
import { problemOf } from '../core/api/problem.ts';
import { buildIdSchema } from '../core/model/build-id.ts';
import { projectNameSchema } from '../core/model/project.ts';
import { once } from '../core/once.ts';
import { openTriggers, type Triggers } from '../services/aws/triggers.ts';
import { variable } from '../services/environment.ts';
import { type Builds, openBuilds } from '../services/tables/builds.ts';
import { openProjects, type Projects } from '../services/tables/projects.ts';

interface Services {
  projects: Pick<Projects, 'get'>;
  builds: Pick<Builds, 'get'>;
  triggers: Pick<Triggers, 'send'>;
  siteUrl: string;
  logger: Logger;
}

type Event = Pick<
  APIGatewayProxyEventV2WithIAMAuthorizer,
  'routeKey' | 'rawPath' | 'pathParameters' | 'body' | 'isBase64Encoded'
> & {
  requestContext: {
    requestId: string;
    authorizer: {
      iam: Pick<APIGatewayProxyEventV2WithIAMAuthorizer['requestContext']['authorizer']['iam'], 'userArn'>;
    };
  };
};

interface Refusal {
  status: number;
  code: string;
  detail: string;
}

/**
 * Queues what somebody asks for by a signed call. API Gateway has checked the signature, and that IAM allows the call: so the name in the
 * records is the one that AWS knows, and not what the caller says.
 */
export function createAcceptCommand({ projects, builds, triggers, siteUrl, logger }: Services) {
  async function refusalOf(subject: Subject): Promise<Refusal | undefined> {
    if ('build' in subject) {
      if (await builds.get(subject.build)) return undefined;
      return { status: 404, code: 'BuildNotFound', detail: `There is no build ${subject.build}.` };
    }
    const project = await projects.get(subject.project);
    if (!project) {
      const detail = `There is no project ${subject.project}. Projects come from the index: add an entry there.`;
      return { status: 404, code: 'ProjectNotFound', detail };
    }
    if (project.active) return undefined;
    return { status: 409, code: 'ProjectInactive', detail: `${subject.project} has left the index.` };
  }

  return async function acceptCommand(event: Event): Promise<APIGatewayProxyStructuredResultV2> {
    const refuse = (refusal: Refusal) =>
      answerOf(refusal.status, 'application/problem+json', problemOf(siteUrl, { ...refusal, path: event.rawPath }));
    const name = commandAt(event.routeKey);
    const subject = subjectOf(event.pathParameters ?? {});
    if (!subject) return refuse({ status: 404, code: 'NotFound', detail: 'There is no such address.' });
    const body = commands[name].body.safeParse(jsonOf(event));
    if (!body.success) {
      const [issue] = body.error.issues;
      const detail = `The body is not what the document says: ${[issue?.path.join('.'), issue?.message].filter(Boolean).join(': ')}.`;
      return refuse({ status: 400, code: 'InvalidCommand', detail });
    }
    const refusal = await refusalOf(subject);
    if (refusal) return refuse(refusal);
    const { requestId, authorizer } = event.requestContext;
    const requester = callerName(authorizer.iam.userArn);
    const trigger = commandTrigger({ name, subject, body: body.data, requester, requestId });
    await triggers.send(trigger);
    logger.info('A command was accepted', {
      command: name,
      ...subject,
      trigger: trigger.id,
      by: authorizer.iam.userArn,
    });
    return answerOf(202, 'application/json', acceptedOf(trigger));
  };
}

/** API Gateway calls the function for the routes of commands only. */
function commandAt(routeKey: string): CommandName {
  const found = (Object.keys(commands) as CommandName[]).find((name) => routeKey === `POST ${commands[name].path}`);
  if (!found) throw new Error(`No command has the route ${routeKey}.`);
  return found;
}

function subjectOf({ app, job, tag, build }: Record<string, string | undefined>): Subject | undefined {
  if (build !== undefined) return buildIdSchema.safeParse(build).success ? { build } : undefined;
  const project = projectNameSchema.safeParse(`${app}/${job}:${tag}`);
  return project.success ? { project: project.data } : undefined;
}

/** A call without a body says nothing more. */
function jsonOf({ body, isBase64Encoded }: Event): unknown {
  if (!body) return {};
  try {
    return JSON.parse(isBase64Encoded ? Buffer.from(body, 'base64').toString('utf8') : body);
  } catch {
    return undefined;
  }
}

function answerOf(statusCode: number, type: string, content: object): APIGatewayProxyStructuredResultV2 {
  const headers = { 'content-type': type, 'cache-control': 'no-store' };
  return { statusCode, headers, body: `${JSON.stringify(content)}\n` };
}

const run = once(() =>
  createAcceptCommand({
    projects: openProjects(),
    builds: openBuilds(),
    triggers: openTriggers(),
    siteUrl: variable('SITE_URL').replace(/\/$/, ''),
    logger: new Logger({ serviceName: 'accept-command' }),
  }),
);

export function handler(event: Event): Promise<APIGatewayProxyStructuredResultV2> {
  return run()(event);
}
