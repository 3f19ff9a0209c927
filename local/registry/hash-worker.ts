import { createHash, type Hash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import type { Grown } from './upload-hashes.ts';

const hashed = new Map<string, { hash: Hash; size: number }>();
const buffer = Buffer.allocUnsafe(2 ** 20);

parentPort?.on('message', ({ file, size, digestTo }: Grown) => {
  const isRead = readUpTo(size, file);
  if (digestTo === undefined) return;
  const digest = isRead ? hashed.get(file)?.hash.digest('hex') : undefined;
  digestTo.postMessage(digest);
  hashed.delete(file);
});

/** Reads what has been added, and says whether all of it was there: an upload may be given up meanwhile. */
function readUpTo(size: number, file: string): boolean {
  const known = hashed.get(file) ?? { hash: createHash('sha256'), size: 0 };
  hashed.set(file, known);
  try {
    const descriptor = openSync(file, 'r');
    try {
      while (known.size < size) {
        const read = readSync(descriptor, buffer, 0, Math.min(buffer.length, size - known.size), known.size);
        if (read === 0) return false;
        known.hash.update(buffer.subarray(0, read));
        known.size += read;
      }
      return known.size === size;
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return false;
  }
}
