import { createHash, type Hash } from 'node:crypto';

/**
 * Reads a layer's tar piece by piece and hashes everything in it except the times of its files. Any other difference, such as an extended
 * attribute or the order of entries, gives another hash.
 *
 * The format is POSIX's (https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13), as Go's archive/tar writes it for
 * every engine; GNU's headers have further times in them (https://www.gnu.org/software/tar/manual/html_node/Standard.html).
 */
export class LayerContent {
  readonly #hash: Hash = createHash('sha256');
  #held: Buffer = Buffer.alloc(0);
  /** How many bytes of the current entry are left, including the padding of its last block. */
  #left = 0;
  #isExtended = false;

  write(bytes: Uint8Array): void {
    let rest =
      this.#held.length > 0
        ? Buffer.concat([this.#held, bytes])
        : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    while (rest.length > 0) {
      if (this.#isExtended) {
        if (rest.length < this.#left) break;
        this.#hash.update(withoutTimes(rest.subarray(0, this.#left)));
        rest = rest.subarray(this.#left);
        this.#left = 0;
        this.#isExtended = false;
      } else if (this.#left > 0) {
        const piece = rest.subarray(0, this.#left);
        this.#hash.update(piece);
        this.#left -= piece.length;
        rest = rest.subarray(piece.length);
      } else {
        if (rest.length < block) break;
        this.#header(Buffer.from(rest.subarray(0, block)));
        rest = rest.subarray(block);
      }
    }
    this.#held = Buffer.from(rest);
  }

  digest(): string {
    return this.#hash.update(this.#held).digest('hex');
  }

  #header(header: Buffer): void {
    const size = sizeOf(header);
    this.#left = Math.ceil(size / block) * block;
    // An extended header says something of its entry only by its records, so its own name and size are not hashed.
    this.#isExtended = header[typeAt] === extendedType && size <= longestExtension;
    if (this.#isExtended) return;
    header.fill(0, ...times);
    header.fill(0, ...checkSum);
    if (header.toString('latin1', 257, 265) === 'ustar  \0') header.fill(0, ...gnuTimes);
    this.#hash.update(header);
  }
}

const block = 512;
const typeAt = 156;
const extendedType = 'x'.charCodeAt(0);
/** A longer extended header is hashed unchanged: no engine writes one, and it must not be kept in memory. */
const longestExtension = 1024 * 1024;
const times = [136, 148] as const;
const checkSum = [148, 156] as const;
const gnuTimes = [345, 369] as const;

/** Octal digits, or for larger sizes a binary number whose first bit is set. */
function sizeOf(header: Buffer): number {
  const field = header.subarray(124, 136);
  if (((field[0] ?? 0) & 0x80) !== 0) return Number(field.readBigUInt64BE(4));
  return Number.parseInt(field.toString('latin1').replaceAll('\0', ' ').trim() || '0', 8) || 0;
}

/** The records of an extended header, each `<length> <key>=<value>\n`, except times. */
function withoutTimes(records: Buffer): Buffer {
  const kept: Buffer[] = [];
  let at = 0;
  while (at < records.length) {
    const length = Number.parseInt(records.toString('latin1', at, at + 20), 10);
    if (!(length > 0)) break;
    const record = records.subarray(at, at + length);
    if (!/^\d+ [acm]time=/.test(record.toString('latin1', 0, 30))) kept.push(record);
    at += length;
  }
  // The rest is either zeros up to the end of the block, which are dropped, or not a record: then it is hashed unchanged.
  const end = records.subarray(at);
  return Buffer.concat(end.every((byte) => byte === 0) ? kept : [...kept, end]);
}
