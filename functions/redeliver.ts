import { Logger } from '@aws-lambda-powertools/logger';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { redelivery } from '../core/api/notifications.ts';
import { once } from '../core/once.ts';
import { publicNotification } from '../core/url-notifications/describe-notification.ts';
import { isBeingPosted, isSameAddress, placeOf } from '../core/url-notifications/url-notification.ts';
import { siteUrl } from '../services/environment.ts';
import { openProjects, type Projects } from '../services/tables/projects.ts';
import { openUrlNotifications, type UrlNotifications } from '../services/tables/url-notifications.ts';
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
import { openPostNotification, type PostNotification } from './url-notifications/post-notification.ts';

interface Services {
  projects: Pick<Projects, 'get'>;
  notifications: Pick<UrlNotifications, 'get'>;
  post: PostNotification;
  siteUrl: string;
  logger: Logger;
}

/**
 * Posts a notification again because somebody asks for it by a signed call: one that was given up, or that its receiver has lost. It answers
 * what came of it. An attempt by hand counts as any other, so that one that had the last of its attempts is given up again if it fails.
 */
export function createRedeliver({ projects, notifications, post, siteUrl, logger }: Services) {
  return async function redeliver(event: SignedCall): Promise<APIGatewayProxyStructuredResultV2> {
    const refuse = (refusal: Refusal) => refused(siteUrl, event.rawPath, refusal);
    const name = projectIn(event.pathParameters ?? {});
    if (name === undefined) return refuse(noSuchAddress);
    const body = redelivery.body.safeParse(jsonOf(event));
    if (!body.success) return refuse(bodyRefusal(body.error.issues));
    const project = await projects.get(name);
    const refusal = projectRefusal(name, project);
    if (refusal) return refuse(refusal);
    const id = body.data.notification;
    const found = id === '' ? undefined : await notifications.get(name, id);
    if (!found) {
      const detail = `${name} has no notification of this id. They are kept for 30 days: see the page of the project.`;
      return refuse({ status: 404, code: 'NotificationNotFound', detail });
    }
    const cannot = (detail: string) => refuse({ status: 409, code: 'NotRedelivered', detail });
    // As the entry says it now: its format may have been the mistake.
    const to = project?.notifyUrls?.find((each) => isSameAddress(each, found.to));
    if (!to)
      return cannot(`The entry of ${name} no longer names ${placeOf(found.to)}. Only later events are sent elsewhere.`);
    const posted = isBeingPosted(found, new Date()) ? undefined : await post({ ...found, to });
    if (!posted)
      return cannot('It is being posted at the moment, or soon will be. See in some minutes what becomes of it.');
    logger.info('A notification was posted again', {
      project: name,
      notification: id,
      state: posted.state,
      by: event.requestContext.authorizer.iam.userArn,
    });
    return accepted(publicNotification(posted));
  };
}

const run = once(() => {
  const logger = new Logger({ serviceName: 'redeliver' });
  return createRedeliver({
    projects: openProjects(),
    notifications: openUrlNotifications(),
    post: openPostNotification(logger),
    siteUrl: siteUrl(),
    logger,
  });
});

export function handler(event: SignedCall): Promise<APIGatewayProxyStructuredResultV2> {
  return run()(event);
}
