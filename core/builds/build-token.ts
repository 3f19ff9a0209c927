import { createHash, timingSafeEqual } from 'node:crypto';
import type { Build } from '../model/build.ts';

/** All that the build's record keeps of a token. */
export function tokenHash(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** Takes the same time for every token, so that no caller learns how much of a guess was right. */
export function isTokenOf(hashes: Iterable<string>, token: string): boolean {
  const own = Buffer.from(tokenHash(token), 'hex');
  let found = false;
  for (const hash of hashes) {
    const known = Buffer.from(hash, 'hex');
    found = (known.length === own.length && timingSafeEqual(known, own)) || found;
  }
  return found;
}

/**
 * Whether the builder may be at work: its token counts until then. A build is `queued` until the event of CodeBuild is received, and the
 * builder may be faster than that event.
 */
export function isInBuilder({ status }: Pick<Build, 'status'>): boolean {
  return status === 'queued' || status === 'building';
}
