import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * The signing token of a GitLab webhook, from its secret in hexadecimal digits: GitLab takes 32 bytes in the form of Standard Webhooks.
 * https://docs.gitlab.com/user/project/integrations/webhooks/#signing-tokens
 */
export function signingToken(secret: string): string {
  return `whsec_${Buffer.from(secret, 'hex').toString('base64')}`;
}

/** https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#verifying-webhook-authenticity */
export function isSigned(
  secret: string,
  { id, timestamp, body }: { id: string; timestamp: string; body: string },
  signatures: string,
): boolean {
  // The age is not judged: an event of any age is only a hint to ask the host.
  const expected = createHmac('sha256', Buffer.from(secret, 'hex')).update(`${id}.${timestamp}.${body}`).digest();
  return signatures.split(' ').some((signature) => {
    const [version, encoded = ''] = signature.split(',');
    return version === 'v1' && isSame(Buffer.from(encoded, 'base64'), expected);
  });
}

export function isSame(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}
