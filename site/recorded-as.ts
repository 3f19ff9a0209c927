import type { Build } from '../core/model/build.ts';
import { architectureOf, type Platform, partOf } from '../core/model/platform.ts';
import { RequestError } from './request-error.ts';

/**
 * The id under which the log, the steps and the SBOM of a build are recorded: a build for several platforms has one of each for every one.
 * Where none is named, it is the platform that failed, else the first.
 */
export function recordedAs(build: Build, architecture?: string): string {
  const platform = platformOf(build, architecture);
  if (platform !== undefined) return partOf(build.id, platform);
  if (architecture === undefined) return build.id;
  throw new RequestError(
    404,
    'NotFound',
    `Build ${build.id} is not one for linux/${architecture}. Its page names its platforms.`,
  );
}

function platformOf({ platforms = [], failure }: Build, architecture: string | undefined): Platform | undefined {
  if (architecture !== undefined) return platforms.find((platform) => architectureOf(platform) === architecture);
  return platforms.find((platform) => failure?.message.startsWith(`${platform}: `)) ?? platforms[0];
}
