import { createHash, type Hash } from 'node:crypto';

/** The algorithms that the image specification registers. https://github.com/opencontainers/image-spec/blob/v1.1.1/descriptor.md#digests */
const hexLength = { sha256: 64, sha512: 128 } as const;

export type Algorithm = keyof typeof hexLength;

export function isAlgorithm(text: string): text is Algorithm {
  return Object.hasOwn(hexLength, text);
}

/** Whether a text is a digest of an algorithm that the registry knows; such a text is safe in a path. */
export function isDigest(text: string): boolean {
  const [algorithm, hex, ...rest] = text.split(':');
  if (algorithm === undefined || hex === undefined || rest.length > 0 || !isAlgorithm(algorithm)) return false;
  return hex.length === hexLength[algorithm] && /^[0-9a-f]+$/.test(hex);
}

export function algorithmOf(digest: string): Algorithm {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256';
}

export function hashOf(algorithm: Algorithm): Hash {
  return createHash(algorithm);
}

export function digestOf(content: Uint8Array | string, algorithm: Algorithm = 'sha256'): string {
  return `${algorithm}:${hashOf(algorithm).update(content).digest('hex')}`;
}
