import { createHmac } from 'node:crypto';

/** The secret that signs what a project's addresses get, derived from the master secret: there is nothing to store for each project. */
export function notifySecret(master: string, project: string): string {
  return `whsec_${createHmac('sha256', master).update(`slipway-notify-url:${project}`).digest('base64')}`;
}

/**
 * The headers of Standard Webhooks. Several secrets are valid for a while after a rotation: whoever has one of them finds its signature.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme
 */
export function signatureHeaders(
  { id, body, at }: { id: string; body: string; at: Date },
  secrets: readonly string[],
): Record<string, string> {
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
    return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
  });
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}
