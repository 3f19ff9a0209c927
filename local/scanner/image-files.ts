import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { type Duplex, PassThrough, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { Parser, type ReadEntry } from 'tar';

/** What a scan reads of an image: enough for any real one, and an end for one that was made to have none. */
const limits = {
  unpackedBytes: 64 * 1024 ** 3,
  entries: 5_000_000,
  fileBytes: 256 * 1024 ** 2,
  keptBytes: 512 * 1024 ** 2,
};

/** A layer is not what it says, or is made to use the machine up. */
export class UnreadableImageError extends Error {
  override readonly name = 'UnreadableImageError';
}

/**
 * The files of an image that are wanted, as a container would see them: upper layers cover lower ones, and their whiteouts remove files of
 * these. https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md#whiteouts Nothing is unpacked to the disk, so no path in a layer
 * can lead anywhere.
 */
export async function readImageFiles(
  layers: string[],
  isWanted: (path: string) => boolean,
): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const budget = { bytes: limits.unpackedBytes, entries: limits.entries };
  for (const layer of layers) {
    const { added, removed, emptied } = await readLayer(layer, isWanted, budget);
    for (const path of files.keys()) {
      const parents = ancestors(path);
      const isGone = removed.has(path) || parents.some((parent) => removed.has(parent) || emptied.has(parent));
      if (isGone) files.delete(path);
    }
    for (const [path, content] of added) files.set(path, content);
    const kept = [...files.values()].reduce((sum, { length }) => sum + length, 0);
    if (kept > limits.keptBytes) throw new UnreadableImageError('The package databases of the image are too large');
  }
  return files;
}

interface LayerChanges {
  added: Map<string, Buffer>;
  /** Paths that a whiteout names, or that are something else than a file or a directory now. */
  removed: Set<string>;
  /** Directories of which nothing of the lower layers is left. */
  emptied: Set<string>;
}

async function readLayer(
  file: string,
  isWanted: (path: string) => boolean,
  budget: { bytes: number; entries: number },
): Promise<LayerChanges> {
  const changes: LayerChanges = { added: new Map(), removed: new Set(), emptied: new Set() };
  const { added, removed, emptied } = changes;
  let failure: Error | undefined;
  /** An archive without a file is zeros only, which the parser does not know as one: the layer of a step that changes nothing. */
  let isEmpty = true;

  const see = (entry: ReadEntry): void => {
    const path = normalised(entry.path);
    if (--budget.entries < 0) failure ??= new UnreadableImageError('The image has too many files');
    if (failure !== undefined || path === undefined) return void entry.resume();
    const name = path.slice(path.lastIndexOf('/') + 1);
    const parent = path.slice(0, Math.max(0, path.length - name.length - 1));
    if (name === '.wh..wh..opq') emptied.add(parent);
    else if (name.startsWith('.wh.')) removed.add(parent === '' ? name.slice(4) : `${parent}/${name.slice(4)}`);
    else if (entry.type !== 'Directory') {
      removed.add(path);
      added.delete(path);
      const isFile = entry.type === 'File' || entry.type === 'OldFile' || entry.type === 'ContiguousFile';
      if (isFile && isWanted(path)) return void keep(entry, path);
    }
    entry.resume();
  };

  const keep = (entry: ReadEntry, path: string): void => {
    if (entry.size > limits.fileBytes) {
      failure ??= new UnreadableImageError(`The file /${path} of the image is too large`);
      return void entry.resume();
    }
    const chunks: Buffer[] = [];
    entry.on('data', (chunk: Buffer) => chunks.push(chunk));
    entry.on('end', () => added.set(path, Buffer.concat(chunks)));
  };

  const parser = new Parser({
    onReadEntry: see,
    onwarn: (code, message) => {
      if ((code === 'TAR_BAD_ARCHIVE' && !isEmpty) || code === 'TAR_ABORT')
        failure ??= new UnreadableImageError(`A layer is not a tar archive: ${message}`);
    },
  });
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      budget.bytes -= chunk.length;
      if (budget.bytes < 0) failure ??= new UnreadableImageError('The image is too large when it is unpacked');
      if (failure !== undefined) return done(failure);
      isEmpty &&= chunk.every((byte) => byte === 0);
      done(null, chunk);
    },
  });
  try {
    await pipeline(
      createReadStream(file),
      await decompressorOf(file),
      counter,
      parser as unknown as NodeJS.WritableStream,
    );
  } catch (cause) {
    if (cause instanceof UnreadableImageError) throw cause;
    throw new UnreadableImageError(`A layer cannot be unpacked: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
  if (failure !== undefined) throw failure;
  return changes;
}

/** By the first bytes and not by the media type, as the engines do. */
async function decompressorOf(file: string): Promise<Duplex> {
  await using handle = await open(file);
  const { buffer } = await handle.read(Buffer.alloc(4), 0, 4, 0);
  if (buffer.readUInt16BE() === 0x1f8b) return createGunzip();
  return buffer.readUInt32LE() === 0xfd2fb528 ? createZstdDecompress() : new PassThrough();
}

/** `./etc/os-release` and `/etc/os-release` are one file; undefined for the root and for what points out of it. */
function normalised(path: string): string | undefined {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return parts.length === 0 || parts.includes('..') ? undefined : parts.join('/');
}

function ancestors(path: string): string[] {
  const parts = path.split('/');
  return parts.map((_part, index) => parts.slice(0, index).join('/'));
}
