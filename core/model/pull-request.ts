import type { GitHostKind } from './git-host.ts';

/** A pull request, by the ref under which its host keeps the head, also that of a fork. */
export interface PullRequestRef {
  number: number;
  /** As its host writes it: `pull request #5`, `merge request !5`. */
  name: string;
}

/** https://docs.gitlab.com/user/project/merge_requests/versions/ has GitLab's; Forgejo and Gitea have GitHub's. */
export function pullRequestRef(kind: GitHostKind, number: number): string {
  return kind === 'gitlab' ? `refs/merge-requests/${number}/head` : `refs/pull/${number}/head`;
}

export function pullRequestAt(ref: string): PullRequestRef | undefined {
  const [, kind, digits] = /^refs\/(pull|merge-requests)\/(\d+)\/head$/.exec(ref) ?? [];
  if (digits === undefined) return undefined;
  return { number: Number(digits), name: kind === 'pull' ? `pull request #${digits}` : `merge request !${digits}` };
}
