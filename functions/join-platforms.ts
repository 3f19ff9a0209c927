import * as z from 'zod';
import { executionErrorSchema } from '../core/builds/failure.ts';
import { joinedResult, type PlatformRun } from '../core/builds/joined-result.ts';
import { isTerminal } from '../core/model/build.ts';
import type { BuildResult } from '../core/model/builder-contract.ts';
import { PlatformFailedError, RecordConflictError } from '../core/model/errors.ts';
import { type Platform, partOf, partTag, platformSchema } from '../core/model/platform.ts';
import { repositoriesOf } from '../core/model/project.ts';
import { parseProjectName } from '../core/model/project-name.ts';
import { once } from '../core/once.ts';
import { imageIndexOf, type ListedImage } from '../core/platforms/image-index.ts';
import { mergedReports } from '../core/scanners/merged-reports.ts';
import { variable } from '../services/environment.ts';
import { ifReadable, openRecords, type Records } from '../services/records/records.ts';
import { openTakenRecords, type TakenRecords } from '../services/records/taken-records.ts';
import { type ImageIndexes, openImageIndexes } from '../services/registry/image-indexes.ts';
import { type Builds, openBuilds } from '../services/tables/builds.ts';
import { readResult } from './builds/fail-build.ts';
import { stepInputSchema } from './builds/step-input.ts';

const inputSchema = stepInputSchema.extend({
  /** How the machine of each platform ended. */
  machines: z.array(z.object({ platform: platformSchema, error: executionErrorSchema.optional() })).min(1),
});

interface Services {
  builds: Pick<Builds, 'require'>;
  records: Pick<Records, 'result' | 'putResult' | 'scanners' | 'putScanners'>;
  taken: TakenRecords;
  indexes: Pick<ImageIndexes, 'describe' | 'put'>;
  repositoryPrefix: string;
}

/**
 * Makes one candidate of what a build made for each platform: an image index, and one result, as if one machine had made them. From here
 * on it is a candidate like any other.
 */
export function createJoinPlatforms({ builds, records, taken, indexes, repositoryPrefix }: Services) {
  /** The images in the registry, or why the build has failed although every machine has made one. */
  async function imagesOf(
    repository: string,
    id: string,
    runs: readonly PlatformRun[],
  ): Promise<ListedImage[] | string> {
    const images: ListedImage[] = [];
    for (const { platform, result } of runs) {
      const image = await indexes.describe(repository, partTag(id, platform));
      if (image === undefined || result?.outcome !== 'built' || image.digest !== result.digest)
        return `${platform}: the builder reports another image than the one in the registry. Have the build started again; if this happens again, tell whoever runs this pipeline.`;
      if (image.platform !== platform)
        return `${platform}: the image is one for ${image.platform}. A FROM with --platform, or its base image, is for that machine alone: change it, and push again.`;
      images.push({ ...image, platform });
    }
    return images;
  }

  async function fail(id: string, result: BuildResult & { outcome: 'failed' }): Promise<never> {
    await records.putResult(id, result);
    throw new PlatformFailedError(result.message);
  }

  async function joinScanners(id: string, platforms: readonly Platform[]): Promise<void> {
    const reports = await Promise.all(
      platforms.map(async (platform) => {
        const found = await ifReadable(records.scanners(partOf(id, platform)));
        return found ? [{ platform, reports: found }] : [];
      }),
    );
    // If one platform has no report, none is written, and the verdict says so.
    if (reports.every((each) => each.length > 0)) await records.putScanners(id, mergedReports(reports.flat()));
  }

  return async function joinPlatforms(input: unknown): Promise<void> {
    const { build: id, machines } = inputSchema.parse(input);
    const build = await builds.require(id);
    if (isTerminal(build.status)) return;
    const { platforms = [] } = build;
    const repository = repositoriesOf(parseProjectName(build.project), repositoryPrefix).candidate;
    if (machines.map(({ platform }) => platform).join() !== platforms.join())
      throw new RecordConflictError(`Build ${id} is for other platforms than its machines.`);
    const runs = await Promise.all(
      machines.map(async (machine) => ({
        ...machine,
        result: await readResult(records, partOf(id, machine.platform)),
      })),
    );
    const result = joinedResult(runs);
    if (result.outcome === 'failed') return fail(id, result);
    const images = await imagesOf(repository, id, runs);
    if (typeof images === 'string') {
      const { authored, bases } = result;
      return fail(id, { outcome: 'failed', error: 'PlatformMismatchError', message: images, authored, bases });
    }
    await joinScanners(id, platforms);
    const [first] = platforms;
    // Updates are watched for one platform: those of the others appear with them.
    if (first) await taken.copy(partOf(id, first), id, ['packages']);
    const digest = await indexes.put(repository, id, imageIndexOf(images));
    await records.putResult(id, { ...result, digest });
  };
}

const run = once(() =>
  createJoinPlatforms({
    builds: openBuilds(),
    records: openRecords(),
    taken: openTakenRecords(),
    indexes: openImageIndexes(),
    repositoryPrefix: variable('REPOSITORY_PREFIX'),
  }),
);

export function handler(input: unknown): Promise<void> {
  return run()(input);
}
