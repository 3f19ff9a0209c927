import type { DockerfileSummary } from '../core/bases/dockerfile.ts';
import type { Base, BuildResult } from '../core/model/builder-contract.ts';
import type { Platform } from '../core/model/platform.ts';
import { unfitBases } from './base-platforms.ts';
import { type BaseSearch, openImages, type ResolvedBase, resolveBases } from './bases.ts';
import type { Engine } from './engines/engine.ts';
import { BaseLimitedError } from './errors.ts';

/** How long a build waits for the digest of an image that it does not need, in milliseconds. */
const frontendTimeout = 5_000;

/** What the Dockerfile depends on, as the result of a build that failed says it. */
export type NamedImages = Required<Pick<BuildResult & { outcome: 'failed' }, 'bases' | 'missingBases'>>;

export interface PinnedBases {
  bases: ResolvedBase[];
  /** The image that reads the Dockerfile, by digest, where the engine lets the Dockerfile choose it. */
  frontend: string | undefined;
}

/**
 * Finds the digest of every image that the Dockerfile depends on.
 * @param onBases is called also where one is missing
 * @throws BaseNotFoundError, BaseLimitedError, BaseUnavailableError, DockerfileInvalidError
 */
export async function pinBases(
  summary: DockerfileSummary,
  {
    engine,
    platform,
    search,
    onBases,
  }: { engine: Engine; platform: Platform | undefined; search: BaseSearch; onBases: (named: NamedImages) => void },
): Promise<PinnedBases> {
  const wanted = new Set(summary.bases.map((use) => use.reference));
  const outside = { ...search, prefersOwn: false };
  const [named, read, unread] = await Promise.all([
    resolveBases(wanted, search),
    resolveBases(frontendOf(engine, summary), outside),
    resolveBases(unreadFrontendOf(engine, summary), { ...outside, signal: briefly(search.signal) }),
    openImages(engine.parts, outside),
  ]);
  const unfit = platform === undefined ? [] : await unfitBases(named.bases, platform, search);
  const failures = [...named.failures, ...read.failures, ...unfit];
  // The Dockerfile may depend on one image in several ways.
  const frontends = [...read.bases, ...unread.bases].filter(({ reference }) => !wanted.has(reference));
  const bases = [...named.bases, ...frontends];
  onBases({ bases: bases.map(withoutPin), missingBases: [...named.missing, ...read.missing] });
  // What waiting cannot help is reported at once.
  if (failures.length > 0) throw failures.find((each) => !(each instanceof BaseLimitedError)) ?? failures[0];
  return { bases, frontend: read.bases[0]?.pinned };
}

function frontendOf(engine: Engine, summary: DockerfileSummary): string[] {
  return engine.readsSyntax && summary.syntax !== undefined ? [summary.syntax] : [];
}

/** A frontend that the engine does not read: the build ignores it, but the Dockerfile depends on it where another engine builds it. */
function unreadFrontendOf(engine: Engine, summary: DockerfileSummary): string[] {
  return engine.readsSyntax || summary.syntax === undefined ? [] : [summary.syntax];
}

function briefly(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(frontendTimeout)]);
}

export function withoutPin({ pinned: _, ...base }: ResolvedBase): Base {
  return base;
}
