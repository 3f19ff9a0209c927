import { describeVerdict } from '../../core/builds/describe-build.ts';
import { type CheckAction, pullRequestCheck } from '../../core/git-host/check-actions.ts';
import { type Annotation, checkSummary } from '../../core/git-host/check-run.ts';
import { describeHeldBuild } from '../../core/holds/hold.ts';
import { type Build, isReleasable, isTerminal } from '../../core/model/build.ts';
import { pullRequestAt } from '../../core/model/pull-request.ts';
import { once } from '../../core/once.ts';
import { oneLine } from '../../core/text/one-line.ts';
import { siteUrl } from '../environment.ts';
import { openGitHosts } from './host-tokens.ts';
import type { GitHosts } from './hosts.ts';
import type { StatusMark } from './repository-api.ts';

export interface PullRequestStatus extends Pick<StatusMark, 'state' | 'description'> {
  /** What a maintainer may do about it, where the host shows buttons. */
  action?: CheckAction | undefined;
  /** The description where there is the button. */
  title?: string | undefined;
}

/** The statuses that git hosts show beside a commit. */
export function createCommitStatuses({ repositoryAt }: Pick<GitHosts, 'repositoryAt'>, siteUrl: string) {
  async function mark(sourceUrl: string, commit: string, status: StatusMark): Promise<void> {
    const repository = repositoryAt(sourceUrl);
    if (await repository?.isAuthenticated()) await repository?.setStatus(commit, status);
  }

  return {
    /**
     * Shows the build's status at its commit. Does nothing without a token, for a source on a host that is not configured, or for a
     * rollback: the commit was built and judged long before.
     * @param annotations what a check run shows at lines of the source
     */
    set: async (build: Build, annotations?: () => Promise<Annotation[]>): Promise<void> => {
      if (build.cause.type === 'rollback') return;
      await mark(build.sourceUrl, build.commit, {
        state: stateOf(build),
        context: contextOf(build.project, build.ref),
        description: descriptionOf(build),
        target_url: `${siteUrl}/builds/${build.id}`,
        check: { id: build.id, summary: checkSummary(build), annotations },
      });
    },

    /** Shows at the head of a pull request why it has no build. */
    setForPullRequest: (
      { name, gitUrl: sourceUrl }: { name: string; gitUrl: string },
      { number, commit }: { number: number; commit: string },
      status: PullRequestStatus,
    ): Promise<void> =>
      mark(sourceUrl, commit, {
        state: status.state,
        description: status.description,
        check: {
          id: pullRequestCheck(number),
          title: status.title,
          summary: status.title ?? status.description,
          action: status.action,
        },
        context: pullRequestContext(name),
        target_url: `${siteUrl}/projects/${name.replace(':', '/')}`,
      }),
  };
}

export type CommitStatuses = ReturnType<typeof createCommitStatuses>;

export const openCommitStatuses = once(() => createCommitStatuses(openGitHosts(), siteUrl()));

/** One commit may be built for a branch, for a pull request and by hand, with different results: each has a context of its own. */
function contextOf(project: string, ref: string): string {
  if (isReleasable(ref)) return `slipway: ${project}`;
  return pullRequestAt(ref) ? pullRequestContext(project) : `slipway/manual: ${project}`;
}

const pullRequestContext = (project: string) => `slipway/pr: ${project}`;

function stateOf({ status }: Build): StatusMark['state'] {
  if (!isTerminal(status)) return 'pending';
  if (status === 'released' || status === 'unchanged') return 'success';
  return status === 'blocked' || status === 'failed' ? 'failure' : 'error';
}

/** GitHub refuses longer ones. */
const longestDescription = 140;

function descriptionOf(build: Build): string {
  return oneLine(textOf(build), longestDescription);
}

function textOf({ status, ref, image, verdict, held, failure }: Build): string {
  switch (status) {
    case 'released': {
      const tag = image?.tags[0] ?? image?.digest;
      return `Released as ${tag}${verdict?.warnings?.length ? `, ${describeVerdict(verdict)}` : ''}`;
    }
    case 'unchanged':
      if (held) return describeHeldBuild(held);
      if (isReleasable(ref)) return 'The image is unchanged';
      return `${verdict ? capital(describeVerdict(verdict)) : 'Passed'}: it would be released`;
    case 'blocked':
      return blockedFor(verdict?.reasons ?? []);
    case 'failed':
      return `Failed: ${failure?.message ?? 'see the log'}`;
    case 'cancelled':
      return `Cancelled: ${failure?.message ?? 'see the build'}`;
    default:
      return `The image is ${status}`;
  }
}

/** The worst reason, cut to the room there is, and the number of the others. */
function blockedFor([first, ...others]: string[]): string {
  if (first === undefined) return 'Blocked: see the build';
  const more = others.length > 0 ? ` and ${others.length} more` : '';
  // The build's page has the part about the policy.
  const reason = first.replace(/: the policy allows .*$/s, '');
  return `Blocked: ${oneLine(reason, longestDescription - 'Blocked: '.length - more.length)}${more}`;
}

const capital = (text: string) => text.slice(0, 1).toUpperCase() + text.slice(1);
