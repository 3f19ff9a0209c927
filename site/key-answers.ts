import { publicKeyPem } from '../core/signing/public-key.ts';
import { allowedSigner } from '../core/signing/ssh-signature.ts';
import { type Answer, caching } from './answer.ts';
import type { SiteParts } from './parts.ts';
import { RequestError } from './request-error.ts';

/** The keys that verify what this Slipway has signed. */

export async function publicKey({ signingKey }: SiteParts): Promise<Answer> {
  const headers = { 'content-type': 'application/x-pem-file', 'cache-control': caching.briefly };
  return { status: 200, headers, body: publicKeyPem(await signingKey.publicKey()) };
}

export async function allowedSigners({ commitSigner }: SiteParts): Promise<Answer> {
  if (!commitSigner)
    throw new RequestError(
      404,
      'NotFound',
      'Commits are not signed here: deploy.signCommits of the configuration says so.',
    );
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': caching.briefly };
  return { status: 200, headers, body: allowedSigner(commitSigner.email, await commitSigner.publicKey()) };
}
