import { Logger } from '@aws-lambda-powertools/logger';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import {
  acceptedOf,
  type CommandName,
  callerName,
  commands,
  commandTrigger,
  type Subject,
} from '../core/api/commands.ts';
import { buildIdSchema } from '../core/model/build-id.ts';
import { cascadeIdSchema } from '../core/model/cascade-id.ts';
import { once } from '../core/once.ts';
import { openTriggers, type Triggers } from '../services/aws/triggers.ts';
import { siteUrl } from '../services/environment.ts';
import { type Builds, openBuilds } from '../services/tables/builds.ts';
import { type Cascades, openCascades } from '../services/tables/cascades.ts';
import { openProjects, type Projects } from '../services/tables/projects.ts';
import {
  accepted,
  bodyRefusal,
  jsonOf,
  noSuchAddress,
  projectIn,
  projectRefusal,
  type Refusal,
  refused,
  type SignedCall,
} from './commands/signed-call.ts';

interface Services {
  projects: Pick<Projects, 'get'>;
  builds: Pick<Builds, 'get'>;
  cascades: Pick<Cascades, 'header'>;
  triggers: Pick<Triggers, 'send'>;
  siteUrl: string;
  logger: Logger;
}

/**
 * Queues what somebody asks for by a signed call. The name in the records is the one that AWS knows, and not what the caller says.
 */
export function createAcceptCommand({ projects, builds, cascades, triggers, siteUrl, logger }: Services) {
  async function refusalOf(subject: Subject): Promise<Refusal | undefined> {
    if ('project' in subject) return projectRefusal(subject.project, await projects.get(subject.project));
    if ('cascade' in subject) {
      if (await cascades.header(subject.cascade)) return undefined;
      return { status: 404, code: 'CascadeNotFound', detail: `There is no cascade ${subject.cascade}.` };
    }
    if (await builds.get(subject.build)) return undefined;
    return { status: 404, code: 'BuildNotFound', detail: `There is no build ${subject.build}.` };
  }

  return async function acceptCommand(event: SignedCall): Promise<APIGatewayProxyStructuredResultV2> {
    const refuse = (refusal: Refusal) => refused(siteUrl, event.rawPath, refusal);
    const name = commandAt(event.routeKey);
    const subject = subjectOf(event.pathParameters ?? {});
    if (!subject) return refuse(noSuchAddress);
    const body = commands[name].body.safeParse(jsonOf(event));
    if (!body.success) return refuse(bodyRefusal(body.error.issues));
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
    return accepted(acceptedOf(trigger));
  };
}

/** API Gateway calls the function for the routes of commands only. */
function commandAt(routeKey: string): CommandName {
  const found = (Object.keys(commands) as CommandName[]).find((name) => routeKey === `POST ${commands[name].path}`);
  if (!found) throw new Error(`No command has the route ${routeKey}.`);
  return found;
}

function subjectOf({ build, cascade, ...names }: Record<string, string | undefined>): Subject | undefined {
  if (build !== undefined) return buildIdSchema.safeParse(build).success ? { build } : undefined;
  if (cascade !== undefined) return cascadeIdSchema.safeParse(cascade).success ? { cascade } : undefined;
  const project = projectIn(names);
  return project === undefined ? undefined : { project };
}

const run = once(() =>
  createAcceptCommand({
    projects: openProjects(),
    builds: openBuilds(),
    cascades: openCascades(),
    triggers: openTriggers(),
    siteUrl: siteUrl(),
    logger: new Logger({ serviceName: 'accept-command' }),
  }),
);

export function handler(event: SignedCall): Promise<APIGatewayProxyStructuredResultV2> {
  return run()(event);
}
