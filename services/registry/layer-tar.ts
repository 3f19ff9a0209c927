import { createHash, type Hash } from 'node:crypto';

/**
 * Reads a layer, a tar, piece by piece and hashes all of it but the times of its files: whatever else differs, an extended attribute or
 * the order of entries, gives another hash.
 *
 * The form is POSIX's (https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13), as Go's archive/tar writes it for
 * every engine; GNU's headers have further times in them (https://www.gnu.org/software/tar/manual/html_node/Standard.html).
 */
export class LayerContent {
  readonly #hash: Hash = createHash('sha256');
  #held: Buffer = Buffer.alloc(0);
  /** What is left of the entry that is being read, with the filling of its last block. */
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
    // Its own name and size say nothing of the entry that it belongs to, but for the records in it.
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
/** A longer one counts as it is: nobody writes such, and it is not to be held in memory. */
const longestExtension = 1024 * 1024;
const times = [136, 148] as const;
const checkSum = [148, 156] as const;
const gnuTimes = [345, 369] as const;

/** Octal digits, or for what these cannot say a binary number with its first bit set. */
function sizeOf(header: Buffer): number {
  const field = header.subarray(124, 136);
  if (((field[0] ?? 0) & 0x80) !== 0) return Number(field.readBigUInt64BE(4));
  return Number.parseInt(field.toString('latin1').replaceAll('\0', ' ').trim() || '0', 8) || 0;
}

/** The records of an extended header, each `<length> <key>=<value>\n`, but for those that are times. */
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
  // What follows is zeros to the end of the block, or no record: then it counts as it is.
  const end = records.subarray(at);
  return Buffer.concat(end.every((byte) => byte === 0) ? kept : [...kept, end]);
}
