import { createHash } from 'node:crypto';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { Parser } from 'tar';
import xz from 'xz-decompress';
import { UpstreamError } from '../../core/model/errors.ts';
import type { PackageManager } from '../../core/model/package-list.ts';
import type { PackageReader } from '../../core/packages/repository-metadata.ts';
import { availableKey, isModular } from '../../core/packages/updates.ts';
import { versionOrder } from '../../core/packages/version-order.ts';

/** For comparison: Debian 12's `main` has 63,000 packages in 50 MB. */
const limits = { unpackedBytes: 1024 * 1024 * 1024, packages: 200_000, text: 300 } as const;

export interface PackageFile {
  /** Its extension says how the file is compressed. */
  path: string;
  body: AsyncIterable<Buffer>;
  manager: PackageManager;
  reader: PackageReader;
  /** The checksum that the file must have. */
  checksum?: { algorithm: string; hash: string } | undefined;
}

/**
 * Reads the highest version of each package from a repository's file, piece by piece, so that only these versions stay in memory.
 * @throws UpstreamError if the file does not have its checksum, or is larger than the limits
 */
export async function readPackageFile({
  path,
  body,
  manager,
  reader,
  checksum,
}: PackageFile): Promise<Map<string, string>> {
  const versions = new Map<string, string>();
  const compare = versionOrder(manager);
  const hash = createHash(checksum?.algorithm ?? 'sha256');
  const decoder = new TextDecoder('utf-8');
  const take = (piece: string) => {
    for (const { name, architecture, version } of reader(piece)) {
      if (isModular(version) || name.length + architecture.length + version.length > limits.text) continue;
      const key = availableKey(manager, name, architecture);
      const known = versions.get(key);
      if (known === undefined || compare(version, known) > 0) versions.set(detached(key), detached(version));
    }
    if (versions.size > limits.packages) throw new UpstreamError(`${path} has more than ${limits.packages} packages.`);
  };
  async function* hashed(): AsyncGenerator<Buffer> {
    for await (const chunk of body) {
      hash.update(chunk);
      yield chunk;
    }
  }
  try {
    let bytes = 0;
    for await (const chunk of unpack(path, hashed())) {
      bytes += chunk.length;
      if (bytes > limits.unpackedBytes) throw new UpstreamError(`${path} is too large when unpacked.`);
      take(decoder.decode(chunk, { stream: true }));
    }
  } catch (error) {
    if (error instanceof UpstreamError) throw error;
    throw new UpstreamError(`${path} cannot be unpacked.`, { cause: error });
  }
  // The last paragraph may end without an empty line.
  take(`${decoder.decode()}\n\n`);
  if (checksum && hash.digest('hex') !== checksum.hash)
    throw new UpstreamError(`${path} does not have the hash that its repository states.`);
  return versions;
}

/** The endings of files that `readPackageFile` can read. */
export const readableEndings = ['.gz', '.zst', '.xz', ''] as const;

function unpack(path: string, packed: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  if (path.endsWith('.tar.gz')) return memberOf(packed, 'APKINDEX');
  if (path.endsWith('.gz')) return through(packed, createGunzip());
  if (path.endsWith('.zst')) return through(packed, createZstdDecompress());
  if (path.endsWith('.xz')) return unxz(packed);
  return packed;
}

/** An error of the source reaches the reader through the transform. */
function through(packed: AsyncIterable<Buffer>, transform: Transform): AsyncIterable<Buffer> {
  pipeline(Readable.from(packed), transform).catch((error: Error) => transform.destroy(error));
  return transform;
}

async function* unxz(packed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const source = Readable.toWeb(Readable.from(packed)) as ReadableStream<Uint8Array>;
  const reader = new xz.XzReadableStream(source).getReader();
  try {
    for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
      if (value) yield Buffer.from(value);
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

/** One file of a gzipped tar. Alpine's index consists of several archives in sequence: the signature, and what it signs. */
function memberOf(packed: AsyncIterable<Buffer>, name: string): AsyncIterable<Buffer> {
  const content = new Transform({ transform: (chunk, _encoding, done) => done(null, chunk) });
  let failure: Error | undefined;
  const parser = new Parser({
    onReadEntry(entry) {
      if (entry.path !== name || entry.type !== 'File') {
        entry.resume();
        return;
      }
      entry.pipe(content, { end: false });
    },
    onwarn: (code, message) => {
      if (code === 'TAR_BAD_ARCHIVE' || code === 'TAR_ABORT')
        failure ??= new UpstreamError(`The file is not a tar archive: ${message}`);
    },
  });
  // A reader that stops early also stops the archive.
  const reading = new AbortController();
  content.once('close', () => reading.abort());
  pipeline(Readable.from(packed), createGunzip(), parser as unknown as NodeJS.WritableStream, {
    signal: reading.signal,
  }).then(
    () => (failure ? content.destroy(failure) : content.end()),
    (error: Error) => content.destroy(error),
  );
  return content;
}

/** A copy, because a substring keeps the whole text in memory. */
function detached(part: string): string {
  return Buffer.from(part).toString();
}
