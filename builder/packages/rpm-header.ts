const entryLength = 16;
/** Of a package with more files than any has. */
const mostValues = 500_000;

/**
 * An RPM header: the number of entries, the length of the data, the entries (tag, type, offset, count), the data. It may be cut off, or
 * forged: an entry that is not in it is treated as missing.
 * https://rpm-software-management.github.io/rpm/manual/format_header.html
 */
export class RpmHeader {
  readonly #entries = new Map<number, { type: number; offset: number; count: number }>();
  readonly #data: Buffer;

  constructor(header: Buffer) {
    const start = header.length < 8 ? Number.POSITIVE_INFINITY : 8 + header.readUInt32BE(0) * entryLength;
    this.#data = header.subarray(Math.min(start, header.length));
    if (start > header.length) return;
    for (let at = 8; at < start; at += entryLength) {
      const [tag, type] = [header.readUInt32BE(at), header.readUInt32BE(at + 4)];
      this.#entries.set(tag, { type, offset: header.readUInt32BE(at + 8), count: header.readUInt32BE(at + 12) });
    }
  }

  /** A text, or a number as it is written; empty where there is none. */
  text(tag: number): string {
    return this.texts(tag)[0] ?? String(this.numbers(tag)[0] ?? '');
  }

  /** Texts of a `STRING`, a `STRING_ARRAY` or an `I18NSTRING`. */
  texts(tag: number): string[] {
    const { type, offset, count } = this.#entries.get(tag) ?? { type: 0, offset: 0, count: 0 };
    const texts: string[] = [];
    if (type !== 6 && type !== 8 && type !== 9) return texts;
    for (let at = offset; at < this.#data.length && texts.length < Math.min(count, mostValues); ) {
      const end = this.#data.indexOf(0, at);
      texts.push(this.#data.toString('utf8', at, end === -1 ? this.#data.length : end));
      at = end === -1 ? this.#data.length : end + 1;
    }
    return texts;
  }

  /** Numbers of a `CHAR`, an `INT8`, an `INT16` or an `INT32`. */
  numbers(tag: number): number[] {
    const { type, offset, count } = this.#entries.get(tag) ?? { type: 0, offset: 0, count: 0 };
    const bytes = type === 4 ? 4 : type === 3 ? 2 : type === 1 || type === 2 ? 1 : 0;
    const numbers: number[] = [];
    if (bytes === 0) return numbers;
    for (let at = offset; at + bytes <= this.#data.length && numbers.length < Math.min(count, mostValues); at += bytes)
      numbers.push(this.#data.readUIntBE(at, bytes));
    return numbers;
  }
}
