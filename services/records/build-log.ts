import { GetObjectCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { firstLineOf, recordKeys } from '../../core/model/builder-contract.ts';
import { once } from '../../core/once.ts';
import { openRecordsBucket, type RecordsBucket } from './bucket.ts';

/** A part of a log. `total` is the log's length when it was read: a running build adds to it. */
export interface LogSlice {
  bytes: Uint8Array;
  from: number;
  total: number;
}

/** A part of a log that begins with a whole line. */
export interface LogLines extends LogSlice {
  /** The number of its first line, from 1. */
  firstLine: number;
}

/** A long build has thousands of small parts; reading them in sequence would take longer than API Gateway waits (30 s). */
const readsAtOnce = 24;

interface Part {
  key: string;
  start: number;
  size: number;
  firstLine: number;
}

/**
 * Reads the logs that the builder writes to the records bucket in parts. Only the parts that a slice overlaps are fetched.
 */
export function createBuildLog({ client, bucket }: RecordsBucket) {
  /** The bytes from `start` to `end` of a log with these parts. */
  async function bytesOf(parts: readonly Part[], start: number, end: number): Promise<Uint8Array> {
    const touched = parts.filter((part) => part.start < end && part.start + part.size > start);
    const bytes: Uint8Array[] = [];
    for (let at = 0; at < touched.length; at += readsAtOnce) {
      bytes.push(...(await Promise.all(touched.slice(at, at + readsAtOnce).map((part) => read(part, start, end)))));
    }
    return Buffer.concat(bytes);
  }

  return {
    /** At most `limit` bytes from `from` on (negative: counted from the end). Empty if no log has been written. */
    async slice(build: string, from: number, limit: number): Promise<LogSlice> {
      const parts = await partsOf(recordKeys.logPrefix(build));
      const total = lengthOf(parts);
      const start = Math.min(total, from < 0 ? Math.max(0, total + from) : from);
      return { bytes: await bytesOf(parts, start, Math.min(total, start + limit)), from: start, total };
    },

    /**
     * At most `limit` bytes, beginning with the part that has a line; undefined for an empty log.
     * @param from the line, or how many bytes before the end the part has to begin
     */
    async lines(
      build: string,
      from: { line: number } | { beforeEnd: number },
      limit: number,
    ): Promise<LogLines | undefined> {
      const parts = await partsOf(recordKeys.logPrefix(build));
      const total = lengthOf(parts);
      const first =
        'line' in from
          ? (parts.findLast(({ firstLine }) => firstLine <= from.line) ?? parts[0])
          : (parts.findLast(({ start }) => start <= total - from.beforeEnd) ?? parts[0]);
      if (!first) return undefined;
      const { start, firstLine } = first;
      return { bytes: await bytesOf(parts, start, Math.min(total, start + limit)), from: start, firstLine, total };
    },
  };

  async function partsOf(prefix: string): Promise<Part[]> {
    const parts: Part[] = [];
    let start = 0;
    let token: string | undefined;
    do {
      // S3 lists keys in the order of their bytes; the parts' numbers are padded, so this is the order of the log.
      const page = await client.send(
        new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken: token }),
      );
      for (const { Key: key, Size: size = 0 } of page.Contents ?? []) {
        if (!key) continue;
        // A part whose name does not say its line was not written by the builder: its lines count as those of the part before it.
        parts.push({ key, start, size, firstLine: firstLineOf(key) ?? parts.at(-1)?.firstLine ?? 1 });
        start += size;
      }
      token = page.NextContinuationToken;
    } while (token);
    return parts;
  }

  async function read({ key, start, size }: Part, from: number, to: number): Promise<Uint8Array> {
    const first = Math.max(0, from - start);
    const last = Math.min(size, to - start) - 1;
    const range = first === 0 && last === size - 1 ? undefined : `bytes=${first}-${last}`;
    const object = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key, Range: range }));
    if (!object.Body) throw new Error(`S3 answered without the body of ${key}.`);
    return object.Body.transformToByteArray();
  }
}

function lengthOf(parts: readonly Part[]): number {
  const last = parts.at(-1);
  return last ? last.start + last.size : 0;
}

export type BuildLog = ReturnType<typeof createBuildLog>;

export const openBuildLog = once(() => createBuildLog(openRecordsBucket()));
