import type { GitHostKind } from '../../../core/model/git-host.ts';
import type { EventForm } from '../../../core/triggers/event-form.ts';
import { forgejoEvents } from '../../../core/triggers/forgejo/events.ts';
import { githubEvents } from '../../../core/triggers/github/events.ts';
import { gitlabEvents } from '../../../core/triggers/gitlab/events.ts';

const commit = 'a'.repeat(40);
const zeros = '0'.repeat(40);

export interface SentEvent {
  name: string;
  payload: Record<string, unknown>;
}

interface Comment {
  body: string | null;
  author?: string;
  /** It is at an issue, or at a commit, and not at a pull request. */
  isElsewhere?: boolean;
  isEdited?: boolean;
  /** Not written by a person. */
  isOfProgram?: boolean;
}

type PullRequestAction = 'opened' | 'moved' | 'reopened' | 'closed' | 'merged' | 'retargeted' | 'retitled' | 'labeled';

/** The events that a kind of host sends of one repository, as its documentation has them. */
export interface HostEvents {
  form: EventForm;
  url: string;
  push(ref: string, over?: { after?: string; url?: string }): SentEvent;
  deleted(ref: string): SentEvent;
  pullRequest(action: PullRequestAction, isFork?: boolean): SentEvent;
  comment(comment: Comment): SentEvent;
}

/** @see https://docs.github.com/en/webhooks/webhook-events-and-payloads */
const github: HostEvents = {
  form: githubEvents,
  url: 'https://github.com/demo/app.git',
  push: (ref, { after = commit, url = github.url } = {}) => ({
    name: 'push',
    payload: { ref, before: zeros, after, repository: { clone_url: url }, pusher: { name: 'ada', email: 'a@b.c' } },
  }),
  deleted: (ref) => github.push(ref, { after: zeros }),
  pullRequest(action, isFork = false) {
    const actions: Partial<Record<PullRequestAction, string>> = {
      moved: 'synchronize',
      merged: 'closed',
      retargeted: 'edited',
      retitled: 'edited',
    };
    const changes = { retargeted: { base: { ref: { from: 'old' } } }, retitled: { title: { from: 'old' } } };
    return {
      name: 'pull_request',
      payload: {
        action: actions[action] ?? action,
        number: 7,
        ...(action in changes ? { changes: changes[action as keyof typeof changes] } : {}),
        pull_request: { head: { sha: commit, repo: { id: isFork ? 2 : 1 } }, base: { ref: 'main', repo: { id: 1 } } },
        repository: { clone_url: github.url },
      },
    };
  },
  comment: ({ body, author = 'maintainer', isElsewhere, isEdited, isOfProgram }) => ({
    name: 'issue_comment',
    payload: {
      action: isEdited ? 'edited' : 'created',
      issue: { number: 7, ...(isElsewhere ? {} : { pull_request: { url: 'https://…' } }) },
      comment: { id: 5, body, user: { login: author, type: isOfProgram ? 'Bot' : 'User' } },
      repository: { clone_url: github.url },
    },
  }),
};

/** @see https://forgejo.org/docs/latest/user/webhooks/ As a Gitea sends them: who is named by `login`, and what is absent by `null`. */
const forgejo: HostEvents = {
  form: forgejoEvents,
  url: 'https://codeberg.org/demo/app.git',
  push: (ref, { after = commit, url = forgejo.url } = {}) => ({
    name: 'push',
    payload: {
      ref,
      before: zeros,
      after,
      compare_url: '',
      commits: [],
      total_commits: 0,
      head_commit: null,
      repository: { id: 1, full_name: 'demo/app', clone_url: url },
      pusher: { id: 2, login: 'ada', full_name: '', email: 'ada@example.org' },
    },
  }),
  // Of a branch only this is sent; of a tag a push, too.
  deleted: (ref) =>
    ref.startsWith('refs/tags/')
      ? forgejo.push(ref, { after: zeros })
      : {
          name: 'delete',
          payload: { ref: ref.replace('refs/heads/', ''), ref_type: 'branch', repository: { clone_url: forgejo.url } },
        },
  pullRequest(action, isFork = false) {
    const actions: Partial<Record<PullRequestAction, string>> = {
      moved: 'synchronized',
      merged: 'closed',
      retargeted: 'edited',
      retitled: 'edited',
      labeled: 'label_updated',
    };
    const changes = { retargeted: { ref: { from: 'old' } }, retitled: { title: { from: 'old' } } };
    return {
      name: 'pull_request',
      payload: {
        action: actions[action] ?? action,
        number: 7,
        ...(action in changes ? { changes: changes[action as keyof typeof changes] } : {}),
        pull_request: { head: { sha: commit, repo_id: isFork ? 2 : 1 }, base: { ref: 'main', repo_id: 1 } },
        requested_reviewer: null,
        review: null,
        commit_id: '',
        repository: { clone_url: forgejo.url },
      },
    };
  },
  comment: ({ body, author = 'maintainer', isElsewhere, isEdited }) => ({
    name: 'issue_comment',
    payload: {
      action: isEdited ? 'edited' : 'created',
      issue: { number: 7, pull_request: isElsewhere ? null : { merged: false, merged_at: null } },
      comment: { id: 5, body: body ?? '', user: { id: 2, login: author } },
      repository: { clone_url: forgejo.url },
      is_pull: !isElsewhere,
    },
  }),
};

const gitlabProject = (url: string) => ({ id: 15, path_with_namespace: 'demo/sub/app', git_http_url: url });

/** @see https://docs.gitlab.com/user/project/integrations/webhook_events/ */
const gitlab: HostEvents = {
  form: gitlabEvents,
  url: 'https://gitlab.com/demo/sub/app.git',
  push: (ref, { after = commit, url = gitlab.url } = {}) => ({
    name: ref.startsWith('refs/tags/') ? 'Tag Push Hook' : 'Push Hook',
    payload: {
      object_kind: ref.startsWith('refs/tags/') ? 'tag_push' : 'push',
      before: zeros,
      after,
      ref,
      checkout_sha: after === zeros ? null : after,
      user_username: 'ada',
      project_id: 15,
      project: gitlabProject(url),
      commits: [],
    },
  }),
  deleted: (ref) => gitlab.push(ref, { after: zeros }),
  pullRequest(action, isFork = false) {
    const actions: Partial<Record<PullRequestAction, string>> = {
      opened: 'open',
      reopened: 'reopen',
      closed: 'close',
      merged: 'merge',
    };
    return {
      name: 'Merge Request Hook',
      payload: {
        object_kind: 'merge_request',
        user: { username: 'ada' },
        project: gitlabProject(gitlab.url),
        object_attributes: {
          id: 99,
          iid: 7,
          target_branch: 'main',
          target_project_id: 15,
          source_project_id: isFork ? 16 : 15,
          last_commit: { id: commit },
          action: actions[action] ?? 'update',
          ...(action === 'moved' ? { oldrev: 'b'.repeat(40) } : {}),
        },
        changes: action === 'retargeted' ? { target_branch: { previous: 'old', current: 'main' } } : { updated_at: {} },
      },
    };
  },
  comment: ({ body, author = 'maintainer', isElsewhere, isEdited, isOfProgram }) => ({
    name: 'Note Hook',
    payload: {
      object_kind: 'note',
      user: { username: author },
      project: gitlabProject(gitlab.url),
      object_attributes: {
        id: 5,
        note: body,
        noteable_type: isElsewhere ? 'Issue' : 'MergeRequest',
        system: isOfProgram === true,
        action: isEdited ? 'update' : 'create',
      },
      ...(isElsewhere ? { issue: { iid: 7 } } : { merge_request: { id: 70, iid: 7, source_project_id: 16 } }),
    },
  }),
};

export const hostEvents: Record<GitHostKind, HostEvents> = { github, forgejo, gitlab };
