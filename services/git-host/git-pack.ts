import { createHash } from 'node:crypto';
import { deflateSync, type InflateRaw, inflateSync } from 'node:zlib';
import { UpstreamError } from '../../core/model/errors.ts';
import { type GitObject, idOf, type ObjectFormat } from './git-objects.ts';

/** The format in which git sends objects. https://git-scm.com/docs/gitformat-pack */

const types = { commit: 1, tree: 2, blob: 3, tag: 4 } as const;
const typeNames = new Map<number, GitObject['type']>(
  Object.entries(types).map(([name, number]) => [number, name as GitObject['type']]),
);
const deltaByOffset = 6;
const deltaById = 7;
/** Of one object, so that a few bytes cannot fill the memory. */
const largestObject = 16 * 1024 * 1024;

export function writePack(objects: readonly GitObject[], format: ObjectFormat): Buffer {
  const head = Buffer.alloc(12);
  head.write('PACK');
  head.writeUInt32BE(2, 4);
  head.writeUInt32BE(objects.length, 8);
  const parts = objects.flatMap(({ type, data }) => [sizeHeader(types[type], data.length), deflateSync(data)]);
  const pack = Buffer.concat([head, ...parts]);
  return Buffer.concat([pack, createHash(format).update(pack).digest()]);
}

/**
 * The objects of a pack by their ids.
 * @throws UpstreamError if the pack is broken, or has an object that nobody asked to hold in memory
 */
export function readPack(pack: Buffer, format: ObjectFormat): Map<string, GitObject> {
  const checksumBytes = format === 'sha1' ? 20 : 32;
  const end = pack.length - checksumBytes;
  if (end < 12 || pack.toString('latin1', 0, 4) !== 'PACK' || pack.readUInt32BE(4) !== 2) throw broken();
  if (!createHash(format).update(pack.subarray(0, end)).digest().equals(pack.subarray(end))) throw broken();
  const objects = new Map<string, GitObject>();
  const byOffset = new Map<number, GitObject>();
  const deltas: { offset: number; base: string | number; delta: Buffer }[] = [];
  let at = 12;
  for (let left = pack.readUInt32BE(8); left > 0; left--) {
    const offset = at;
    const header = readSizeHeader(pack, at);
    at = header.at;
    let base: string | number | undefined;
    if (header.type === deltaById) {
      base = pack.toString('hex', at, at + checksumBytes);
      at += checksumBytes;
    } else if (header.type === deltaByOffset) {
      const distance = readOffset(pack, at);
      base = offset - distance.value;
      at = distance.at;
    }
    const { data, length } = inflate(pack.subarray(at, end), header.size);
    at += length;
    if (base !== undefined) deltas.push({ offset, base, delta: data });
    else {
      const type = typeNames.get(header.type);
      if (!type) throw broken();
      const object = { type, data };
      objects.set(idOf(object, format), object);
      byOffset.set(offset, object);
    }
  }
  resolveDeltas(deltas, objects, byOffset, format);
  return objects;
}

/** A delta may build on another, which comes later. */
function resolveDeltas(
  deltas: { offset: number; base: string | number; delta: Buffer }[],
  objects: Map<string, GitObject>,
  byOffset: Map<number, GitObject>,
  format: ObjectFormat,
): void {
  let left = deltas;
  while (left.length > 0) {
    const waiting = left.filter(({ offset, base, delta }) => {
      const known = typeof base === 'string' ? objects.get(base) : byOffset.get(base);
      if (!known) return true;
      const object = { type: known.type, data: applyDelta(known.data, delta) };
      objects.set(idOf(object, format), object);
      byOffset.set(offset, object);
      return false;
    });
    if (waiting.length === left.length) throw broken();
    left = waiting;
  }
}

/** https://git-scm.com/docs/gitformat-pack#_deltified_representation */
function applyDelta(base: Buffer, delta: Buffer): Buffer {
  const from = readSize(delta, 0);
  const to = readSize(delta, from.at);
  if (from.value !== base.length || to.value > largestObject) throw broken();
  const parts: Buffer[] = [];
  let length = 0;
  for (let at = to.at; at < delta.length; ) {
    const instruction = delta[at] ?? 0;
    at += 1;
    if (instruction === 0) throw broken();
    let part: Buffer;
    if (instruction < 0x80) {
      part = delta.subarray(at, at + instruction);
      at += instruction;
    } else {
      let [start, size] = [0, 0];
      for (let bit = 0; bit < 4; bit++) if (instruction & (1 << bit)) start += (delta[at++] ?? 0) * 2 ** (8 * bit);
      for (let bit = 0; bit < 3; bit++) if (instruction & (16 << bit)) size += (delta[at++] ?? 0) * 2 ** (8 * bit);
      part = base.subarray(start, start + (size || 0x10000));
    }
    parts.push(part);
    length += part.length;
    if (length > to.value) throw broken();
  }
  if (length !== to.value) throw broken();
  return Buffer.concat(parts);
}

function inflate(input: Buffer, size: number): { data: Buffer; length: number } {
  if (size > largestObject) throw new UpstreamError(`The git host sent a file of ${size} bytes, which is not read.`);
  try {
    // With `info`, zlib says how much of its input it used. https://nodejs.org/api/zlib.html#class-options
    const { buffer, engine } = inflateSync(input, { info: true, maxOutputLength: Math.max(size, 1) }) as unknown as {
      buffer: Buffer;
      engine: InflateRaw;
    };
    if (buffer.length !== size) throw broken();
    return { data: buffer, length: engine.bytesWritten };
  } catch (error) {
    throw error instanceof UpstreamError ? error : broken();
  }
}

function sizeHeader(type: number, size: number): Buffer {
  const bytes = [(type << 4) | (size & 15)];
  for (let left = Math.floor(size / 16); left > 0; left = Math.floor(left / 128)) {
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) | 0x80;
    bytes.push(left & 127);
  }
  return Buffer.from(bytes);
}

function readSizeHeader(pack: Buffer, start: number): { type: number; size: number; at: number } {
  const first = pack[start] ?? 0;
  let size = first & 15;
  let at = start + 1;
  let scale = 16;
  for (let byte = first; byte & 0x80; scale *= 128) {
    byte = pack[at++] ?? 0;
    size += (byte & 127) * scale;
  }
  return { type: (first >> 4) & 7, size, at };
}

function readSize(data: Buffer, start: number): { value: number; at: number } {
  let [value, at, scale] = [0, start, 1];
  for (let byte = 0x80; byte & 0x80; scale *= 128) {
    byte = data[at++] ?? 0;
    value += (byte & 127) * scale;
  }
  return { value, at };
}

function readOffset(data: Buffer, start: number): { value: number; at: number } {
  let at = start;
  let byte = data[at++] ?? 0;
  let value = byte & 127;
  while (byte & 0x80) {
    byte = data[at++] ?? 0;
    value = (value + 1) * 128 + (byte & 127);
  }
  return { value, at };
}

function broken(): UpstreamError {
  return new UpstreamError('The git host sent a broken pack of objects.');
}
