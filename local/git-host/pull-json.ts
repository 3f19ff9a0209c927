import type { Commits } from './commits.ts';
import type { People } from './people.ts';
import type { Comment, Pull, PullStore } from './pull-store.ts';
import type { Repositories, Repository } from './repositories.ts';
import { isoSeconds, nodeId, repositoryJson, userJson } from './repository-json.ts';

export interface PullFormsOptions {
  url: string;
  repositories: Repositories;
  people: People;
  store: PullStore;
  commits: Commits;
}

/** What is found out for one pull request alone, not for each of a list. */
export interface Mergeability {
  mergeable: boolean | null;
  mergeCommit: string | undefined;
}

/** GitHub's forms of a pull request, of the issue that it is too, and of a comment. https://docs.github.com/en/rest/pulls/pulls */
export function createPullForms({ url, repositories, people, store, commits }: PullFormsOptions) {
  const apiOf = ({ owner, name }: Repository) => `${url}/github/repos/${owner}/${name}`;
  const pageOf = ({ owner, name }: Repository) => `${url}/git/${owner}/${name}`;
  const timeOf = (time: number | undefined) => (time === undefined ? null : isoSeconds(time));

  async function repository(of: Repository) {
    return repositoryJson(url, of, await repositories.defaultBranch(of));
  }

  async function side(of: Repository | undefined, owner: string, ref: string, sha: string) {
    const repo = of ? await repository(of) : null;
    return { label: `${owner}:${ref}`, ref, sha, user: userJson(url, owner), repo };
  }

  /** As a list shows it. */
  async function brief(base: Repository, pull: Pull) {
    const api = apiOf(base);
    const page = `${pageOf(base)}/pull/${pull.number}`;
    const own = `${api}/pulls/${pull.number}`;
    const issue = `${api}/issues/${pull.number}`;
    const statuses = `${api}/statuses/${pull.headSha}`;
    const head = repositories.get(pull.headRepositoryId);
    return {
      url: own,
      id: pull.id,
      node_id: nodeId('PullRequest', pull.id),
      html_url: page,
      diff_url: `${page}.diff`,
      patch_url: `${page}.patch`,
      issue_url: issue,
      number: pull.number,
      state: pull.state,
      locked: false,
      title: pull.title,
      user: userJson(url, pull.login),
      body: pull.body ?? null,
      created_at: isoSeconds(pull.createdAt),
      updated_at: isoSeconds(pull.updatedAt),
      closed_at: timeOf(pull.closedAt),
      merged_at: timeOf(pull.mergedAt),
      merge_commit_sha: pull.mergeCommit ?? null,
      assignee: null,
      assignees: [],
      requested_reviewers: [],
      requested_teams: [],
      labels: [],
      milestone: null,
      draft: false,
      commits_url: `${own}/commits`,
      review_comments_url: `${own}/comments`,
      review_comment_url: `${api}/pulls/comments{/number}`,
      comments_url: `${issue}/comments`,
      statuses_url: statuses,
      head: await side(head, head?.owner ?? 'unknown', pull.headRef, pull.headSha),
      base: await side(base, base.owner, pull.baseRef, pull.baseSha),
      _links: {
        self: { href: own },
        html: { href: page },
        issue: { href: issue },
        comments: { href: `${issue}/comments` },
        review_comments: { href: `${own}/comments` },
        review_comment: { href: `${api}/pulls/comments{/number}` },
        commits: { href: `${own}/commits` },
        statuses: { href: statuses },
      },
      author_association: people.association(base, pull.login),
      auto_merge: null,
      active_lock_reason: null,
    };
  }

  /** As it stands by itself; an event is sent before GitHub knows whether it can be merged. */
  async function whole(
    base: Repository,
    pull: Pull,
    { mergeable, mergeCommit }: Mergeability = { mergeable: null, mergeCommit: undefined },
  ) {
    const start = (await commits.mergeBase(base, pull.baseSha, pull.headSha)) ?? pull.baseSha;
    const files = await commits.files(base, start, pull.headSha);
    const between = await commits.between(base, pull.baseSha, pull.headSha);
    const sum = (name: 'additions' | 'deletions') => files.reduce((total, file) => total + file[name], 0);
    const form = await brief(base, pull);
    return {
      ...form,
      merge_commit_sha: form.merge_commit_sha ?? mergeCommit ?? null,
      merged: pull.mergedAt !== undefined,
      mergeable,
      rebaseable: mergeable,
      mergeable_state: mergeable === null ? 'unknown' : mergeable ? 'clean' : 'dirty',
      merged_by: pull.mergedBy === undefined ? null : userJson(url, pull.mergedBy),
      comments: store.comments(base, pull.number).length,
      review_comments: 0,
      maintainer_can_modify: false,
      commits: between.length,
      additions: sum('additions'),
      deletions: sum('deletions'),
      changed_files: files.length,
    };
  }

  return {
    repository,
    brief,
    whole,
    /** A pull request is an issue too; that it is one is said by `pull_request`. */
    issue(base: Repository, pull: Pull) {
      const api = apiOf(base);
      const own = `${api}/issues/${pull.number}`;
      const page = `${pageOf(base)}/pull/${pull.number}`;
      return {
        url: own,
        repository_url: api,
        labels_url: `${own}/labels{/name}`,
        comments_url: `${own}/comments`,
        events_url: `${own}/events`,
        html_url: page,
        id: pull.id,
        node_id: nodeId('PullRequest', pull.id),
        number: pull.number,
        title: pull.title,
        user: userJson(url, pull.login),
        labels: [],
        state: pull.state,
        state_reason: null,
        locked: false,
        assignee: null,
        assignees: [],
        milestone: null,
        comments: store.comments(base, pull.number).length,
        created_at: isoSeconds(pull.createdAt),
        updated_at: isoSeconds(pull.updatedAt),
        closed_at: timeOf(pull.closedAt),
        author_association: people.association(base, pull.login),
        active_lock_reason: null,
        draft: false,
        pull_request: {
          url: `${api}/pulls/${pull.number}`,
          html_url: page,
          diff_url: `${page}.diff`,
          patch_url: `${page}.patch`,
          merged_at: timeOf(pull.mergedAt),
        },
        body: pull.body ?? null,
        performed_via_github_app: null,
      };
    },
    /** https://docs.github.com/en/rest/issues/comments */
    comment(base: Repository, { id, number, login, body, createdAt, updatedAt }: Comment) {
      const api = apiOf(base);
      return {
        url: `${api}/issues/comments/${id}`,
        html_url: `${pageOf(base)}/pull/${number}#issuecomment-${id}`,
        issue_url: `${api}/issues/${number}`,
        id,
        node_id: nodeId('IssueComment', id),
        user: userJson(url, login),
        created_at: isoSeconds(createdAt),
        updated_at: isoSeconds(updatedAt),
        author_association: people.association(base, login),
        body,
        performed_via_github_app: null,
      };
    },
    user: (login: string) => userJson(url, login),
  };
}

export type PullForms = ReturnType<typeof createPullForms>;
