import { Logger } from '@aws-lambda-powertools/logger';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { mostListed, operatorsPaths, operatorsReportSchema } from '../core/api/operators.ts';
import { whyNoMail } from '../core/mail/mail-address.ts';
import { once } from '../core/once.ts';
import { type AccountQuota, openAccountQuota } from '../services/aws/account-quota.ts';
import { openQueueLengths, type QueueLengths } from '../services/aws/queue-lengths.ts';
import { siteUrl } from '../services/environment.ts';
import { type Builds, openBuilds } from '../services/tables/builds.ts';
import { type Deliveries, openDeliveries } from '../services/tables/deliveries.ts';
import { type MailAddresses, openMailAddresses } from '../services/tables/mail-addresses.ts';
import { openSources, type Sources } from '../services/tables/sources.ts';
import { caching, commonHeaders, json, page, problem } from '../site/answer.ts';
import { operatorsPage } from '../site/pages/operators.ts';
import { RequestError } from '../site/request-error.ts';

interface Services {
  addresses: Pick<MailAddresses, 'failed'>;
  builds: Pick<Builds, 'withStatus'>;
  deliveries: Pick<Deliveries, 'newest'>;
  quota: AccountQuota;
  queues: QueueLengths;
  sources: Pick<Sources, 'failing'>;
  siteUrl: string;
  logger: Logger;
}

type Event = Pick<APIGatewayProxyEventV2, 'rawPath'> & { requestContext: { http: { method: string } } };

const mostCounted = 100;

/**
 * Answers what only operators may know, as JSON and as a page. API Gateway has checked the signature, and that IAM allows the call. This is
 * a separate function because the one behind the public pages must not be able to read any of it.
 */
export function createInformOperators({
  addresses,
  builds,
  deliveries,
  quota,
  queues,
  sources,
  siteUrl,
  logger,
}: Services) {
  const counted = async (status: 'building' | 'queued') =>
    (await builds.withStatus(status, { limit: mostCounted })).items.length;

  async function report(now: Date) {
    const [lengths, most, running, waiting, newest, failing, failed] = await Promise.all([
      queues.read(),
      quota.read(),
      counted('building'),
      counted('queued'),
      deliveries.newest(mostListed),
      sources.failing(mostListed),
      addresses.failed(mostListed),
    ]);
    return operatorsReportSchema.parse({
      builds: { quota: most ?? null, running, waiting },
      queues: lengths,
      deliveries: newest.map(({ type = null, subject = null, waitsUntil = null, ...delivery }) => ({
        ...delivery,
        type,
        subject,
        waitsUntil,
      })),
      failingSources: failing.map(({ error = null, retryAt = null, ...source }) => ({ ...source, error, retryAt })),
      unreachableAddresses: failed.flatMap((record) =>
        record.failure && whyNoMail(record, false, now) === 'unreachable'
          ? [{ address: record.address, ...record.failure, reason: record.failure.reason ?? null }]
          : [],
      ),
    });
  }

  return async function informOperators({
    rawPath: path,
    requestContext,
  }: Event): Promise<APIGatewayProxyStructuredResultV2> {
    const now = new Date();
    const answer = await report(now).then(
      (content) =>
        path === operatorsPaths.json
          ? json(content, caching.never)
          : page(operatorsPage({ ...content, now }), caching.never),
      (error: Error) => {
        logger.error('Operators could not be informed.', error);
        const message = 'The answer could not be made. The log of the function InformOperators says why.';
        return problem(path, siteUrl, new RequestError(500, 'InternalError', message));
      },
    );
    const { status: statusCode, headers } = answer;
    const body = requestContext.http.method === 'HEAD' ? '' : String(answer.body);
    return { statusCode, headers: { ...commonHeaders('', siteUrl), ...headers }, body };
  };
}

const run = once(() =>
  createInformOperators({
    addresses: openMailAddresses(),
    builds: openBuilds(),
    deliveries: openDeliveries(),
    quota: openAccountQuota(),
    queues: openQueueLengths(),
    sources: openSources(),
    siteUrl: siteUrl(),
    logger: new Logger({ serviceName: 'inform-operators' }),
  }),
);

export function handler(event: Event): Promise<APIGatewayProxyStructuredResultV2> {
  return run()(event);
}
