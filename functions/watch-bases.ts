import { setTimeout as delay } from 'node:timers/promises';
import { Logger } from '@aws-lambda-powertools/logger';
import type { Context } from 'aws-lambda';
import { type BaseChange, basesTriggerId, type WatchedImage } from '../core/bases/base-watch.ts';
import { inBatches, mapConcurrently } from '../core/concurrency.ts';
import { once } from '../core/once.ts';
import { openTriggers, type Triggers } from '../services/aws/triggers.ts';
import { listVariable, variable } from '../services/environment.ts';
import { createPublicFetch } from '../services/http/public-fetch.ts';
import { ownRegistry, type Registry } from '../services/registry/digest-lookup.ts';
import { ecrClient } from '../services/registry/ecr-client.ts';
import { type Announcement, type BaseWatchLock, openBaseRound } from '../services/tables/base-watch-lock.ts';
import { type Bases, openBases } from '../services/tables/bases.ts';
import { openDependents } from '../services/tables/dependents.ts';
import { openProjects } from '../services/tables/projects.ts';
import { type CheckRegistries, createCheckRegistries } from './bases/check-registries.ts';
import { createWatchedImages, type WatchedImages } from './bases/watched-images.ts';

interface Services {
  bases: Pick<Bases, 'all' | 'drop' | 'told'>;
  openRound: (holder: string) => BaseWatchLock;
  /** Its credentials hold for hours and not for ever: each run has its own. */
  ownRegistry: () => Promise<Registry>;
  watchedImages: WatchedImages;
  checkRegistries: CheckRegistries;
  triggers: Pick<Triggers, 'send'>;
  logger: Logger;
}

/** What is kept of the time for telling what was found, in milliseconds. */
const timeToTell = 45_000;
/** So many changes fit well into a message of SQS. */
const mostChanges = 300;
const writesAtOnce = 16;

/**
 * Looks whether the images that projects stand on are still those that they were built on, and tells the planner of all that changed in
 * one trigger.
 */
export function createWatchBases(services: Services) {
  const { bases, watchedImages, checkRegistries, triggers, logger } = services;

  /** The bases learn of it last: until then the news would be found again, and before it is noted with its id nobody hears it. */
  async function tell(round: BaseWatchLock, { news, before }: Announcement): Promise<void> {
    await triggers.send(news);
    const known = new Map(before.map((item) => [item.image, item]));
    await mapConcurrently(news.bases, writesAtOnce, (base) => bases.told(base, known.get(base.image), new Date()));
    await round.announced();
    logger.info('Bases have changed', { trigger: news.id, bases: news.bases });
  }

  async function announce(
    round: BaseWatchLock,
    changes: readonly BaseChange[],
    known: ReadonlyMap<string, WatchedImage>,
  ): Promise<void> {
    for (const part of inBatches(changes, mostChanges)) {
      const receivedAt = new Date().toISOString();
      const announcement: Announcement = {
        news: { type: 'bases-changed', id: basesTriggerId(part, receivedAt), receivedAt, bases: part },
        before: part.flatMap(({ image }) => known.get(image) ?? []),
      };
      await round.announce(announcement);
      await tell(round, announcement);
    }
  }

  async function look(round: BaseWatchLock, own: Registry, deadline: Date): Promise<void> {
    const leftOver = await round.announcement();
    if (leftOver) await tell(round, leftOver);
    // In this order: what a build writes of a base comes after its edge, so that no item is taken for one that nobody stands on.
    const startedAt = new Date().toISOString();
    const { images: known, pauses } = await bases.all();
    const names = await watchedImages(own.host);
    const dropped = [...known.keys()].filter((image) => !names.has(image));
    await mapConcurrently(dropped, writesAtOnce, (image) => bases.drop(image, startedAt));
    const images = [...names].map(([image, { isPinned }]) => ({
      item: known.get(image) ?? { image, used: [], failures: 0, repeats: 0 },
      isPinned,
    }));
    const time = deadline.getTime() - Date.now();
    const stop = time > 0 ? AbortSignal.timeout(time) : AbortSignal.abort();
    const { changes, left } = await checkRegistries(images, pauses, own, stop);
    await announce(round, changes, known);
    const report = { images: images.length, dropped: dropped.length, changed: changes.length, left };
    logger.info('Bases are looked at', report);
  }

  /** @param holder who has the round, another for each run */
  return async function watchBases(deadline: Date, holder: string): Promise<void> {
    const own = await services.ownRegistry();
    const round = services.openRound(holder);
    // Somebody who asks for a look while one is under way wants one that begins now.
    while (!(await round.begin(new Date(), deadline))) {
      if (Date.now() + timeToTell > deadline.getTime()) {
        logger.warn('Another look at the bases is under way');
        return;
      }
      await delay(500);
    }
    try {
      await look(round, own, new Date(deadline.getTime() - timeToTell));
    } finally {
      await round.end();
    }
  };
}

const run = once(() => {
  const logger = new Logger({ serviceName: 'watch-bases' });
  const bases = openBases();
  return createWatchBases({
    bases,
    openRound: openBaseRound,
    ownRegistry: () => ownRegistry(ecrClient()),
    watchedImages: createWatchedImages({
      dependents: openDependents(),
      projects: openProjects(),
      repositoryPrefix: variable('REPOSITORY_PREFIX'),
    }),
    checkRegistries: createCheckRegistries({
      bases,
      // Our own registry may have a private address: an endpoint in a VPC.
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
