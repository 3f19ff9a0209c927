import { isDeepStrictEqual } from 'node:util';
import { Logger } from '@aws-lambda-powertools/logger';
import type { Context } from 'aws-lambda';
import type { HostOutcome } from '../core/concurrency.ts';
import { UpstreamError } from '../core/model/errors.ts';
import { once } from '../core/once.ts';
import { failureAfter, hostBackoff, hostOutcomeOf, sourceBackoff } from '../core/sources/source-failure.ts';
import { watchHostOf } from '../core/sources/source-secret.ts';
import { fromNext, type WatchedSource, watchedSources } from '../core/sources/watched-sources.ts';
import { openTriggers } from '../services/aws/triggers.ts';
import { siteUrl } from '../services/environment.ts';
import { openSourceHost } from '../services/git-host/git-remote.ts';
import { indexAddress, indexUrl } from '../services/git-host/index-address.ts';
import { openIndexAuthorization } from '../services/git-host/index-authorization.ts';
import { openProjectSources } from '../services/git-host/project-sources.ts';
import { mapPerHost } from '../services/http/per-host-limit.ts';
import { openMailer } from '../services/mail/mailer.ts';
import { openHeads } from '../services/tables/heads.ts';
import { openIndexHead } from '../services/tables/index-head.ts';
import { openProjects, type Projects } from '../services/tables/projects.ts';
import { openSources, type Source, type Sources } from '../services/tables/sources.ts';
import { openRecipients } from './mail/recipients.ts';
import { type CheckSourceServices, createCheckSource } from './sources/check-source.ts';
import { createNotifyUnreadable, type NotifyUnreadable } from './sources/notify-unreadable.ts';

const atOnce = 64;
const atOncePerHost = 8;
const failuresUntilDown = 3;
/** This long before its end a run begins no further source. */
const endingMilliseconds = 20_000;

interface Services extends CheckSourceServices {
  projects: Pick<Projects, 'all'>;
  sources: Pick<Sources, 'all' | 'put' | 'remove' | 'breakOff'>;
  notifyUnreadable: NotifyUnreadable;
}

export interface Report {
  sources: number;
  checked: number;
  triggers: number;
  /** Sources that were queried and could not be read. */
  failed: number;
  hostsDown: string[];
  /** Sources that this run had no time for; the next run begins with them. */
  left: number;
}

/**
 * Queries the branches and version tags of every repository of the index, so that a lost delivery is made up for and a repository without
 * a webhook is followed too. Each repository takes one request, however many projects use it.
 */
export function createWatchSources(services: Services) {
  const { sources, index, logger } = services;
  const checkSource = createCheckSource(services);

  async function keep(before: Source | undefined, after: Source | undefined, name: string): Promise<void> {
    if (isDeepStrictEqual(before, after)) return;
    await (after ? sources.put(after) : sources.remove(name));
  }

  async function keepFailing(each: WatchedSource, before: Source | undefined, error: Error): Promise<void> {
    const after = failing(each.name, before, error);
    try {
      await services.notifyUnreadable(each, before, after);
    } catch (cause) {
      // The next run finds the source as it was, and tries again.
      logger.error('The people of a source could not be notified', { source: each.name, error: cause as Error });
      return;
    }
    await keep(before, after, each.name);
  }

  /** @param deadline when the run must be over */
  return async function watchSources(deadline: Date): Promise<Report> {
    const now = new Date();
    const [projects, { sources: known, next }] = await Promise.all([services.projects.all(), sources.all()]);
    const watched = watchedSources(projects, index);
    const names = new Set(watched.flatMap((each) => [each.name, watchHostOf(each)]));
    for (const name of known.keys()) if (!names.has(name)) await sources.remove(name);
    const isResting = (name: string) => (known.get(name)?.retryAt ?? '') > now.toISOString();
    const due = fromNext(watched, next).filter((each) => !isResting(each.name) && !isResting(watchHostOf(each)));

    const report: Report = { sources: watched.length, checked: 0, triggers: 0, failed: 0, hostsDown: [], left: 0 };
    const hostErrors = new Map<string, UpstreamError>();
    const stop = signalAt(deadline.getTime() - endingMilliseconds);
    const end = signalAt(deadline.getTime());

    async function check(each: WatchedSource): Promise<HostOutcome> {
      report.checked++;
      const before = known.get(each.name);
      try {
        const { triggers, source } = await checkSource(each, before, end);
        report.triggers += triggers;
        await keep(before, source, each.name);
        return 'answered';
      } catch (error) {
        // A request that ran out of time says nothing about the host.
        if (end.aborted) return 'answered';
        if (!(error instanceof UpstreamError)) throw error;
        report.failed++;
        const outcome = hostOutcomeOf(error);
        if (outcome !== 'answered') hostErrors.set(each.host, error);
        // A host that is down says nothing about its sources.
        if (outcome === 'answered') await keepFailing(each, before, error);
        else if (outcome === 'failed') await keep(before, failing(each.name, before, error), each.name);
        return outcome;
      }
    }
    const limits = {
      atOnce,
      atOncePerHost,
      failuresUntilDown: (host: string) => (known.has(watchHostOf({ source: host })) ? 1 : failuresUntilDown),
    };
    const { left, down } = await mapPerHost(due, ({ host }) => host, limits, check, stop);

    for (const host of new Set(due.map((each) => each.host))) {
      const name = watchHostOf({ source: host });
      const error = down.includes(host) ? hostErrors.get(host) : undefined;
      const before = known.get(name);
      await keep(before, error && failing(name, before, error, hostBackoff), name);
    }
    if (left[0]) await sources.breakOff(left[0].name);
    Object.assign(report, { hostsDown: down, left: left.length });
    logger.info('The sources were queried', { ...report });
    return report;
  };
}

function signalAt(time: number): AbortSignal {
  return time <= Date.now() ? AbortSignal.abort() : AbortSignal.timeout(time - Date.now());
}

function failing(source: string, before: Source | undefined, error: Error, backoff = sourceBackoff): Source {
  const failure = failureAfter(before?.failures ?? 0, error, { backoff, now: new Date(), random: Math.random() });
  return { ...before, source, ...failure };
}

/** The time that a run keeps for its last writes. */
const writingMilliseconds = 15_000;

const run = once(() => {
  const { url, source, ref } = indexAddress();
  const logger = new Logger({ serviceName: 'watch-sources' });
  const people = { mailer: openMailer(), recipients: openRecipients(logger) };
  return createWatchSources({
    projects: openProjects(),
    heads: openHeads(),
    indexHead: openIndexHead(),
    sources: openSources(),
    triggers: openTriggers(),
    refsOf: openSourceHost().refsOf,
    projectSources: openProjectSources(),
    index: { url: `${url}.git`, source, ref },
    indexAuthorization: openIndexAuthorization(),
    notifyUnreadable: createNotifyUnreadable({
      ...people,
      siteUrl: siteUrl(),
      indexUrl: indexUrl(),
      logger,
    }),
    logger,
  });
});

export function handler(_event: unknown, context: Context): Promise<Report> {
  return run()(new Date(Date.now() + context.getRemainingTimeInMillis() - writingMilliseconds));
}
