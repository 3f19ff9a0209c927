import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

/** A checksum that grows with the content; its end is Base64, as S3's headers carry it. */
export interface Checksum {
  update(chunk: Uint8Array): void;
  digest(): string;
}

/** The algorithms of S3's `x-amz-checksum-*` headers. https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html */
const algorithms = {
  crc32: () => crc(4, (value, chunk) => BigInt(crc32(chunk, Number(value)))),
  crc32c: () => crc(4, (value, chunk) => BigInt(tableCrc(crc32cTable, Number(value), chunk))),
  crc64nvme: () => crc(8, crc64),
  sha1: () => hash('sha1'),
  sha256: () => hash('sha256'),
} satisfies Record<string, () => Checksum>;

export type ChecksumAlgorithm = keyof typeof algorithms;
export const checksumAlgorithms = Object.keys(algorithms) as ChecksumAlgorithm[];

export function createChecksum(algorithm: ChecksumAlgorithm): Checksum {
  return algorithms[algorithm]();
}

function hash(name: 'sha1' | 'sha256'): Checksum {
  const state = createHash(name);
  return { update: (chunk) => void state.update(chunk), digest: () => state.digest('base64') };
}

function crc(bytes: 4 | 8, step: (value: bigint, chunk: Uint8Array) => bigint): Checksum {
  let value = 0n;
  return {
    update(chunk) {
      value = step(value, chunk);
    },
    digest: () => Buffer.from(value.toString(16).padStart(bytes * 2, '0'), 'hex').toString('base64'),
  };
}

/** Castagnoli's polynomial, reflected. */
const crc32cTable = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value >>> 0;
});

function tableCrc(table: Uint32Array, start: number, chunk: Uint8Array): number {
  let value = ~start >>> 0;
  for (const byte of chunk) value = ((table[(value ^ byte) & 0xff] ?? 0) ^ (value >>> 8)) >>> 0;
  return ~value >>> 0;
}

/** The polynomial of the NVM Express specification, reflected; two halves of 32 bits, because BigInt is slow for every byte. */
const crc64Table = Array.from({ length: 256 }, (_, index) => {
  let value = BigInt(index);
  for (let bit = 0; bit < 8; bit += 1) value = value & 1n ? (value >> 1n) ^ 0x9a6c9329ac4bc9b5n : value >> 1n;
  return value;
});
const crc64High = Uint32Array.from(crc64Table, (value) => Number(value >> 32n));
const crc64Low = Uint32Array.from(crc64Table, (value) => Number(value & 0xffffffffn));

function crc64(start: bigint, chunk: Uint8Array): bigint {
  let high = ~Number(start >> 32n) >>> 0;
  let low = ~Number(start & 0xffffffffn) >>> 0;
  for (const byte of chunk) {
    const index = (low ^ byte) & 0xff;
    low = (((low >>> 8) | (high << 24)) ^ (crc64Low[index] ?? 0)) >>> 0;
    high = ((high >>> 8) ^ (crc64High[index] ?? 0)) >>> 0;
  }
  return (BigInt(~high >>> 0) << 32n) | BigInt(~low >>> 0);
}
