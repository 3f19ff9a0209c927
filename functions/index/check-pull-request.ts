import type { Logger } from '@aws-lambda-powertools/logger';
import { imagesOf } from '../../core/cascade/dependents.ts';
import { indexChange, mergedFiles } from '../../core/index/change.ts';
import {
  type IndexReportInput,
  indexReport,
  indexReportMark,
  indexStatus,
} from '../../core/index/pull-request-report.ts';
import { InvalidInputError, UpstreamError } from '../../core/model/errors.ts';
import type { GitHost } from '../../core/model/git-host.ts';
import type { Platform } from '../../core/model/platform.ts';
import { type Project, projectSchema } from '../../core/model/project.ts';
import type { TriggerOf } from '../../core/model/trigger.ts';
import type { MissingSecrets } from '../../services/aws/build-secrets.ts';
import type { HeadOf } from '../../services/git-host/git-remote.ts';
import { HostRefusedError } from '../../services/git-host/host-requests.ts';
import type { GitHosts } from '../../services/git-host/hosts.ts';
import { type IndexRepository, IndexTooLargeError } from '../../services/git-host/index-repository.ts';
import type { PullRequest, RepositoryApi } from '../../services/git-host/repository-api.ts';
import { type GraphServices, graphBelow } from '../cascade/graph.ts';
import { createSourceFacts } from './source-facts.ts';

const context = 'slipway: index';
/** If commits are pushed faster than the index can be checked, the event of the last push reports on the last commit. */
const mostCommits = 5;
/** The limit for an index of untrusted users. */
const mostBytes = 64 * 1024 * 1024;
/** In characters. A planner has one minute, and nobody could review a larger pull request. */
const mostChanged = 8_000_000;
/** The report shows the dependents of no more projects than this. */
const mostRoots = 100;

interface Services extends GraphServices {
  repositoryAt: GitHosts['repositoryAt'];
  index: {
    url: string;
    ref: string;
    repository: Pick<IndexRepository, 'filesAt'>;
    /** Hosts that entries may name although they are private. */
    allowedHosts: string[];
    gitHosts: readonly GitHost[];
    mostRecipients: number;
  };
  headOf: HeadOf;
  missingSecrets: MissingSecrets;
  platform: Platform;
  logger: Logger;
}

interface Checked {
  outcome: string;
  /** The commit to go on with, if the pull request has another head by now. */
  next?: string | undefined;
}

/**
 * Reports at a pull request of the index what is wrong with it, or what its merge will do. The index is read as text through the API of the
 * git host: nothing of a fork is built or run, and nothing is fetched from the fork's own repository.
 */
export function createCheckIndexPullRequest(services: Services) {
  const { projects, repositoryAt, index, platform, logger } = services;
  const sourceFacts = createSourceFacts(services);

  async function examine(
    repository: RepositoryApi,
    { baseRef, isFork }: PullRequest,
    commit: string,
  ): Promise<IndexReportInput> {
    const [base, head, comparison, records] = await Promise.all([
      index.repository.filesAt(baseRef),
      index.repository.filesAt(commit, mostBytes),
      repository.compare(baseRef, commit),
      projects.all(),
    ]);
    const merged = mergedFiles(base, head, comparison?.files);
    const texts = new Set(base.map(({ text }) => text));
    const changed = merged.reduce((sum, { text }) => sum + (texts.has(text) ? 0 : text.length), 0);
    if (changed > mostChanged) {
      throw new IndexTooLargeError(`It changes more than ${mostChanged / 1e6} MB of the index. Split it.`);
    }
    const known = records.map((record) => ({ ...projectSchema.parse(record), judged: record.judged }));
    const { allowedHosts, gitHosts, mostRecipients } = index;
    const options = { now: new Date(), allowedHosts, gitHosts, mostRecipients, platform };
    const change = indexChange(base, merged, known, options);
    const built = [...change.added, ...change.changed.filter(({ isBuilt }) => isBuilt).map(({ after }) => after)];
    const [facts, dependents] = await Promise.all([
      sourceFacts(built, { isOfFork: isFork }),
      descendants([...built.slice(0, mostRoots), ...change.removed.slice(0, mostRoots)]),
    ]);
    const unreleased = new Set(records.filter(({ active, released }) => active && !released).map(({ name }) => name));
    return {
      change,
      facts,
      dependents,
      unreleased,
      repository: { url: index.url, gitHost: repository.host.kind },
      commit,
    };
  }

  /** By project: all projects that are rebuilt when it is released, or that lack their base when it is removed. */
  async function descendants(roots: readonly Project[]): Promise<Map<string, string[]>> {
    // Projects may depend on an image before it is in the index.
    const dependentsByImage = await services.dependents.ofMany(roots.flatMap(imagesOf));
    const own = roots.map(
      (root) => [root.name, imagesOf(root).flatMap((image) => dependentsByImage.get(image) ?? [])] as const,
    );
    const children = await graphBelow([...new Set(own.flatMap(([, direct]) => direct))], services);
    return new Map(
      own.map(([name, direct]) => {
        const reached = new Set<string>();
        const waiting = [...direct];
        for (let child = waiting.pop(); child !== undefined; child = waiting.pop()) {
          if (child === name || reached.has(child) || !children.has(child)) continue;
          reached.add(child);
          waiting.push(...(children.get(child) ?? []));
        }
        return [name, [...reached].sort()];
      }),
    );
  }

  /** The head commit of the pull request; undefined if it is closed. */
  async function headOf(repository: RepositoryApi, number: number): Promise<string | undefined> {
    const pull = await repository.pullRequest(number);
    return pull?.isOpen ? pull.commit : undefined;
  }

  async function setStatus(
    repository: RepositoryApi,
    commit: string,
    state: 'success' | 'failure',
    description: string,
  ): Promise<void> {
    await repository.setStatus(commit, { state, context, description });
  }

  async function report(
    repository: RepositoryApi,
    number: number,
    pull: PullRequest,
    commit: string,
  ): Promise<Checked> {
    let input: IndexReportInput;
    try {
      input = await examine(repository, pull, commit);
    } catch (error) {
      const head = await headOf(repository, number);
      // A forced push may have removed the commit.
      const isOfCommit = error instanceof UpstreamError || error instanceof InvalidInputError;
      if (head !== commit && isOfCommit) return { outcome: 'gone', next: head };
      if (!(error instanceof IndexTooLargeError)) throw error;
      await setStatus(repository, commit, 'failure', error.message);
      return { outcome: `failure: ${error.message}` };
    }
    const { state, description } = indexStatus(input);
    await setStatus(repository, commit, state, description);
    const outcome = `${state}: ${description}`;
    const before = await headOf(repository, number);
    if (before !== commit) return { outcome, next: before };
    await repository.keepComment(number, indexReportMark, indexReport(input));
    // The check of a newer commit may have finished first; then this report has overwritten the newer one.
    const after = await headOf(repository, number);
    return { outcome, next: after === commit ? undefined : after };
  }

  /** @param expected what an event says of the pull request: the git host may not show it yet */
  return async function checkIndexPullRequest(
    number: number,
    expected: TriggerOf<'pull-request'>['expected'],
  ): Promise<{ outcome: string; isUnseen?: boolean }> {
    const repository = repositoryAt(index.url);
    if (!(await repository?.isAuthenticated()) || !repository) {
      logger.warn('A pull request of the index is not checked: there is no token for the git host', { number });
      return { outcome: 'ignored: there is no token for the git host' };
    }
    try {
      const pull = await repository.pullRequest(number);
      if (!pull?.isOpen) return { outcome: 'closed', isUnseen: expected.isOpen };
      const { baseRef, commit } = pull;
      const isUnseen = commit !== expected.commit;
      if (`refs/heads/${baseRef}` !== index.ref) {
        return { outcome: `ignored: ${baseRef} is not the branch of the index that counts`, isUnseen };
      }
      let checked: Checked = { outcome: '', next: commit };
      for (let count = 0; checked.next !== undefined && count < mostCommits; count++) {
        checked = await report(repository, number, pull, checked.next);
      }
      return { outcome: checked.outcome, isUnseen };
    } catch (error) {
      // A retry would not change the permissions of the token.
      if (!(error instanceof HostRefusedError)) throw error;
      logger.warn('The check of a pull request of the index could not be reported', { number, error });
      return { outcome: `ignored: ${error.message}` };
    }
  };
}

export type CheckIndexPullRequest = ReturnType<typeof createCheckIndexPullRequest>;
