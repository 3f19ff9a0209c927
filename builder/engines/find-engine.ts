import { EngineNotFoundError } from '../errors.ts';
import { findBuildah } from './buildah.ts';
import type { Engine } from './engine.ts';

/**
 * The engine that is there: Docker with BuildKit before Podman before Buildah.
 * @throws EngineNotFoundError
 */
export async function findEngine(surroundings: {
  env: Readonly<Record<string, string>>;
  signal: AbortSignal;
}): Promise<Engine> {
  const engine = (await findBuildah('podman', surroundings)) ?? (await findBuildah('buildah', surroundings));
  if (engine) return engine;
  throw new EngineNotFoundError(
    'There is no container engine on this machine. Install Docker with buildx, Podman or Buildah (Debian, Ubuntu: apt-get install buildah).',
  );
}
