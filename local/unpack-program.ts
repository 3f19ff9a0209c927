import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** The program is not packed by UPX as it is understood here, or this machine cannot unpack it. */
export class NotUnpackedError extends Error {
  override readonly name = 'NotUnpackedError';
}

/** A piece of the program, and its position in the packed file. */
interface Block {
  start: number;
  packedSize: number;
  size: number;
}

/** A part of the program that is loaded into memory, and its position in the file. */
interface Segment {
  offset: number;
  size: number;
}

/** https://github.com/upx/upx/blob/devel/src/stub/src/include/linux.h: behind `l_info` and `p_info` stand blocks, each after a `b_info`. */
const magic = Buffer.from('UPX!');
const fromMagicToBlocks = 20;
const blockHeader = 12;
/** Of the methods the one that is read here, without a filter that would have to be undone. */
const lzma = 14;

/**
 * Writes the program that a file packed by UPX unpacks at each start, which can take it seconds. For Linux with 64 bits; needs `xz`.
 * @throws NotUnpackedError
 */
export async function unpackProgram(packed: string, target: string): Promise<void> {
  await using source = await open(packed);
  const found = (await bytes(source, 0, 4096)).indexOf(magic);
  if (found < 0) throw new NotUnpackedError('It is not packed by UPX.');
  const headers = await blockAt(source, found + fromMagicToBlocks);
  await using made = await open(target, 'wx+', 0o755);
  await unpackBlock(packed, headers, target, 0);
  let end = endOf(headers);
  for (const { offset, size } of segmentsOf(await bytes(made, 0, headers.size), headers.size)) {
    const block = await blockAt(source, end);
    if (block.size !== size) throw new NotUnpackedError(`The blocks of ${packed} are not the segments of a program.`);
    await unpackBlock(packed, block, target, offset);
    end = endOf(block);
  }
  // The table of sections, which is for linkers, was left out when the program was packed: `e_shoff`, `e_shnum` and `e_shstrndx`.
  await made.write(Buffer.alloc(8), 0, 8, 40);
  await made.write(Buffer.alloc(4), 0, 4, 60);
}

async function blockAt(source: FileHandle, at: number): Promise<Block> {
  const header = await bytes(source, at, blockHeader);
  if (header.length < blockHeader || header[8] !== lzma || header[9] !== 0)
    throw new NotUnpackedError('It is packed by a method that is not known here.');
  return { start: at + blockHeader, packedSize: header.readUInt32LE(4), size: header.readUInt32LE(0) };
}

function endOf({ start, packedSize }: Block): number {
  return start + packedSize;
}

/** https://man7.org/linux/man-pages/man5/elf.5.html. The first segment begins with the headers, which are a block of their own. */
function segmentsOf(headers: Buffer, headersSize: number): Segment[] {
  const tableAt = Number(headers.readBigUInt64LE(32));
  const [entrySize, count] = [headers.readUInt16LE(54), headers.readUInt16LE(56)];
  const isLoaded = (entry: Buffer) => entry.readUInt32LE(0) === 1;
  return Array.from({ length: count }, (_, at) => headers.subarray(tableAt + at * entrySize))
    .filter(isLoaded)
    .map((entry) => ({ offset: Number(entry.readBigUInt64LE(8)), size: Number(entry.readBigUInt64LE(32)) }))
    .map(({ offset, size }) => (offset === 0 ? { offset: headersSize, size: size - headersSize } : { offset, size }));
}

/** UPX writes LZMA's settings into two bytes of its own; `xz` wants the 13 of a `.lzma` file. */
async function unpackBlock(packed: string, block: Block, target: string, offset: number): Promise<void> {
  await using source = await open(packed);
  const [first = 0, second = 0] = await bytes(source, block.start, 2);
  const header = Buffer.alloc(13);
  header[0] = ((first & 7) * 5 + (second >> 4)) * 9 + (second & 15);
  header.writeUInt32LE(2 ** Math.max(12, Math.ceil(Math.log2(block.size))), 1);
  header.writeBigUInt64LE(BigInt(block.size), 5);
  const data = createReadStream(packed, { start: block.start + 2, end: block.start + block.packedSize - 1 });
  const input = async function* () {
    yield header;
    yield* data;
  };
  const xz = spawn('xz', ['--format=lzma', '--decompress', '--stdout'], { stdio: ['pipe', 'pipe', 'ignore'] });
  const [[code]] = await Promise.all([
    once(xz, 'close'),
    pipeline(Readable.from(input()), xz.stdin),
    pipeline(xz.stdout, createWriteStream(target, { flags: 'r+', start: offset })),
  ]);
  if (code !== 0) throw new NotUnpackedError(`xz ended with ${code}.`);
}

async function bytes(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}
