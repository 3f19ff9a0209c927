import { GetObjectCommand, NoSuchKey, PutObjectCommand } from '@aws-sdk/client-s3';
import type * as z from 'zod';
import {
  type BuilderSteps,
  type BuildRequest,
  type BuildResult,
  builderStepsSchema,
  buildRequestSchema,
  buildResultSchema,
  recordKeys,
} from '../../core/model/builder-contract.ts';
import { InvalidInputError } from '../../core/model/errors.ts';
import { type Scan, scanSchema } from '../../core/model/findings.ts';
import { once } from '../../core/once.ts';
import { type Comparison, comparisonSchema } from '../../core/releases/image-diff.ts';
import type { ReleasedImage } from '../../core/releases/release.ts';
import { type ReleaseFindings, releaseFindingsSchema } from '../../core/releases/rescan-findings.ts';
import { type ScannerReports, scannerReportsSchema } from '../../core/scanners/report.ts';
import { openRecordsBucket, type RecordsBucket } from './bucket.ts';

type ReleaseKey = Pick<ReleasedImage, 'project' | 'digest'>;

/** In bytes: untrusted code runs beside the builder and may write these objects, and the functions that read them have little memory. */
const largestOfBuilder = 32 * 1024 * 1024;
const again = 'Have the build started again; if this happens again, tell whoever runs this pipeline.';

/** The records bucket, for what is too large for a state machine or a table. */
export function createRecords({ client, bucket }: RecordsBucket) {
  async function put(key: string, value: unknown): Promise<void> {
    await client.send(
      new PutObjectCommand({ Bucket: bucket, Key: key, Body: JSON.stringify(value), ContentType: 'application/json' }),
    );
  }

  async function get<Value>(key: string, schema: z.ZodType<Value>, mostBytes = Infinity): Promise<Value | undefined> {
    try {
      const { Body, ContentLength = 0 } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
      if (ContentLength > mostBytes)
        throw new InvalidInputError(`A record of this step is larger than one can be. ${again}`);
      return read((await Body?.transformToString()) ?? '', schema);
    } catch (error) {
      if (error instanceof NoSuchKey) return undefined;
      throw error;
    }
  }

  return {
    putRequest: (request: BuildRequest) => put(recordKeys.request(request.id), buildRequestSchema.parse(request)),
    request: (id: string): Promise<BuildRequest | undefined> => get(recordKeys.request(id), buildRequestSchema),
    putResult: (id: string, result: BuildResult) => put(recordKeys.result(id), buildResultSchema.parse(result)),
    /** @throws InvalidInputError if the object exists but is not a result: code that a build runs may have written it */
    result: (id: string): Promise<BuildResult | undefined> =>
      get(recordKeys.result(id), buildResultSchema, largestOfBuilder),
    /** @throws InvalidInputError if the object exists but is not a list of steps: code that a build runs may have written it */
    steps: (id: string): Promise<BuilderSteps | undefined> =>
      get(recordKeys.steps(id), builderStepsSchema, largestOfBuilder),
    putScan: (id: string, scan: Scan) => put(recordKeys.findings(id), scanSchema.parse(scan)),
    scan: (id: string): Promise<Scan | undefined> => get(recordKeys.findings(id), scanSchema),
    /** @throws InvalidInputError if the object exists but is not a report: code that a build runs may have written it */
    scanners: (id: string): Promise<ScannerReports | undefined> =>
      get(recordKeys.scanners(id), scannerReportsSchema, largestOfBuilder),
    putScanners: (id: string, reports: ScannerReports) =>
      put(recordKeys.scanners(id), scannerReportsSchema.parse(reports)),
    putComparison: (id: string, comparison: Comparison) =>
      put(recordKeys.comparison(id), comparisonSchema.parse(comparison)),
    comparison: (id: string): Promise<Comparison | undefined> => get(recordKeys.comparison(id), comparisonSchema),
    putReleaseFindings: ({ project, digest }: ReleaseKey, findings: ReleaseFindings) =>
      put(recordKeys.releaseFindings(project, digest), releaseFindingsSchema.parse(findings)),
    releaseFindings: ({ project, digest }: ReleaseKey): Promise<ReleaseFindings | undefined> =>
      get(recordKeys.releaseFindings(project, digest), releaseFindingsSchema),
  };
}

/** Undefined also if the record is invalid: code that a build runs may have written it. */
export async function ifReadable<Value>(reading: Promise<Value | undefined>): Promise<Value | undefined> {
  return reading.catch((error: unknown) => {
    if (error instanceof InvalidInputError) return undefined;
    throw error;
  });
}

function read<Value>(text: string, schema: z.ZodType<Value>): Value {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new InvalidInputError(`A record of this step cannot be read. ${again}`, { cause });
  }
}

export type Records = ReturnType<typeof createRecords>;

export const openRecords = once(() => createRecords(openRecordsBucket()));
