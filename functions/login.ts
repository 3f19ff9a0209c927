import { Logger } from '@aws-lambda-powertools/logger';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import * as z from 'zod';
import { UpstreamError } from '../core/model/errors.ts';
import { once } from '../core/once.ts';
import {
  cookie,
  cookieOf,
  fitsCookie,
  pathAfter,
  type Session,
  sessionHours,
  sessionPurpose,
} from '../core/visibility/session.ts';
import { openSeals, type Seals } from '../services/aws/seals.ts';
import { siteUrl } from '../services/environment.ts';
import {
  type IdentityProvider,
  openIdentityProvider,
  pendingLoginSchema,
} from '../services/identity/identity-provider.ts';

interface Services {
  provider: Pick<IdentityProvider, 'begin' | 'finish'>;
  seals: Pick<Seals, 'hide' | 'reveal'>;
  siteUrl: string;
  logger: Pick<Logger, 'warn'>;
  now?: () => Date;
}

type Event = Pick<APIGatewayProxyEventV2, 'rawPath' | 'rawQueryString' | 'cookies'>;

const pendingPurpose = 'login';
/** How long somebody may take to sign in. */
const pendingSeconds = 600;
const keptSchema = pendingLoginSchema.extend({ to: z.string(), until: z.iso.datetime() });

/** Signs people in by the provider of the configuration, and out. What the pages then show, `site/visible-parts.ts` decides. */
export function createLogin({ provider, seals, siteUrl, logger, now = () => new Date() }: Services) {
  const after = (seconds: number) => new Date(now().getTime() + seconds * 1000).toISOString();

  async function begin(query: URLSearchParams): Promise<APIGatewayProxyStructuredResultV2> {
    const { url, pending } = await provider.begin();
    const kept = { ...pending, to: pathAfter(query.get('to') ?? undefined), until: after(pendingSeconds) };
    const hidden = await seals.hide(pendingPurpose, JSON.stringify(kept));
    return redirect(url, [cookie(siteUrl, 'login', hidden, pendingSeconds)]);
  }

  async function finish(query: URLSearchParams, cookies: Event['cookies']): Promise<APIGatewayProxyStructuredResultV2> {
    const hidden = cookieOf(cookies, siteUrl, 'login');
    const text = hidden === undefined ? undefined : await seals.reveal(pendingPurpose, hidden);
    const kept = text === undefined ? undefined : keptSchema.safeParse(JSON.parse(text)).data;
    if (!kept || kept.until <= now().toISOString())
      return refusal(
        'This sign-in was not begun in this browser, or took longer than ten minutes. Begin again at /login.',
      );
    const identity = await provider.finish(query, kept);
    const seconds = sessionHours * 3600;
    const session: Session = { ...identity, until: after(seconds) };
    const value = await seals.hide(sessionPurpose, JSON.stringify(session));
    if (!fitsCookie(value))
      return refusal(
        'You are in more groups than a session can name. Have the provider name only those that Slipway needs.',
      );
    return redirect(siteUrl + kept.to, [cookie(siteUrl, 'session', value, seconds), cookie(siteUrl, 'login', '', 0)]);
  }

  return async function login({ rawPath, rawQueryString, cookies }: Event): Promise<APIGatewayProxyStructuredResultV2> {
    const query = new URLSearchParams(rawQueryString);
    try {
      if (rawPath === '/logout') return redirect(`${siteUrl}/`, [cookie(siteUrl, 'session', '', 0)]);
      return await (rawPath === '/login' ? begin(query) : finish(query, cookies));
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error;
      logger.warn('Somebody could not sign in', { error });
      return refusal(`${error.message} Try again at /login, and tell whoever runs this pipeline if it does not help.`);
    }
  };
}

function redirect(location: string, cookies: string[]): APIGatewayProxyStructuredResultV2 {
  return { statusCode: 303, headers: { location, 'cache-control': 'no-store' }, cookies };
}

function refusal(message: string): APIGatewayProxyStructuredResultV2 {
  const headers = {
    'content-type': 'text/plain; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  };
  return { statusCode: 400, headers, body: `${message}\n` };
}

const run = once(() =>
  createLogin({
    provider: openIdentityProvider(),
    seals: openSeals(),
    siteUrl: siteUrl(),
    logger: new Logger({ serviceName: 'login' }),
  }),
);

export function handler(event: Event): Promise<APIGatewayProxyStructuredResultV2> {
  return run()(event);
}
