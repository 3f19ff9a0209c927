import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { dsse } from '@sigstore/core';
import { describe, expect, it } from 'vitest';
import { bundleOf, digestToSign, keyHint, verifiedStatement } from '../../../core/signing/bundle.ts';
import { publicKeyPem } from '../../../core/signing/public-key.ts';
import { payloadType, statementOn } from '../../../core/signing/statement.ts';

const digest = `sha256:${'d'.repeat(64)}`;
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const der = publicKey.export({ format: 'der', type: 'spki' });
const pem = publicKeyPem(der);
const statement = statementOn(digest, 'signature', {});

const signed = (text: Buffer) => sign('sha256', dsse.preAuthEncoding(payloadType, text), privateKey);
const bundle = JSON.parse(bundleOf(statement, signed(statement), der).toString());

describe('a bundle', () => {
  it('has the form in which cosign stores a signature', () => {
    expect(bundle).toEqual({
      mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
      verificationMaterial: { publicKey: { hint: keyHint(der) }, timestampVerificationData: {} },
      dsseEnvelope: {
        payloadType: 'application/vnd.in-toto+json',
        payload: statement.toString('base64'),
        signatures: [{ sig: expect.any(String) }],
      },
    });
    expect(JSON.parse(statement.toString())).toEqual({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ digest: { sha256: 'd'.repeat(64) } }],
      predicateType: 'https://sigstore.dev/cosign/sign/v1',
      predicate: {},
    });
    expect(keyHint(der)).toBe(createHash('sha256').update(der).digest('base64'));
  });

  it('is signed over the digest of its encoding', () => {
    const encoding = `DSSEv1 28 application/vnd.in-toto+json ${statement.length} ${statement.toString()}`;
    expect(digestToSign(statement)).toEqual(createHash('sha256').update(encoding).digest());
  });
});

describe('the statement of a bundle', () => {
  const changed = (...envelope: object[]) => ({
    ...bundle,
    dsseEnvelope: Object.assign({ ...bundle.dsseEnvelope }, ...envelope),
  });
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'pem', type: 'spki' });

  it('is what the key signed', () => {
    expect(verifiedStatement(bundle, pem)).toEqual(JSON.parse(statement.toString()));
    expect(publicKey.export({ format: 'pem', type: 'spki' })).toBe(pem);
  });

  it.each<[string, unknown, string]>([
    ['of another key', bundle, other.toString()],
    [
      'that was changed after it was signed',
      changed({ payload: statementOn(`sha256:${'e'.repeat(64)}`, 'signature', {}).toString('base64') }),
      pem,
    ],
    ['without a signature', changed({ signatures: [] }), pem],
    ['of another payload', changed({ payloadType: 'text/plain' }), pem],
    ['of a future format', { ...bundle, mediaType: 'application/x' }, pem],
    ['that is no bundle', { hello: 'world' }, pem],
    ['that is nothing', null, pem],
  ])('is not believed of a bundle %s', (_what, given, key) => {
    expect(verifiedStatement(given, key)).toBeUndefined();
  });
});
