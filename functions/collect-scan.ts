import { ECRClient } from '@aws-sdk/client-ecr';
import { S3Client } from '@aws-sdk/client-s3';
import { type Build, isTerminal } from '../core/build.ts';
import { RecordConflictError } from '../core/errors.ts';
import { parseProjectName, repositoriesOf } from '../core/project.ts';
import { type Bases, createBases } from '../services/bases.ts';
import { type Builds, createBuilds } from '../services/builds.ts';
import { createDocumentClient } from '../services/dynamodb.ts';
import { variable } from '../services/environment.ts';
import { createImageScans, type ImageScans } from '../services/image-scans.ts';
import { createRecords, type Records } from '../services/records.ts';
import { stepInputSchema } from './step-input.ts';

type Candidate = NonNullable<Build['candidate']>;

interface Services {
  builds: Builds;
  bases: Bases;
  records: Records;
  scans: ImageScans;
  repositoryPrefix: string;
}

/** Takes over what the builder made, and waits for ECR's findings about it: `ScanPendingError` calls for another try. */
export function createCollectScan({ builds, bases, records, scans, repositoryPrefix }: Services) {
  return async function collectScan(input: unknown): Promise<void> {
    const build = await builds.require(stepInputSchema.parse(input).build);
    if (isTerminal(build.status)) return;
    // The image that is scanned is the one in the record, which alone is released: what builds are run by can still write results.
    // The beginning of the scan is written last: a try that died before it is done again whole.
    const candidate = (build.stages.scan && build.candidate) || (await takeOver(build));
    await records.putScan(build.id, await scans.scanOf(candidate));
    await builds.endStage(build.id, 'scan', 'succeeded');
  };

  async function takeOver(build: Build): Promise<Candidate> {
    const result = await records.result(build.id);
    if (result?.outcome !== 'built') throw new RecordConflictError(`The builder of ${build.id} left no image.`);
    const { candidate: repository } = repositoriesOf(parseProjectName(build.project), repositoryPrefix);
    const candidate = { repository, digest: result.digest };
    await Promise.all(result.bases.map((base) => bases.observe(base, build.project)));
    await builds.endStage(build.id, 'build', 'succeeded', { candidate });
    await builds.begin(build.id, 'scan', 'scanning');
    return candidate;
  }
}

let run: ReturnType<typeof createCollectScan> | undefined;

export function handler(input: unknown): Promise<void> {
  const client = createDocumentClient();
  run ??= createCollectScan({
    builds: createBuilds(client, variable('BUILDS_TABLE')),
    bases: createBases(client, variable('BASES_TABLE')),
    records: createRecords(new S3Client({}), variable('RECORDS_BUCKET')),
    scans: createImageScans(new ECRClient({})),
    repositoryPrefix: variable('REPOSITORY_PREFIX'),
  });
  return run(input);
}
