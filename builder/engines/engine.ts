import type { DockerfileSummary } from '../../core/dockerfile.ts';
import type { Registry } from '../../services/image-digests.ts';
import type { BuildLog } from '../log.ts';

/** A program that builds images from Dockerfiles. */
export interface Engine {
  /** With its version: `buildah 1.28.2`. */
  readonly name: string;
  /** Whether it fetches the image that `# syntax=` names. */
  readonly readsSyntax: boolean;
  /**
   * Builds, and pushes the image to the candidate repository under the build's tag.
   * @returns the image's digest in the registry
   * @throws DockerfileFailedError, PushFailedError
   */
  build(job: BuildJob): Promise<string>;
}

export interface Pin {
  written: string;
  reference: string;
  image: string;
}

export interface BuildJob {
  /** A folder for the engine's own files, which is gone after the build. */
  workspace: string;
  /** Real paths. */
  context: string;
  dockerfile: string;
  summary: DockerfileSummary;
  /** The images that the Dockerfile names: as it writes them, with variables put in, and `host/repository@sha256:…`. */
  pins: readonly Pin[];
  /** The frontend that `# syntax=` names, pinned; for engines that read it. */
  frontend?: string;
  labels: Readonly<Record<string, string>>;
  createdAt: Date;
  candidate: { registry: Registry; repository: string; tag: string };
  /** The environment of the engine's processes. */
  env: Readonly<Record<string, string>>;
  log: BuildLog;
  signal: AbortSignal;
}

/** `host/repository:tag` of the candidate. */
export function candidateName({ registry, repository, tag }: BuildJob['candidate']): string {
  return `${registry.host}/${repository}:${tag}`;
}

/** The file in which Docker, Podman, Buildah and BuildKit look for a registry's credentials. */
export function authFile({ host, credentials }: Registry): string {
  const auth = credentials && Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64');
  return JSON.stringify({ auths: auth === undefined ? {} : { [host]: { auth } } });
}

/** The options that put pinned images in the place of names. */
export function namedContexts(pins: Iterable<readonly [name: string, image: string]>): string[] {
  return [...new Map(pins)].map(([name, image]) => `--build-context=${name}=docker-image://${image}`);
}
