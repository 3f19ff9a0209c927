import type { Logger } from '@aws-lambda-powertools/logger';
import { imagesOf } from '../../core/cascade/dependents.ts';
import { indexChange, mergedFiles } from '../../core/index/change.ts';
import {
  type IndexReportInput,
  indexReport,
  indexReportMark,
  indexStatus,
} from '../../core/index/pull-request-report.ts';
import { UpstreamError } from '../../core/model/errors.ts';
import { type Project, projectSchema } from '../../core/model/project.ts';
import type { TriggerOf } from '../../core/model/trigger.ts';
import type { HeadOf } from '../../services/git-host/git-remote.ts';
import { type GithubApi, GithubRefusedError } from '../../services/git-host/github-api.ts';
import { type IndexRepository, IndexTooLargeError } from '../../services/git-host/index-repository.ts';
import { type GraphServices, graphBelow } from '../cascade/graph.ts';
import { createSourceFacts } from './source-facts.ts';

const context = 'slipway: index';
/** Whoever pushes faster than the index can be read is answered by the event of the last push. */
const mostTurns = 5;
/** What a stranger's index may have. */
const mostBytes = 64 * 1024 * 1024;
/** A planner has a minute; more than this is no pull request that anybody could read. */
const mostChanged = 8_000_000;
/** More are not shown. */
const mostRoots = 100;

interface Services extends GraphServices {
  github: Pick<
    GithubApi,
    'compare' | 'file' | 'isAuthenticated' | 'keepComment' | 'pullRequest' | 'repositoryAt' | 'setStatus'
  >;
  index: {
    url: string;
    ref: string;
    repository: Pick<IndexRepository, 'filesAt'>;
    /** Hosts that entries may name although they are private. */
    allowedHosts: string[];
  };
  headOf: HeadOf;
  logger: Logger;
}

type PullRequest = TriggerOf<'pull-request'>;
interface Turn {
  outcome: string;
  next?: string | undefined;
}

/**
 * Says at a pull request of the index what is wrong with it, or what its merge will do. The index is read as text through the git
 * host's API: nothing of a fork is built, run or fetched from where the fork is.
 * @returns what became of it, in words for people
 */
export function createCheckIndexPullRequest(services: Services) {
  const { projects, github, index, logger } = services;
  const sourceFacts = createSourceFacts(services);

  async function examine(repository: string, baseRef: string, commit: string): Promise<IndexReportInput> {
    const [base, head, comparison, records] = await Promise.all([
      index.repository.filesAt(baseRef),
      index.repository.filesAt(commit, mostBytes),
      github.compare(repository, baseRef, commit),
      projects.all(),
    ]);
    const merged = mergedFiles(base, head, comparison?.files);
    const texts = new Set(base.map(({ text }) => text));
    const changed = merged.reduce((sum, { text }) => sum + (texts.has(text) ? 0 : text.length), 0);
    if (changed > mostChanged) {
      throw new IndexTooLargeError(`It changes more than ${mostChanged / 1e6} MB of the index. Split it.`);
    }
    const known = records.map((record) => ({ ...projectSchema.parse(record), judged: record.judged }));
    const change = indexChange(base, merged, known, { now: new Date(), allowedHosts: index.allowedHosts });
    const built = [...change.added, ...change.changed.filter(({ isBuilt }) => isBuilt).map(({ after }) => after)];
    const [facts, below] = await Promise.all([
      sourceFacts(built),
      descendants([...built.slice(0, mostRoots), ...change.removed.slice(0, mostRoots)]),
    ]);
    const unreleased = new Set(records.filter(({ active, released }) => active && !released).map(({ name }) => name));
    return { change, facts, below, unreleased, repositoryUrl: index.url, commit };
  }

  /** By project: all that are rebuilt once it is released, or that miss it once it is gone. */
  async function descendants(roots: readonly Project[]): Promise<Map<string, string[]>> {
    // An image that is new may have been somebody's base before.
    const standing = await services.dependents.ofMany(roots.flatMap(imagesOf));
    const own = roots.map((root) => [root.name, imagesOf(root).flatMap((image) => standing.get(image) ?? [])] as const);
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

  /** The commit that the pull request is at; undefined when it is closed. */
  async function headOf(repository: string, number: number): Promise<string | undefined> {
    const pull = await github.pullRequest(repository, number);
    return pull?.isOpen ? pull.commit : undefined;
  }

  async function say(repository: string, commit: string, state: 'success' | 'failure', description: string) {
    await github.setStatus(repository, commit, { state, context, description });
  }

  /** @returns the commit to go on with, if the pull request is at another one by now */
  async function report({ repository, number, baseRef }: PullRequest, commit: string): Promise<Turn> {
    let input: IndexReportInput;
    try {
      input = await examine(repository, baseRef, commit);
    } catch (error) {
      const head = await headOf(repository, number);
      // A commit that was pushed away may be gone.
      if (head !== commit && error instanceof UpstreamError) return { outcome: 'gone', next: head };
      if (!(error instanceof IndexTooLargeError)) throw error;
      await say(repository, commit, 'failure', error.message);
      return { outcome: `failure: ${error.message}` };
    }
    const { state, description } = indexStatus(input);
    await say(repository, commit, state, description);
    const outcome = `${state}: ${description}`;
    const before = await headOf(repository, number);
    if (before !== commit) return { outcome, next: before };
    await github.keepComment(repository, number, indexReportMark, indexReport(input));
    // A newer commit may have been faster to its report, which this one then took the place of.
    const after = await headOf(repository, number);
    return { outcome, ...(after === commit ? {} : { next: after }) };
  }

  return async function checkIndexPullRequest(trigger: PullRequest): Promise<string> {
    const { number, action, baseRef } = trigger;
    if (action === 'closed') return 'closed';
    if (`refs/heads/${baseRef}` !== index.ref) return `ignored: ${baseRef} is not the branch of the index that counts`;
    if (!(await github.isAuthenticated())) {
      logger.warn('A pull request of the index is not answered: there is no token for the git host', { number });
      return 'ignored: there is no token for the git host';
    }
    try {
      let turn: Turn = { outcome: '', next: trigger.commit };
      for (let turns = 0; turn.next !== undefined && turns < mostTurns; turns++) {
        turn = await report(trigger, turn.next);
      }
      return turn.outcome;
    } catch (error) {
      // To ask again would not change what the token may do.
      if (!(error instanceof GithubRefusedError)) throw error;
      logger.warn('A pull request of the index could not be answered', { number, error });
      return `ignored: ${error.message}`;
    }
  };
}

export type CheckIndexPullRequest = ReturnType<typeof createCheckIndexPullRequest>;
