import { readFile } from 'node:fs/promises';
import { GetObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import {
  type BuilderSteps,
  type BuildRequest,
  type BuildResult,
  builderStepsSchema,
  buildRequestSchema,
  buildResultSchema,
  recordKeys,
  type SbomFormat,
  sbomFormats,
} from '../core/model/builder-contract.ts';
import { type PackageList, packageListSchema } from '../core/model/package-list.ts';
import { type Platform, partOf } from '../core/model/platform.ts';
import { type ScannerReports, scannerReportsSchema } from '../core/scanners/report.ts';

/** A build's objects in the records bucket. */
export class Records {
  readonly #client: S3Client;
  readonly #bucket: string;
  readonly #build: string;
  readonly #id: string;

  /** @param platform the one of several that this builder builds for: what it makes is recorded apart from what the others make */
  constructor(client: S3Client, bucket: string, build: string, platform?: Platform) {
    this.#client = client;
    this.#bucket = bucket;
    this.#build = build;
    this.#id = platform === undefined ? build : partOf(build, platform);
  }

  async request(): Promise<BuildRequest> {
    const answer = await this.#client.send(
      new GetObjectCommand({ Bucket: this.#bucket, Key: recordKeys.request(this.#build) }),
    );
    return buildRequestSchema.parse(JSON.parse((await answer.Body?.transformToString()) ?? ''));
  }

  async storeResult(result: BuildResult): Promise<void> {
    await this.#put(recordKeys.result(this.#id), JSON.stringify(buildResultSchema.parse(result)), 'application/json');
  }

  async storePackages(packages: PackageList): Promise<void> {
    await this.#put(
      recordKeys.packages(this.#id),
      JSON.stringify(packageListSchema.parse(packages)),
      'application/json',
    );
  }

  async storeScanners(reports: ScannerReports): Promise<void> {
    await this.#put(
      recordKeys.scanners(this.#id),
      JSON.stringify(scannerReportsSchema.parse(reports)),
      'application/json',
    );
  }

  async storeSbom(format: SbomFormat, file: string): Promise<void> {
    const key = recordKeys[format](this.#id);
    const name = `build-${this.#id.replace('/', '-')}.${key.slice(key.indexOf('.') + 1)}`;
    await this.#client.send(
      new PutObjectCommand({
        Bucket: this.#bucket,
        Key: key,
        Body: await readFile(file),
        // S3 hands it out as it is.
        ContentType: sbomFormats[format],
        ContentDisposition: `attachment; filename="${name}"`,
      }),
    );
  }

  async storeLogPart(part: number, text: string, firstLine: number): Promise<void> {
    await this.#put(recordKeys.logPart(this.#id, part, firstLine), text, 'text/plain; charset=utf-8');
  }

  async storeSteps(steps: BuilderSteps['steps']): Promise<void> {
    await this.#put(
      recordKeys.steps(this.#id),
      JSON.stringify(builderStepsSchema.parse({ steps })),
      'application/json',
    );
  }

  async #put(key: string, body: string, type: string): Promise<void> {
    await this.#client.send(new PutObjectCommand({ Bucket: this.#bucket, Key: key, Body: body, ContentType: type }));
  }
}
