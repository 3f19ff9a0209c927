import { realpath } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { mountedSources, unsafeMount } from '../../core/bases/run-options.ts';
import { DockerfileInvalidError } from '../errors.ts';

/** The first versions with all of the corrections that `unsafeMount` names. Podman has Buildah's code in it. */
const corrected = { buildah: [1, 39], podman: [5, 4] } as const;

/** Whether a version resolves mounts of `RUN` safely. A distribution's own corrections do not show in it. */
export function resolvesMountsSafely(program: 'buildah' | 'podman', version: string): boolean {
  return isAtLeast(version, corrected[program]);
}

export function isAtLeast(version: string, [leastMajor, leastMinor]: readonly [number, number]): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}

/**
 * Refuses the mounts that an older version may resolve to a folder of this machine.
 * @throws DockerfileInvalidError
 */
export async function refuseUnsafeMounts(
  runOptions: readonly string[],
  { context, engine }: { context: string; engine: string },
): Promise<void> {
  const unsafe = unsafeMount(runOptions);
  if (unsafe !== undefined) {
    throw new DockerfileInvalidError(
      `RUN ${unsafe} is not built by ${engine}, which may mount a folder of this machine for it. Copy what the step needs with COPY or COPY --from, or build with Docker, Buildah 1.39 or Podman 5.4.`,
    );
  }
  const folder = await realpath(context);
  for (const source of mountedSources(runOptions)) {
    // Without a slash at its end: a real path does not have one.
    const path = resolve(join(folder, join('/', source)));
    const real = await realpath(path).catch((error: NodeJS.ErrnoException) => {
      // The engine says that it is missing.
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return path;
      throw error;
    });
    if (real === path) continue;
    throw new DockerfileInvalidError(
      `RUN --mount with the source ${JSON.stringify(source)} is not built by ${engine}: there is a link in its path. Name the file that it leads to.`,
    );
  }
}
