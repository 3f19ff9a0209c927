import { createHash } from 'node:crypto';
import { BUNDLE_V03_MEDIA_TYPE, bundleFromJSON, bundleToJSON, toDSSEBundle } from '@sigstore/bundle';
import { dsse, crypto as keys } from '@sigstore/core';
import { toSignedEntity, Verifier } from '@sigstore/verify';
import { payloadType, type Statement, statementSchema } from './statement.ts';

/** The media type of a bundle, and its artifact type in a registry. */
export const bundleType = BUNDLE_V03_MEDIA_TYPE;

/** What is signed of a statement: the SHA-256 digest of its encoding by DSSE. https://github.com/secure-systems-lab/dsse/blob/v1.0.0/protocol.md */
export function digestToSign(statement: Buffer): Buffer {
  return createHash('sha256').update(dsse.preAuthEncoding(payloadType, statement)).digest();
}

/** The hint in a bundle that says which key signed it, as cosign makes it. */
export function keyHint(publicKey: Uint8Array): string {
  return createHash('sha256').update(publicKey).digest('base64');
}

/**
 * A statement and its signature, as cosign stores them beside an image.
 * @param publicKey as DER
 */
export function bundleOf(statement: Buffer, signature: Buffer, publicKey: Uint8Array): Buffer<ArrayBuffer> {
  const bundle = toDSSEBundle({
    artifact: statement,
    artifactType: payloadType,
    signature,
    keyHint: keyHint(publicKey),
  });
  // Verifiers in Go skip a signature whose key id is not the one that they make of a key themselves; cosign leaves it empty.
  // https://github.com/secure-systems-lab/go-securesystemslib/blob/v0.11.0/dsse/verify.go
  for (const each of bundle.content.dsseEnvelope.signatures) each.keyid = '';
  return Buffer.from(JSON.stringify(bundleToJSON(bundle)));
}

/**
 * The statement of a bundle that this key signed; undefined if the bundle is none, another key signed it, or it is not signed at all. What
 * the bundle claims about its key does not count.
 * @param publicKey as PEM
 */
export function verifiedStatement(bundle: unknown, publicKey: string): Statement | undefined {
  try {
    const parsed = bundleFromJSON(bundle);
    if (parsed.content.$case !== 'dsseEnvelope' || parsed.content.dsseEnvelope.payloadType !== payloadType)
      return undefined;
    const key = { publicKey: keys.createPublicKey(publicKey), validFor: () => true };
    // The key is known: no certificate, and so neither a log nor a timestamp, has to say whose it is.
    const verifier = new Verifier(
      { certificateAuthorities: [], timestampAuthorities: [], tlogs: [], ctlogs: [], publicKey: () => key },
      { ctlogThreshold: 0, tlogThreshold: 0, timestampThreshold: 0 },
    );
    verifier.verify(toSignedEntity(parsed));
    return statementSchema.parse(JSON.parse(parsed.content.dsseEnvelope.payload.toString('utf8')));
  } catch {
    // Anybody may put a referrer beside an image: the libraries throw errors of their own for whatever it is.
    return undefined;
  }
}
