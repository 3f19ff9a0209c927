import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { p256 } from '@noble/curves/nist.js';

/** A new private key of the curve P-256, in PKCS #8. */
export function newPrivateKey(): Buffer {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export({ format: 'der', type: 'pkcs8' });
}

/** In the form in which KMS gives it: a DER-encoded SubjectPublicKeyInfo. */
export function publicKeyOf(privateKey: Uint8Array): Buffer {
  const key = createPrivateKey({ key: Buffer.from(privateKey), format: 'der', type: 'pkcs8' });
  return createPublicKey(key).export({ format: 'der', type: 'spki' });
}

/** An ECDSA signature of a SHA-256 digest, DER-encoded. Node signs messages only, which it hashes itself. */
export function signDigest(privateKey: Uint8Array, digest: Uint8Array): Buffer {
  const { d = '' } = createPrivateKey({ key: Buffer.from(privateKey), format: 'der', type: 'pkcs8' }).export({
    format: 'jwk',
  });
  // With fresh randomness, as KMS has it: two signatures of one digest differ.
  const options = { prehash: false, format: 'der', extraEntropy: true } as const;
  return Buffer.from(p256.sign(digest, Buffer.from(d, 'base64url'), options));
}

export const sha256 = (message: Uint8Array): Buffer => createHash('sha256').update(message).digest();
