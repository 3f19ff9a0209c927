import type { Logger } from '@aws-lambda-powertools/logger';
import { InvalidInputError, UpstreamError } from '../../core/model/errors.ts';
import type { NotifyUrl } from '../../core/model/notify-url.ts';
import { parseProjectName } from '../../core/model/project-name.ts';
import { retryAfter } from '../../core/time/retry-after.ts';
import { messageOf } from '../../core/url-notifications/message.ts';
import { notifySecret, signatureHeaders } from '../../core/url-notifications/signature.ts';
import {
  type Attempt,
  attempted,
  claimed,
  keyOf,
  placeOf,
  type UrlNotification,
} from '../../core/url-notifications/url-notification.ts';
import { createSecret, type RotatedSecret } from '../../services/aws/secrets.ts';
import { siteUrl, variable } from '../../services/environment.ts';
import { openWebhookMaster } from '../../services/git-host/webhook-secret.ts';
import { openPublicFetch, type PublicFetch } from '../../services/http/public-fetch.ts';
import { openUrlNotifications, type UrlNotifications } from '../../services/tables/url-notifications.ts';

interface Services {
  notifications: Pick<UrlNotifications, 'save'>;
  /** From which the secrets that sign are derived. */
  master: Pick<RotatedSecret, 'current'>;
  /** The value of a secret by its name. */
  secretValue: (name: string) => Promise<string>;
  /** The prefix of the names of secrets that hold addresses. */
  secretsPrefix: string;
  fetch: PublicFetch;
  siteUrl: string;
  logger: Logger;
}

const timeoutMilliseconds = 10_000;
const largestAnswer = 64 * 1024;
/** With these a receiver says that it will never take the message; 429 is not one of them. */
const isRefusal = (status: number) => status >= 400 && status < 500 && ![408, 425, 429].includes(status);

/** Posts a notification and writes down what came of it, which it returns; undefined if another process has changed it meanwhile. */
export function createPostNotification(services: Services) {
  const { notifications, master, secretValue, secretsPrefix, fetch, siteUrl, logger } = services;

  async function addressOf(project: string, { url, secret }: NotifyUrl): Promise<string> {
    if (url !== undefined) return url;
    const name = `${secretsPrefix}${parseProjectName(project).appId}/${secret}`;
    const value = await secretValue(name).catch((error: unknown) => {
      const isAbsent =
        error instanceof UpstreamError && /^(?:ResourceNotFound|AccessDenied)Exception$/.test(`${error.cause}`);
      if (!isAbsent) throw error;
      throw new InvalidInputError(
        `The secret ${name} does not exist. Have whoever runs this pipeline store the address in it.`,
      );
    });
    const address = value.trim();
    // The fetch would quote what it refuses, and the project's page would show that to everybody.
    if (/^https?:$/.test(URL.parse(address)?.protocol ?? '')) return address;
    throw new InvalidInputError(
      `The secret ${name} has no address. Have whoever runs this pipeline store one in it, as https://host/path.`,
    );
  }

  async function post(notification: UrlNotification): Promise<Attempt> {
    const { project, to, event } = notification;
    const { contentType, body } = messageOf(event, { ...to, siteUrl });
    const secrets = (await master.current()).map((each) => notifySecret(each, project));
    const signature =
      to.format === 'cloudevents' ? signatureHeaders({ id: keyOf(notification), body, at: new Date() }, secrets) : {};
    const address = await addressOf(project, to);
    const response = await fetch(address, {
      method: 'POST',
      headers: { 'content-type': contentType, ...signature },
      body,
      maximumBytes: largestAnswer,
      timeoutMilliseconds,
    });
    response.discard();
    const { status, headers, url } = response;
    // A redirected POST may have become a GET, which delivers nothing.
    if (url !== URL.parse(address)?.href)
      return { error: 'It redirects to another address. Write that one into the index.', isFinal: true };
    if (status >= 200 && status < 300) return {};
    const retryAt = retryAfter(headers.get('retry-after'), new Date());
    const isFinal = isRefusal(status);
    const next = isFinal ? ' Correct the address if it is wrong: later events are posted to it all the same.' : '';
    return { error: `It answered ${status}.${next}`, isFinal, retryAt };
  }

  return async function postNotification(notification: UrlNotification): Promise<UrlNotification | undefined> {
    const own = claimed(notification, new Date());
    if (!(await notifications.save(own))) return undefined;
    const attempt = await post(own).catch((error: unknown): Attempt => {
      if (error instanceof InvalidInputError) return { error: error.message, isFinal: true };
      if (error instanceof UpstreamError) return { error: error.message, isFinal: false };
      throw error;
    });
    const after = attempted(own, attempt, new Date(), Math.random());
    const about = {
      project: own.project,
      event: own.name,
      to: placeOf(own.to),
      state: after.state,
      error: after.error,
    };
    if (attempt.error === undefined) logger.info('An address was notified', about);
    else logger.warn('An address was not notified', about);
    return (await notifications.save(after)) ? after : undefined;
  };
}

export type PostNotification = ReturnType<typeof createPostNotification>;

export function openPostNotification(logger: Logger): PostNotification {
  return createPostNotification({
    notifications: openUrlNotifications(),
    master: openWebhookMaster(),
    secretValue: (name) => createSecret(name).current(),
    secretsPrefix: variable('NOTIFY_URLS_PREFIX'),
    fetch: openPublicFetch(),
    siteUrl: siteUrl(),
    logger,
  });
}
