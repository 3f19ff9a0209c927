import { createHash, createPublicKey } from 'node:crypto';

/**
 * Signatures in OpenSSH's format, as git takes them for commits, of a key on the curve P-256.
 * https://github.com/openssh/openssh-portable/blob/V_9_9_P2/PROTOCOL.sshsig
 */

const namespace = 'git';
const keyType = 'ecdsa-sha2-nistp256';
const hashName = 'sha256';

/** What the key signs of a commit: the SHA-256 digest. */
export function digestOfCommit(commit: Uint8Array): Buffer {
  const hash = createHash(hashName).update(commit).digest();
  const signed = Buffer.concat([Buffer.from('SSHSIG'), ...[namespace, '', hashName, hash].map(field)]);
  return createHash('sha256').update(signed).digest();
}

/**
 * The signature as a commit has it.
 * @param signature as DER
 * @param publicKey as DER
 */
export function sshSignature(signature: Uint8Array, publicKey: Uint8Array): string {
  const blob = Buffer.concat([
    Buffer.from('SSHSIG'),
    Buffer.from([0, 0, 0, 1]),
    ...[wireKey(publicKey), namespace, '', hashName].map(field),
    field(Buffer.concat([field(keyType), field(Buffer.concat(integersOf(signature).map(field)))])),
  ]);
  const lines = blob.toString('base64').match(/.{1,70}/g) ?? [];
  return ['-----BEGIN SSH SIGNATURE-----', ...lines, '-----END SSH SIGNATURE-----'].join('\n');
}

/** A line of the file that says to git whose key this is. https://man.openbsd.org/ssh-keygen.1#ALLOWED_SIGNERS */
export function allowedSigner(email: string, publicKey: Uint8Array): string {
  return `${email} namespaces="${namespace}" ${keyType} ${wireKey(publicKey).toString('base64')}\n`;
}

/** https://www.rfc-editor.org/rfc/rfc5656#section-3.1 */
function wireKey(publicKey: Uint8Array): Buffer {
  const key = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' });
  const { x = '', y = '' } = key.export({ format: 'jwk' });
  const point = Buffer.concat([Buffer.from([4]), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
  return Buffer.concat([keyType, 'nistp256', point].map(field));
}

/** The two integers of a signature. DER writes them as SSH does, and both are shorter than 128 bytes. */
function integersOf(der: Uint8Array): Buffer[] {
  const [first = 0] = der.subarray(3);
  return [Buffer.from(der.subarray(4, 4 + first)), Buffer.from(der.subarray(6 + first))];
}

function field(value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
