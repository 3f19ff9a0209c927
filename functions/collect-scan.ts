import { type Build, isTerminal, makerOf } from '../core/model/build.ts';
import { CandidateMismatchError, RecordConflictError, ScanPendingError } from '../core/model/errors.ts';
import { type Platform, type PlatformImage, partOf } from '../core/model/platform.ts';
import { repositoriesOf } from '../core/model/project.ts';
import { parseProjectName } from '../core/model/project-name.ts';
import { once } from '../core/once.ts';
import { variable } from '../services/environment.ts';
import { openRecords, type Records } from '../services/records/records.ts';
import { openTakenRecords, type TakenRecords } from '../services/records/taken-records.ts';
import { type ImageIndexes, openImageIndexes } from '../services/registry/image-indexes.ts';
import { openPlatformScans, type PlatformScans } from '../services/registry/platform-scans.ts';
import { type Builds, openBuilds } from '../services/tables/builds.ts';
import { openRecordBases, type RecordBases } from './bases/record-bases.ts';
import { stepInputSchema } from './builds/step-input.ts';

type Candidate = NonNullable<Build['candidate']>;

interface Services {
  builds: Pick<Builds, 'require' | 'begin' | 'endStage'>;
  recordBases: RecordBases;
  records: Pick<Records, 'result' | 'putScan'>;
  taken: TakenRecords;
  indexes: Pick<ImageIndexes, 'imagesOf'>;
  scans: Pick<PlatformScans, 'scanOf' | 'tagged'>;
  repositoryPrefix: string;
}

/** Takes over the image that the builder made, and collects ECR's findings. The machine retries on `ScanPendingError`. */
export function createCollectScan({ builds, recordBases, records, taken, indexes, scans, repositoryPrefix }: Services) {
  return async function collectScan(input: unknown): Promise<void> {
    const build = await builds.require(stepInputSchema.parse(input).build);
    if (isTerminal(build.status)) return;
    // Once the scan has begun, only the image in the build's record counts: the builder can still overwrite its result.
    // The begin of the scan is written last, so that a try that crashed before it is repeated as a whole.
    const candidate = (build.stages.scan && build.candidate) || (await takeOver(build));
    try {
      await records.putScan(build.id, await scans.scanOf(candidate));
    } catch (error) {
      // If the wait times out, the verdict can say what it waited for.
      if (error instanceof ScanPendingError)
        await records.putScan(build.id, { state: 'timed-out', reason: error.message, findings: [] });
      throw error;
    }
    await builds.endStage(build.id, 'scan', 'succeeded');
  };

  async function takeOver(build: Build): Promise<Candidate> {
    const maker = makerOf(build);
    const result = await records.result(maker);
    if (result?.outcome !== 'built') throw new RecordConflictError(`The builder of ${maker} left no image.`);
    const { candidate: repository } = repositoriesOf(parseProjectName(build.project), repositoryPrefix);
    // The registry says which image the build pushed. The result was written where untrusted code runs, and by one of the machines that
    // push to the repository; if the two differ, another build was there.
    const pushed = await scans.tagged(repository, maker);
    if (pushed?.digest !== result.digest)
      throw new CandidateMismatchError(
        `The builder reports the image ${result.digest}, but ${repository}:${maker} is ${pushed?.digest ?? 'not in the registry'}. Have the build started again; if this happens again, tell whoever runs this pipeline.`,
      );
    const { platforms } = maker === build.id ? build : await builds.require(maker);
    const candidate = {
      repository,
      ...pushed,
      platforms: platforms && (await imagesOf(repository, pushed.digest, platforms)),
    };
    if (maker !== build.id) {
      await taken.copy(maker, build.id);
      for (const platform of platforms ?? []) await taken.copy(partOf(maker, platform), partOf(build.id, platform));
    }
    await recordBases(build, result);
    await builds.endStage(build.id, 'build', 'succeeded', {
      candidate,
      authored: result.authored,
      cacheUse: result.cacheUse,
    });
    await builds.begin(build.id, 'scan', 'scanning');
    return candidate;
  }

  /** The index itself says which images are scanned and released: its digest is of nothing else. */
  async function imagesOf(
    repository: string,
    digest: string,
    platforms: readonly Platform[],
  ): Promise<PlatformImage[]> {
    const images = await indexes.imagesOf(repository, digest, platforms);
    if (images) return images;
    throw new CandidateMismatchError(
      `${repository}@${digest} is not an index of one image for each of ${platforms.join(', ')}. Have the build started again; if this happens again, tell whoever runs this pipeline.`,
    );
  }
}

const run = once(() =>
  createCollectScan({
    builds: openBuilds(),
    recordBases: openRecordBases(),
    records: openRecords(),
    taken: openTakenRecords(),
    indexes: openImageIndexes(),
    scans: openPlatformScans(),
    repositoryPrefix: variable('REPOSITORY_PREFIX'),
  }),
);

export function handler(input: unknown): Promise<void> {
  return run()(input);
}
