import { Logger } from '@aws-lambda-powertools/logger';
import type { Context } from 'aws-lambda';
import { observedImage } from '../core/cascade/dependents.ts';
import { mapConcurrently } from '../core/concurrency.ts';
import { InvalidInputError, UpstreamError } from '../core/model/errors.ts';
import { ownParent } from '../core/model/project.ts';
import type { Trigger } from '../core/model/trigger.ts';
import { once } from '../core/once.ts';
import { type PackagesLook, type PackagesMemory, planPackageRebuilds } from '../core/packages/plan-rebuilds.ts';
import { type AvailablePackages, updatesOf } from '../core/packages/updates.ts';
import { openTriggers, type Triggers } from '../services/aws/triggers.ts';
import { variable } from '../services/environment.ts';
import { openPublicFetch } from '../services/http/public-fetch.ts';
import { createPackageRepositories, type PackageRepositories } from '../services/packages/package-repositories.ts';
import { openPackageLists, type PackageLists } from '../services/records/package-lists.ts';
import { openRepositoryCache } from '../services/records/package-repository-cache.ts';
import { type CheckedProject, openPackageChecks, type PackageChecks } from '../services/tables/package-checks.ts';

const imagesAtOnce = 16;
/** What one image may take: its repositories are what its own files say. */
const imagePatience = 120_000;
/** What one image's repositories may have together: many times what a distribution has for one architecture. */
const mostAvailable = 500_000;
const writesAtOnce = 32;

interface Services {
  checks: PackageChecks;
  lists: Pick<PackageLists, 'of'>;
  /** New for each run: it asks for every file once. */
  openRepositories: () => PackageRepositories;
  triggers: Pick<Triggers, 'sendBatch'>;
  repositoryPrefix: string;
  logger: Logger;
}

export interface PackagesReport {
  /** With a release. */
  images: number;
  checked: number;
  /** With packages that have updates. */
  outdated: number;
  rebuilds: number;
  /** Nothing could be said of these: they have no list, or none that can be read. */
  unknown: number;
  unreachable: number;
  /** That were not reached in the time that there was: the next run begins with them. */
  left: number;
}

/**
 * Asks for every released image whether its distribution has updates for packages that it holds, from the list that was kept with its
 * build and the metadata of the repositories that the image itself is configured with. No image is pulled.
 */
export function createWatchPackages({ checks, lists, openRepositories, triggers, repositoryPrefix, logger }: Services) {
  /** @param deadline when no further image is looked at */
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
    const troubles = new Set<string>();

    /** Undefined where a repository could not be read: the others count all the same. */
    async function available(wanted: Parameters<PackageRepositories['available']>[0]) {
      try {
        return await repositories.available(wanted);
      } catch (error) {
        if (!(error instanceof UpstreamError)) throw error;
        const { repository, architecture } = wanted;
        const key = JSON.stringify(wanted);
        if (!troubles.has(key)) {
          troubles.add(key);
          logger.warn('A package repository cannot be read', { repository, architecture, error });
        }
        return undefined;
      }
    }

    async function look(project: CheckedProject): Promise<PackagesLook | undefined> {
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
      const late = AbortSignal.timeout(imagePatience);
      // One after another: images of one kind wait for the same files anyhow.
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

    const looks: PackagesLook[] = [];
    const unknown: CheckedProject[] = [];
    await mapConcurrently(projects, imagesAtOnce, async (project) => {
      if (Date.now() >= deadline.getTime()) {
        report.left += 1;
        return;
      }
      const found = await look(project);
      if (found) looks.push(found);
      else unknown.push(project);
    });

    const plan = planPackageRebuilds(looks, {
      parentsOf: (name) => parentsOf(byName.get(name), repositoryPrefix),
      buildOf: (name) => byName.get(name)?.released.build,
    });
    const now = new Date().toISOString();
    const news = plan.rebuilds.map(({ project, hash, updates, total }): Trigger => {
      // The hash tells two projects apart whose long names begin alike.
      const id = `packages:${project.slice(0, 200)}:${hash}`;
      return { type: 'packages-changed', id, receivedAt: now, project, updates, total };
    });
    // Sent before it is noted: what is sent twice is planned once.
    await triggers.sendBatch(news);
    for (const project of unknown) plan.memories.set(project.name, memoryOf(project));
    await mapConcurrently([...plan.memories], writesAtOnce, ([name, memory]) => checks.note(name, now, memory));

    report.checked = looks.length;
    report.outdated = looks.filter(({ updates }) => updates.length > 0).length;
    report.rebuilds = news.length;
    report.unknown = unknown.length;
    report.unreachable = troubles.size;
    logger.info('The packages of the released images were looked at', { ...report });
    return report;
  };
}

/** The work's result, or undefined once it takes too long; it goes on for whoever else waits for it. */
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

/** What a run leaves for images that it is at, at most their patience, for the triggers and for the notes. */
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
