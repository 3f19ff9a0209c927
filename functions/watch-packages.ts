import { Logger } from '@aws-lambda-powertools/logger';
import type { Context } from 'aws-lambda';
import { observedImage } from '../core/cascade/dependents.ts';
import { mapConcurrently } from '../core/concurrency.ts';
import { InvalidInputError, UpstreamError } from '../core/model/errors.ts';
import { ownParent } from '../core/model/project-name.ts';
import type { Trigger } from '../core/model/trigger.ts';
import { once } from '../core/once.ts';
import { type PackagesCheck, type PackagesMemory, planPackageRebuilds } from '../core/packages/plan-rebuilds.ts';
import { type AvailablePackages, updatesOf } from '../core/packages/updates.ts';
import { openTriggers, type Triggers } from '../services/aws/triggers.ts';
import { variable } from '../services/environment.ts';
import { openPublicFetch } from '../services/http/public-fetch.ts';
import { createPackageRepositories, type PackageRepositories } from '../services/packages/package-repositories.ts';
import { openPackageLists, type PackageLists } from '../services/records/package-lists.ts';
import { openRepositoryCache } from '../services/records/package-repository-cache.ts';
import { type CheckedProject, openPackageChecks, type PackageChecks } from '../services/tables/package-checks.ts';

const imagesAtOnce = 16;
/** The time for one image. It needs a limit because the image's own files name its repositories. */
const imageTimeoutMilliseconds = 120_000;
/** How many packages one image's repositories may list together: many times what a distribution has for one architecture. */
const mostAvailable = 500_000;
const writesAtOnce = 32;

interface Services {
  checks: PackageChecks;
  lists: Pick<PackageLists, 'of'>;
  /** Opened for each run, in which it requests every file once. */
  openRepositories: () => PackageRepositories;
  triggers: Pick<Triggers, 'sendBatch'>;
  repositoryPrefix: string;
  logger: Logger;
}

export interface PackagesReport {
  /** Released images. */
  images: number;
  checked: number;
  /** With packages that have updates. */
  outdated: number;
  rebuilds: number;
  /** Without a package list, or with one that cannot be read. */
  unknown: number;
  unreachable: number;
  /** Images that this run had no time for; the next run begins with them. */
  left: number;
}

/**
 * Checks for every released image whether its distribution has updates for its packages. It compares the package list that was stored with
 * the build to the metadata of the repositories that the image is configured with. No image is pulled.
 */
export function createWatchPackages({ checks, lists, openRepositories, triggers, repositoryPrefix, logger }: Services) {
  /** @param deadline no image is begun after this */
  return async function watchPackages(deadline: Date): Promise<PackagesReport> {
    const projects = (await checks.released()).sort(leastRecentFirst);
    const byName = new Map(projects.map((project) => [project.name, project]));
    const report = {
      images: projects.length,
      checked: 0,
      outdated: 0,
      rebuilds: 0,
      unknown: 0,
      unreachable: 0,
      left: 0,
    };
    const repositories = openRepositories();
    const unreachable = new Set<string>();

    /** Undefined if a repository could not be read; the image's other repositories still count. */
    async function available(wanted: Parameters<PackageRepositories['available']>[0]) {
      try {
        return await repositories.available(wanted);
      } catch (error) {
        if (!(error instanceof UpstreamError)) throw error;
        const { repository, architecture } = wanted;
        const key = JSON.stringify(wanted);
        if (!unreachable.has(key)) {
          unreachable.add(key);
          logger.warn('A package repository cannot be read', { repository, architecture, error });
        }
        return undefined;
      }
    }

    async function check(project: CheckedProject): Promise<PackagesCheck | undefined> {
      const { name, released } = project;
      const known = { project: name, build: released.build, memory: memoryOf(project) };
      const list = await lists.of(released.build).catch((error: unknown) => {
        if (!(error instanceof InvalidInputError)) throw error;
        logger.warn('A package list cannot be read', { project: name, build: released.build, error });
        return undefined;
      });
      const contents = list?.contents;
      if (contents?.state === 'none') return { ...known, updates: [], isComplete: true };
      if (contents?.state !== 'read') return undefined;
      const { architecture } = contents;
      const files: AvailablePackages[] = [];
      let isComplete = true;
      let packages = 0;
      const late = AbortSignal.timeout(imageTimeoutMilliseconds);
      // In sequence: images of one distribution wait for the same files anyway.
      for (const repository of contents.repositories) {
        const isEnough = late.aborted || packages > mostAvailable;
        const found = isEnough ? undefined : await until(late, available({ repository, architecture }));
        if (!found) {
          isComplete = false;
          continue;
        }
        files.push(...found);
        packages += found.reduce((sum, { versions }) => sum + versions.size, 0);
      }
      return { ...known, updates: updatesOf(contents, files), isComplete };
    }

    const checked: PackagesCheck[] = [];
    const unknown: CheckedProject[] = [];
    await mapConcurrently(projects, imagesAtOnce, async (project) => {
      if (Date.now() >= deadline.getTime()) {
        report.left += 1;
        return;
      }
      const found = await check(project);
      if (found) checked.push(found);
      else unknown.push(project);
    });

    const plan = planPackageRebuilds(checked, {
      parentsOf: (name) => parentsOf(byName.get(name), repositoryPrefix),
      buildOf: (name) => byName.get(name)?.released.build,
    });
    const now = new Date().toISOString();
    const rebuilds = plan.rebuilds.map(({ project, hash, updates, total }): Trigger => {
      // The hash distinguishes two projects whose long names begin alike.
      const id = `packages:${project.slice(0, 200)}:${hash}`;
      return { type: 'packages-changed', id, project, updates, total };
    });
    // Sent before it is recorded: a trigger that is sent twice is planned once.
    await triggers.sendBatch(rebuilds);
    for (const project of unknown) plan.memories.set(project.name, memoryOf(project));
    await mapConcurrently([...plan.memories], writesAtOnce, ([name, memory]) => checks.record(name, now, memory));

    report.checked = checked.length;
    report.outdated = checked.filter(({ updates }) => updates.length > 0).length;
    report.rebuilds = rebuilds.length;
    report.unknown = unknown.length;
    report.unreachable = unreachable.size;
    logger.info('The packages of the released images were checked', { ...report });
    return report;
  };
}

/** The work's result, or undefined if it takes too long; the work goes on for other images that wait for it. */
function until<Value>(late: AbortSignal, work: Promise<Value>): Promise<Value | undefined> {
  return Promise.race([
    work,
    new Promise<undefined>((resolve) => late.addEventListener('abort', () => resolve(undefined), { once: true })),
  ]);
}

function leastRecentFirst(one: CheckedProject, other: CheckedProject): number {
  return (
    (one.packagesCheckedAt ?? '').localeCompare(other.packagesCheckedAt ?? '') || one.name.localeCompare(other.name)
  );
}

function memoryOf({ packagesTried, packagesWaiting }: CheckedProject): PackagesMemory {
  return { tried: packagesTried, waiting: packagesWaiting };
}

function parentsOf(project: CheckedProject | undefined, repositoryPrefix: string): string[] {
  if (!project) return [];
  const observed = project.bases.filter(({ own }) => own).map((base) => observedImage(base, repositoryPrefix));
  return [...project.dependsOn.map(ownParent), ...observed].filter((parent) => parent !== undefined);
}

/** The time that a run keeps for images that it has begun (at most their timeout), for the triggers and for the records. */
const endingMilliseconds = 4 * 60_000;

const run = once(() =>
  createWatchPackages({
    checks: openPackageChecks(),
    lists: openPackageLists(),
    openRepositories: () => createPackageRepositories(openPublicFetch(), openRepositoryCache()),
    triggers: openTriggers(),
    repositoryPrefix: variable('REPOSITORY_PREFIX'),
    logger: new Logger({ serviceName: 'watch-packages' }),
  }),
);

export function handler(_event: unknown, context: Context): Promise<PackagesReport> {
  return run()(new Date(Date.now() + context.getRemainingTimeInMillis() - endingMilliseconds));
}
