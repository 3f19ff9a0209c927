import { EngineNotFoundError } from '../errors.ts';
import { findBuildah } from './buildah.ts';
import { findDocker } from './docker.ts';
import type { Engine } from './engine.ts';
import type { PinnedBuildkit } from './pinned-buildkit.ts';

/**
 * The engine that is there: Docker with BuildKit before Podman before Buildah.
 * @throws EngineNotFoundError
 */
export async function findEngine(surroundings: {
  env: Readonly<Record<string, string>>;
  signal: AbortSignal;
  cacheOwner: string;
  /** What builds in place of the BuildKit of Docker's daemon. */
  buildkit: PinnedBuildkit | undefined;
  /** Whether what works here is tried again, although it is known. */
  isRetried?: boolean;
}): Promise<Engine> {
  const engine =
    (await findDocker(surroundings)) ??
    (await findBuildah('podman', surroundings)) ??
    (await findBuildah('buildah', surroundings));
  if (engine) return engine;
  throw new EngineNotFoundError(
    'There is no container engine on this machine that can build. Install Docker 23 or newer with buildx, Podman, or Buildah (Debian and Ubuntu: apt-get install buildah).',
  );
}
