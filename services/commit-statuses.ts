import { Octokit } from '@octokit/core';
import { type Build, isTerminal } from '../core/build.ts';

/** The marks that GitHub shows beside a commit. */
export function createCommitStatuses(
  apiUrl: string,
  gitUrl: string,
  siteUrl: string,
  token: () => Promise<string | undefined>,
) {
  return {
    /** Says at the commit how its build stands. Nothing is said where there is no token, or for a source on another host. */
    async set(build: Build): Promise<void> {
      const name = repositoryAt(gitUrl, build.sourceUrl);
      const auth = await token();
      if (!name || !auth) return;
      const octokit = new Octokit({ baseUrl: apiUrl, auth, userAgent: 'slipway' });
      await octokit.request('POST /repos/{owner}/{repo}/statuses/{sha}', {
        ...name,
        sha: build.commit,
        state: stateOf(build),
        context: `slipway: ${build.project}`,
        description: descriptionOf(build).slice(0, 140),
        target_url: `${siteUrl}/builds/${build.id}`,
        request: { signal: AbortSignal.timeout(10_000) },
      });
    },
  };
}

export type CommitStatuses = ReturnType<typeof createCommitStatuses>;

function repositoryAt(gitUrl: string, sourceUrl: string): { owner: string; repo: string } | undefined {
  const host = gitUrl.replace(/\/+$/, '');
  if (!sourceUrl.toLowerCase().startsWith(`${host.toLowerCase()}/`)) return undefined;
  const [owner, repo, ...rest] = sourceUrl
    .slice(host.length + 1)
    .replace(/\/+$/, '')
    .replace(/\.git$/, '')
    .split('/');
  return owner && repo && rest.length === 0 ? { owner, repo } : undefined;
}

function stateOf({ status }: Build): 'pending' | 'success' | 'failure' | 'error' {
  if (!isTerminal(status)) return 'pending';
  if (status === 'released' || status === 'unchanged') return 'success';
  return status === 'blocked' || status === 'failed' ? 'failure' : 'error';
}

function descriptionOf(build: Build): string {
  switch (build.status) {
    case 'released':
      return `Released as ${build.image?.tags[0] ?? build.image?.digest}`;
    case 'blocked':
      return `Blocked: ${build.verdict?.reasons[0] ?? 'see the build'}`;
    case 'failed':
      return `Failed: ${build.failure?.message ?? 'see the log'}`;
    default:
      return `The image is ${build.status}`;
  }
}
