import { createHmac, type KeyObject } from 'node:crypto';
import type { GitHostKind } from '../../core/model/git-host.ts';
import { isSame, isSigned } from './gitlab/signing-token.ts';

type Headers = Readonly<Record<string, string | undefined>>;

/** Whether the sender of an event knows a secret. */
export type ProvesSecret = (secret: KeyObject) => boolean;

interface SignatureForm {
  /** The header that is missing where an event is not signed, for people. */
  header: string;
  /** Undefined for an event that is not signed. */
  of(headers: Headers, body: string): ProvesSecret | undefined;
}

/** How the events of each kind of git host are signed. */
export const eventSignatures: Record<GitHostKind, SignatureForm> = {
  github: {
    header: 'X-Hub-Signature-256',
    of({ 'x-hub-signature-256': signature }, body) {
      return signature ? hasDigest(body, signature.replace(/^sha256=/, '')) : undefined;
    },
  },
  // https://forgejo.org/docs/latest/user/webhooks/ and https://docs.gitea.com/usage/repository/webhooks
  forgejo: {
    header: 'X-Forgejo-Signature',
    of({ 'x-forgejo-signature': forgejo, 'x-gitea-signature': gitea }, body) {
      const digits = forgejo || gitea;
      return digits ? hasDigest(body, digits) : undefined;
    },
  },
  gitlab: {
    header: 'webhook-signature or X-Gitlab-Token',
    of(headers, body) {
      const { 'webhook-signature': signatures, 'webhook-id': id = '', 'webhook-timestamp': timestamp = '' } = headers;
      // Where there is a signature, only it counts: the token can be read on the way, and must not replace it.
      if (signatures) return (secret) => isSigned(secret.export().toString(), { id, timestamp, body }, signatures);
      const token = headers['x-gitlab-token'];
      return token ? (secret) => isSame(Buffer.from(token), secret.export()) : undefined;
    },
  },
};

/** Whether a secret makes the digest that the sender wrote in hexadecimal digits. */
function hasDigest(body: string, digits: string): ProvesSecret {
  const written = Buffer.from(digits);
  return (secret) => isSame(written, Buffer.from(createHmac('sha256', secret).update(body).digest('hex')));
}
