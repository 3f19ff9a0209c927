import { type Build, isTerminal } from '../core/build.ts';
import { createGithubApi, type StatusMark } from './github-api.ts';

/** The marks that GitHub shows beside a commit. */
export function createCommitStatuses(
  apiUrl: string,
  gitUrl: string,
  siteUrl: string,
  token: () => Promise<string | undefined>,
) {
  const api = createGithubApi({ apiUrl, url: gitUrl, token });

  async function mark(sourceUrl: string, commit: string, status: StatusMark): Promise<void> {
    const repository = api.repositoryAt(sourceUrl);
    if (repository && (await api.isAuthenticated())) await api.setStatus(repository, commit, status);
  }

  return {
    /** Says at the commit how its build stands. Nothing is said where there is no token, or for a source on another host. */
    set: (build: Build): Promise<void> =>
      mark(build.sourceUrl, build.commit, {
        state: stateOf(build),
        context: contextOf(build.project, build.cause.type),
        description: descriptionOf(build),
        target_url: `${siteUrl}/builds/${build.id}`,
      }),

    /** Says at the head of a pull request why it has no build. */
    setForPullRequest: (
      { name, gitUrl: sourceUrl }: { name: string; gitUrl: string },
      commit: string,
      status: Pick<StatusMark, 'state' | 'description'>,
    ): Promise<void> =>
      mark(sourceUrl, commit, {
        ...status,
        context: contextOf(name, 'pull-request'),
        target_url: `${siteUrl}/projects/${name.replace(':', '/')}`,
      }),
  };
}

export type CommitStatuses = ReturnType<typeof createCommitStatuses>;

/** A commit may be a branch's and a pull request's at once; they have different things to say of it. */
function contextOf(project: string, cause: Build['cause']['type']): string {
  return cause === 'pull-request' ? `slipway/pr: ${project}` : `slipway: ${project}`;
}

function stateOf({ status }: Build): StatusMark['state'] {
  if (!isTerminal(status)) return 'pending';
  if (status === 'released' || status === 'unchanged') return 'success';
  return status === 'blocked' || status === 'failed' ? 'failure' : 'error';
}

function descriptionOf(build: Build): string {
  switch (build.status) {
    case 'released':
      return `Released as ${build.image?.tags[0] ?? build.image?.digest}`;
    case 'unchanged':
      return build.cause.type === 'pull-request' ? 'Passed: it would be released' : 'The image is unchanged';
    case 'blocked':
      return `Blocked: ${build.verdict?.reasons[0] ?? 'see the build'}`;
    case 'failed':
      return `Failed: ${build.failure?.message ?? 'see the log'}`;
    default:
      return `The image is ${build.status}`;
  }
}
