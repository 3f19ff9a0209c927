import type { Commits } from './commits.ts';
import type { Git } from './git-process.ts';
import type { Mergeability } from './pull-json.ts';
import type { Pull } from './pull-store.ts';
import type { Repositories, Repository } from './repositories.ts';

export const headRefOf = ({ number }: Pull) => `refs/pull/${number}/head`;
export const mergeRefOf = ({ number }: Pull) => `refs/pull/${number}/merge`;

/** The two branches of pull requests, which may be in two repositories, and what a merge of them would make. */
export function createPullBranches({
  git,
  repositories,
  commits,
}: {
  git: Git;
  repositories: Repositories;
  commits: Commits;
}) {
  const branch = (repository: Repository, name: string) => repositories.commitOf(repository, `refs/heads/${name}`);

  /** Brings the head's objects into the base's repository; gives the commit that is there then. */
  async function bringHead(
    base: Repository,
    head: Repository,
    headRef: string,
    ref?: string,
  ): Promise<string | undefined> {
    const there = await branch(head, headRef);
    if (there === undefined) return undefined;
    if (base.id === head.id) {
      if (ref) await git.run(base.folder, ['update-ref', ref, there]);
      return there;
    }
    const kept = ref ?? `refs/slipway/compare/${head.id}`;
    const from = ['--quiet', '--no-tags', '--no-write-fetch-head', head.folder, `+refs/heads/${headRef}:${kept}`];
    await git.run(base.folder, ['fetch', ...from]);
    return repositories.commitOf(base, kept);
  }

  /** Whether it could be merged now. The ref of the merge is set again when either side has moved. */
  async function mergeability(base: Repository, pull: Pull): Promise<Mergeability> {
    if (pull.state !== 'open') return { mergeable: null, mergeCommit: undefined };
    const baseHead = await branch(base, pull.baseRef);
    if (baseHead === undefined) return { mergeable: false, mergeCommit: undefined };
    const ref = mergeRefOf(pull);
    const known = await git.ask(base.folder, ['log', '--max-count=1', '--format=%H %P', ref, '--']);
    const [commit, ...parents] = known?.trim().split(' ') ?? [];
    if (commit && parents.join() === `${baseHead},${pull.headSha}`) return { mergeable: true, mergeCommit: commit };
    const message = `Merge ${pull.headSha} into ${baseHead}`;
    const merged = await commits.merge(base, baseHead, pull.headSha, { message, login: pull.login });
    await git.run(base.folder, merged ? ['update-ref', ref, merged] : ['update-ref', '-d', ref]);
    return { mergeable: merged !== undefined, mergeCommit: merged };
  }

  /** The repository and branch that a head names: `branch`, `owner:branch` or `owner/repo:branch` as comparisons have it. */
  function headOf(base: Repository, head: string): { repository: Repository; ref: string } | undefined {
    const [, owner, ref = ''] = /^(?:([^:]+):)?(.+)$/.exec(head) ?? [];
    const repository = owner === undefined ? base : repositories.find(owner, base.name);
    return repository && { repository, ref };
  }

  return {
    branch,
    bringHead,
    mergeability,
    headOf,
    /** Whether the pull request is from what `owner:branch` names. */
    isHead(base: Repository, pull: Pull, head: string): boolean {
      const named = headOf(base, head);
      return named?.repository.id === pull.headRepositoryId && named.ref === pull.headRef;
    },
  };
}

export type PullBranches = ReturnType<typeof createPullBranches>;
