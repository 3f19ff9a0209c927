import { createHmac } from 'node:crypto';
import type { Repository } from './repositories.ts';

/** The webhook that the host has for all repositories; each has a secret of its own. */
export interface Webhook {
  url: string;
  secretOf(repository: Pick<Repository, 'owner' | 'name'>): string | Promise<string>;
}

/** The hook's id: the host has one hook, for all repositories. */
export const hookId = 1;

/** GitHub waits ten seconds for an answer. */
const timeoutMilliseconds = 10_000;
const maxResponseBytes = 64 * 1024;

export interface WebhookMessage {
  guid: string;
  event: string;
  repositoryId: number;
  /** JSON */
  payload: string;
}

export interface WebhookOutcome {
  requestHeaders: Record<string, string>;
  status: string;
  code: number;
  headers: Record<string, string>;
  body: string;
}

/**
 * One attempt to deliver a signed event. That nobody answers is an outcome as well: GitHub lists it with the status code that a proxy
 * would give. https://docs.github.com/en/webhooks/webhook-events-and-payloads#delivery-headers
 */
export async function sendWebhook(
  { url, secret, appId }: { url: string; secret: string; appId: number | undefined },
  { guid, event, repositoryId, payload }: WebhookMessage,
  stop: AbortSignal,
): Promise<WebhookOutcome> {
  const body = new Uint8Array(Buffer.from(payload));
  const sign = (algorithm: 'sha1' | 'sha256') =>
    `${algorithm}=${createHmac(algorithm, secret).update(body).digest('hex')}`;
  const requestHeaders = {
    Accept: '*/*',
    'Content-Type': 'application/json',
    'User-Agent': 'GitHub-Hookshot/slipway',
    'X-GitHub-Delivery': guid,
    'X-GitHub-Event': event,
    'X-GitHub-Hook-ID': String(hookId),
    'X-GitHub-Hook-Installation-Target-ID': String(appId ?? repositoryId),
    'X-GitHub-Hook-Installation-Target-Type': appId === undefined ? 'repository' : 'integration',
    'X-Hub-Signature': sign('sha1'),
    'X-Hub-Signature-256': sign('sha256'),
  };
  const timeout = AbortSignal.timeout(timeoutMilliseconds);
  try {
    const signal = AbortSignal.any([timeout, stop]);
    const response = await fetch(url, { method: 'POST', headers: requestHeaders, body, redirect: 'manual', signal });
    const text = (await response.text()).slice(0, maxResponseBytes);
    const status = response.ok ? 'OK' : `Invalid HTTP Response: ${response.status}`;
    return {
      requestHeaders,
      status,
      code: response.status,
      headers: Object.fromEntries(response.headers),
      body: text,
    };
  } catch {
    const [status, code] = timeout.aborted ? ['timed out', 504] : ['failed to connect to host', 502];
    return { requestHeaders, status, code, headers: {}, body: '' };
  }
}
