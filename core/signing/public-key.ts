/** Where the pages have the key that verifies releases, as PEM. */
export const publicKeyPath = '/.well-known/slipway/cosign.pub';

/** Where the pages have the line that lets git verify commits to manifests. */
export const allowedSignersPath = '/.well-known/slipway/allowed_signers';

/** A public key as PEM, as cosign and policies in a cluster take it. */
export function publicKeyPem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN PUBLIC KEY-----\n${lines.join('\n')}\n-----END PUBLIC KEY-----\n`;
}
