import type { BuildResult } from '../model/builder-contract.ts';
import { sumCacheUse } from '../model/cache-use.ts';
import type { Platform } from '../model/platform.ts';
import { baseMovedError, type ExecutionError, failureOf, isPassing } from './failure.ts';

type Built = BuildResult & { outcome: 'built' };
type Failed = BuildResult & { outcome: 'failed' };
type Bases = Built['bases'];

/** What became of a build on the machine of one platform. */
export interface PlatformRun {
  platform: Platform;
  /** Perhaps of an earlier attempt, where the machine ended with an error. */
  result: BuildResult | undefined;
  /** Why its machine ended, where that is not as it should be. */
  error?: ExecutionError | undefined;
}

/** The result of a build for several platforms: one that fails fails all, and the message says which. */
export function joinedResult(runs: readonly PlatformRun[]): Failed | Omit<Built, 'digest'> {
  const failures = runs.flatMap(({ platform, result, error }) =>
    error || result?.outcome !== 'built' ? [{ platform, ...failureOf(result, error ?? {}) }] : [],
  );
  const results = runs.flatMap(({ result }) => result ?? []);
  const authored = results.find((result) => result.authored)?.authored;
  const bases = distinct(results.flatMap((result) => result.bases ?? []));
  const built = results.filter((result) => result.outcome === 'built');
  const [first] = built;
  if (failures.length > 0 || !first) {
    const missingBases = distinct(
      results.flatMap((result) => (result.outcome === 'failed' && result.missingBases) || []),
    );
    return { outcome: 'failed', ...failureOfAll(failures, runs.length), authored, bases, missingBases };
  }
  const moved = movedBase(bases);
  if (moved !== undefined) {
    const message = `${moved} got another image while the platforms were built, so that their images have different bases. Nothing is wrong with the project: have the build started again.`;
    return { outcome: 'failed', error: baseMovedError, message, authored, bases };
  }
  const engine = [...new Set(built.map((result) => result.engine))].join(', ');
  return { ...first, authored, bases, engine, cacheUse: sumCacheUse(built.map((result) => result.cacheUse)) };
}

interface Failure {
  platform: Platform;
  error: string;
  message: string;
}

/** What waiting cannot help counts before what passes. */
function failureOfAll(failures: readonly Failure[], count: number): Pick<Failed, 'error' | 'message'> {
  const lasting = failures.filter(({ error }) => !isPassing(error));
  const counted = lasting.length > 0 ? lasting : failures;
  const [first = { error: 'BuilderError', message: 'The builder left no image.' }] = counted;
  const isSame = counted.every(({ message }) => message === first.message);
  if (isSame && counted.length === count) return { error: first.error, message: first.message };
  return { error: first.error, message: counted.map(({ platform, message }) => `${platform}: ${message}`).join('\n') };
}

/** A tag was moved between the two machines' looks at it. */
function movedBase(bases: Bases): string | undefined {
  const byReference = Map.groupBy(bases, ({ reference }) => reference);
  return [...byReference].find(([, same]) => same.length > 1)?.[0];
}

function distinct<Item>(items: readonly Item[]): Item[] {
  return [...new Map(items.map((item) => [JSON.stringify(item), item])).values()];
}
