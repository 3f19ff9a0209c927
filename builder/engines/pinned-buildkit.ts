import { existsSync } from 'node:fs';
import { archivedName } from '../../core/builds/archived-image.ts';
import { EngineCallFailedError } from '../errors.ts';
import { run } from '../process.ts';

/** The BuildKit that builds where the daemon's own is of whatever version the machine came with. */
export interface PinnedBuildkit {
  /** Its image, by digest. */
  image: string;
  /** Where a copy of the image is, if a deployment put one beside the builder's program. */
  archive?: string | undefined;
}

/**
 * Starts BuildKit in a container of its own. Docker's older image store exports no cache, and cache must come from the registry where
 * builds begin on an empty machine. It is given no entitlements (`--allow`).
 * @returns the name of the builder
 * @throws EngineCallFailedError
 */
export async function startBuildkit(
  { image, archive }: PinnedBuildkit,
  { env, signal }: { env: Readonly<Record<string, string>>; signal: AbortSignal },
): Promise<string> {
  const name = `slipway-${image.slice(image.indexOf('@sha256:') + '@sha256:'.length).slice(0, 12)}`;
  const buildx = (...args: string[]) => run('docker', ['buildx', ...args], { env, signal });
  const runs = async () => /^Status:\s*running/m.test((await buildx('inspect', '--bootstrap', name)).stdout);
  if (await runs()) return name;
  const isLoaded =
    archive !== undefined &&
    existsSync(archive) &&
    (await run('docker', ['load', '--quiet', `--input=${archive}`], { env, signal })).code === 0;
  const source = isLoaded ? archivedName(image) : image;
  const { stderr } = await buildx(
    ...['create', '--bootstrap', '--driver=docker-container', `--driver-opt=image=${source}`, `--name=${name}`],
  );
  if (await runs()) return name;
  await buildx('rm', '--force', name);
  throw new EngineCallFailedError(
    `BuildKit cannot be started from ${image}: ${stderr.trim().split('\n').at(-1) || 'Docker gives no reason'}. ` +
      'Nothing is wrong with the project: have the build started again.',
  );
}
