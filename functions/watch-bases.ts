import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@aws-lambda-powertools/logger';
import type { Context } from 'aws-lambda';
import { type BaseChange, basesTriggerId, type WatchedImage } from '../core/bases/base-watch.ts';
import { inBatches, mapConcurrently } from '../core/concurrency.ts';
import { once } from '../core/once.ts';
import { openTriggers, type Triggers } from '../services/aws/triggers.ts';
import { listVariable, variable } from '../services/environment.ts';
import { createPublicFetch } from '../services/http/public-fetch.ts';
import { ecrClient } from '../services/registry/ecr-client.ts';
import { openPullCredentials } from '../services/registry/pull-credentials.ts';
import { ownRegistry, type Registry } from '../services/registry/registry-client.ts';
import { type Announcement, type BaseWatchLock, openBaseWatchLock } from '../services/tables/base-watch-lock.ts';
import { type Bases, openBases } from '../services/tables/bases.ts';
import { openDependents } from '../services/tables/dependents.ts';
import { openProjects } from '../services/tables/projects.ts';
import { type CheckRegistries, createCheckRegistries } from './bases/check-registries.ts';
import { createWatchedImages, type WatchedImages } from './bases/watched-images.ts';

interface Services {
  bases: Pick<Bases, 'all' | 'drop' | 'notified'>;
  openLock: (holder: string) => BaseWatchLock;
  /** Opened for each run, because its credentials are valid for hours only. */
  ownRegistry: () => Promise<Registry>;
  watchedImages: WatchedImages;
  checkRegistries: CheckRegistries;
  triggers: Pick<Triggers, 'send'>;
  logger: Logger;
}

/** The time that a run keeps to announce what it found. */
const announcingMilliseconds = 45_000;
/** So many changes fit well into one SQS message. */
const mostChanges = 300;
const writesAtOnce = 16;

/**
 * Checks whether the base images of projects are still those that they were built on, and sends the planner one trigger with all that
 * have changed.
 */
export function createWatchBases(services: Services) {
  const { bases, watchedImages, checkRegistries, triggers, logger } = services;

  /**
   * The caller has recorded the announcement with its id. The bases are updated last: a run that crashes before leaves the announcement, and
   * the next run sends the same trigger again.
   */
  async function send(lock: BaseWatchLock, { trigger, before }: Announcement): Promise<void> {
    await triggers.send(trigger);
    const known = new Map(before.map((item) => [item.image, item]));
    await mapConcurrently(trigger.bases, writesAtOnce, (base) =>
      bases.notified(base, known.get(base.image), new Date()),
    );
    await lock.announced();
    logger.info('Bases have changed', { trigger: trigger.id, bases: trigger.bases });
  }

  async function announce(
    lock: BaseWatchLock,
    changes: readonly BaseChange[],
    known: ReadonlyMap<string, WatchedImage>,
  ): Promise<void> {
    for (const part of inBatches(changes, mostChanges)) {
      const announcement: Announcement = {
        trigger: { type: 'bases-changed', id: basesTriggerId(part, new Date().toISOString()), bases: part },
        before: part.flatMap(({ image }) => known.get(image) ?? []),
      };
      await lock.announce(announcement);
      await send(lock, announcement);
    }
  }

  async function checkBases(lock: BaseWatchLock, own: Registry, deadline: Date): Promise<void> {
    const leftOver = await lock.announcement();
    if (leftOver) await send(lock, leftOver);
    // The bases are read before the edges, because a build writes the edge before the base: so no base seems to be without dependents.
    const startedAt = new Date().toISOString();
    const { images: known, pauses } = await bases.all();
    const names = await watchedImages(own.host);
    const dropped = [...known.keys()].filter((image) => !names.has(image));
    await mapConcurrently(dropped, writesAtOnce, (image) => bases.drop(image, startedAt));
    const images = [...names].map(([image, watched]) => ({
      item: known.get(image) ?? { image, used: [], failures: 0, repeats: 0 },
      ...watched,
    }));
    const time = deadline.getTime() - Date.now();
    const stop = time > 0 ? AbortSignal.timeout(time) : AbortSignal.abort();
    const { changes, left } = await checkRegistries(images, pauses, own, stop);
    await announce(lock, changes, known);
    const report = { images: images.length, dropped: dropped.length, changed: changes.length, left };
    logger.info('The bases were checked', report);
  }

  /** @param holder names this run as the holder of the lock */
  return async function watchBases(deadline: Date, holder: string): Promise<void> {
    const own = await services.ownRegistry();
    const lock = services.openLock(holder);
    // A run that starts during another one waits for it: its caller wants a check that begins now.
    while (!(await lock.begin(new Date(), deadline))) {
      if (Date.now() + announcingMilliseconds > deadline.getTime()) {
        logger.warn('Another run is checking the bases');
        return;
      }
      await delay(500);
    }
    try {
      await checkBases(lock, own, new Date(deadline.getTime() - announcingMilliseconds));
    } finally {
      await lock.end();
    }
  };
}

const run = once(() => {
  const logger = new Logger({ serviceName: 'watch-bases' });
  const bases = openBases();
  return createWatchBases({
    bases,
    openLock: openBaseWatchLock,
    ownRegistry: () => ownRegistry(ecrClient()),
    watchedImages: createWatchedImages({
      dependents: openDependents(),
      projects: openProjects(),
      repositoryPrefix: variable('REPOSITORY_PREFIX'),
    }),
    checkRegistries: createCheckRegistries({
      bases,
      pullCredentials: openPullCredentials(),
      // Our own registry may have a private address: that of an endpoint in a VPC.
      fetchBeside: (ownHost) => createPublicFetch({ privateHosts: [...listVariable('PRIVATE_HOSTS'), ownHost] }),
      logger,
    }),
    triggers: openTriggers(),
    logger,
  });
});

export function handler(_event: unknown, context: Context): Promise<void> {
  return run()(new Date(Date.now() + context.getRemainingTimeInMillis()), context.awsRequestId);
}
