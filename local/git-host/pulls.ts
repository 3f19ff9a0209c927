import type { DatabaseSync } from 'node:sqlite';
import { transaction } from '../aws/transaction.ts';
import type { Commits } from './commits.ts';
import type { Deliveries } from './deliveries.ts';
import type { Git } from './git-process.ts';
import { GitHubError } from './github-http.ts';
import { headRefOf, mergeRefOf, type PullBranches } from './pull-branches.ts';
import type { PullForms } from './pull-json.ts';
import type { Pull, PullChange, PullStore } from './pull-store.ts';
import type { Repositories, Repository } from './repositories.ts';

interface PullsOptions {
  database: DatabaseSync;
  git: Git;
  repositories: Repositories;
  deliveries: Deliveries;
  store: PullStore;
  commits: Commits;
  pullBranches: PullBranches;
  forms: PullForms;
}

export interface NewPull {
  title: string;
  body?: string | undefined;
  /** `branch`, or `owner:branch` of a fork. */
  head: string;
  base: string;
}

const maxMessageBytes = 200;

/**
 * Pull requests: `refs/pull/<n>/head` follows the head's branch, `refs/pull/<n>/merge` is what a merge would make, and every change is
 * an event. The reported state is in the database beside the events, so that a kill loses nothing: the next check finds the difference.
 */
export function createPulls(options: PullsOptions) {
  const { database, git, repositories, deliveries, store, commits, forms } = options;
  const { branch, bringHead, headOf, mergeability } = options.pullBranches;
  let queue: Promise<unknown> = Promise.resolve();

  /** One change at a time: pull requests of two repositories may be about the same branch. */
  function inSequence<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = queue.then(work);
    queue = turn.catch(() => undefined);
    return turn;
  }

  /** The change and the event about it, both or none. */
  async function tell(
    base: Repository,
    { pull, change, action, login }: { pull: Pull; change: PullChange; action: string; login: string },
    more: Record<string, unknown> = {},
  ): Promise<Pull> {
    // The row is written twice because the event describes the state after the change, and making the event takes a while.
    const after: Pull = { ...pull, ...change, updatedAt: Date.now() };
    const payload = {
      action,
      number: pull.number,
      pull_request: await forms.whole(base, after),
      ...more,
      repository: await forms.repository(base),
      sender: forms.user(login),
    };
    return transaction(database, () => {
      const changed = store.change(pull, change);
      deliveries.add({ event: 'pull_request', repositoryId: base.id, payload });
      return changed;
    });
  }

  async function close(base: Repository, pull: Pull, login: string, merged?: string): Promise<Pull> {
    const closedAt = Date.now();
    const merge = merged === undefined ? {} : { mergedAt: closedAt, mergedBy: login, mergeCommit: merged };
    const change = { state: 'closed', closedAt, ...merge } as const;
    const closed = await tell(base, { pull, change, action: 'closed', login });
    await git.run(base.folder, ['update-ref', '-d', mergeRefOf(pull)]);
    return closed;
  }

  /** Looks at one open pull request after a push to its head or its base. */
  async function look(pull: Pull, login: string): Promise<void> {
    const base = repositories.get(pull.repositoryId);
    if (!base) return;
    const head = repositories.get(pull.headRepositoryId);
    const baseHead = await branch(base, pull.baseRef);
    // Who pushes the head's commits to the base has merged it.
    if (baseHead && (await commits.isAncestor(base, pull.headSha, baseHead)))
      return void (await close(base, pull, login, baseHead));
    const headNow = head && (await bringHead(base, head, pull.headRef, headRefOf(pull)));
    if (!baseHead || !headNow) return void (await close(base, pull, login));
    if (headNow !== pull.headSha) {
      const change = { headSha: headNow, baseSha: baseHead };
      // Nothing is left to merge: GitHub closes it.
      if (await commits.isAncestor(base, headNow, baseHead)) return void (await close(base, pull, login));
      const moved = { before: pull.headSha, after: headNow };
      await tell(base, { pull, change, action: 'synchronize', login }, moved);
    }
    await mergeability(base, { ...pull, headSha: headNow });
  }

  /** @throws GitHubError */
  function invalid(field: string, code = 'invalid', message?: string): GitHubError {
    const error = {
      resource: 'PullRequest',
      code,
      field: code === 'custom' ? undefined : field,
      message,
    };
    return new GitHubError(422, 'Validation Failed', [error]);
  }

  async function open(base: Repository, given: NewPull, login: (head: Repository) => string): Promise<Pull> {
    const head = headOf(base, given.head);
    const baseSha = await branch(base, given.base);
    if (!baseSha) throw invalid('base');
    const headSha = head && (await bringHead(base, head.repository, head.ref));
    if (!headSha) throw invalid('head');
    const { repository, ref } = head;
    const same = store
      .list(base)
      .find(
        (pull) =>
          pull.state === 'open' &&
          pull.headRepositoryId === repository.id &&
          pull.headRef === ref &&
          pull.baseRef === given.base,
      );
    if (same) throw invalid('', 'custom', `A pull request already exists for ${repository.owner}:${ref}.`);
    if (!(await commits.mergeBase(base, baseSha, headSha)))
      throw invalid('', 'custom', `The ${ref} branch has no history in common with ${base.owner}:${given.base}`);
    if (await commits.isAncestor(base, headSha, baseSha))
      throw invalid('', 'custom', `No commits between ${base.owner}:${given.base} and ${repository.owner}:${ref}`);

    if (repository.id !== base.id) repositories.fork(repository, base);
    const author = login(repository);
    const added = {
      repositoryId: base.id,
      title: given.title,
      body: given.body,
      login: author,
      createdAt: Date.now(),
      headRepositoryId: repository.id,
      headRef: ref,
      headSha,
      baseRef: given.base,
      baseSha,
    };
    const pull = await announce(base, added, author);
    await git.run(base.folder, ['update-ref', headRefOf(pull), headSha]);
    await mergeability(base, pull);
    deliveries.pump();
    return pull;
  }

  /** The number is given by the row, so the event is made of what the row will be. */
  async function announce(base: Repository, added: Parameters<PullStore['add']>[0], login: string): Promise<Pull> {
    const number = (store.list(base)[0]?.number ?? 0) + 1;
    const none = { updatedAt: added.createdAt, closedAt: undefined, mergedAt: undefined };
    const preview = {
      ...added,
      ...none,
      id: 0,
      number,
      state: 'open',
      mergedBy: undefined,
      mergeCommit: undefined,
    } as const;
    const pull_request = await forms.whole(base, preview);
    const repository = await forms.repository(base);
    return transaction(database, () => {
      const pull = store.add(added);
      const shown = { ...pull_request, id: pull.id };
      const payload = { action: 'opened', number, pull_request: shown, repository, sender: forms.user(login) };
      deliveries.add({ event: 'pull_request', repositoryId: base.id, payload });
      return pull;
    });
  }

  async function reopen(base: Repository, pull: Pull, login: string): Promise<Pull> {
    if (pull.mergedAt !== undefined) throw invalid('state');
    const head = repositories.get(pull.headRepositoryId);
    const headSha = head && (await bringHead(base, head, pull.headRef, headRefOf(pull)));
    const baseSha = await branch(base, pull.baseRef);
    if (!headSha || !baseSha) throw invalid('state', 'invalid', 'state cannot be changed. The branch was deleted.');
    const change = { state: 'open', closedAt: undefined, headSha, baseSha } as const;
    const opened = await tell(base, { pull, change, action: 'reopened', login });
    await mergeability(base, opened);
    return opened;
  }

  async function edit(
    base: Repository,
    pull: Pull,
    change: { title?: string; body?: string },
    login: string,
  ): Promise<Pull> {
    const from = {
      title: change.title === undefined ? undefined : { from: pull.title },
      body: change.body === undefined ? undefined : { from: pull.body ?? null },
    };
    return tell(base, { pull, change, action: 'edited', login }, { changes: from });
  }

  return {
    open: (base: Repository, given: NewPull, login: (head: Repository) => string) =>
      inSequence(() => open(base, given, login)),

    /** @throws GitHubError for a state that it cannot have */
    update: (
      base: Repository,
      number: number,
      change: { title?: string; body?: string; state?: 'open' | 'closed' },
      login: string,
    ) =>
      inSequence(async () => {
        let pull = store.find(base, number);
        if (!pull) throw new GitHubError(404, 'Not Found');
        const { state, ...texts } = change;
        if (Object.keys(texts).length > 0) pull = await edit(base, pull, texts, login);
        if (state === 'closed' && pull.state === 'open') pull = await close(base, pull, login);
        if (state === 'open' && pull.state === 'closed') pull = await reopen(base, pull, login);
        deliveries.pump();
        return pull;
      }),

    /**
     * Merges as GitHub's button does. The caller notices the push that this is.
     * @throws GitHubError for one that cannot be merged
     */
    merge: (
      base: Repository,
      number: number,
      {
        login,
        squash,
        sha,
        title,
        message,
      }: {
        login: string;
        squash: boolean;
        sha?: string | undefined;
        title?: string | undefined;
        message?: string | undefined;
      },
    ) =>
      inSequence(async () => {
        const pull = store.find(base, number);
        if (!pull) throw new GitHubError(404, 'Not Found');
        const baseHead = await branch(base, pull.baseRef);
        if (pull.state !== 'open' || !baseHead) throw new GitHubError(405, 'Pull Request is not mergeable');
        if (sha !== undefined && sha !== pull.headSha)
          throw new GitHubError(409, 'Head branch was modified. Review and try the merge again.');
        const headOwner = repositories.get(pull.headRepositoryId)?.owner ?? 'unknown';
        const subject = squash
          ? `${pull.title} (#${number})`
          : `Merge pull request #${number} from ${headOwner}/${pull.headRef}`;
        const text = `${title ?? subject}\n\n${message ?? (squash ? '' : pull.title)}`
          .trim()
          .slice(0, maxMessageBytes * 100);
        const parents = squash ? [baseHead] : [baseHead, pull.headSha];
        const merged = await commits.merge(base, baseHead, pull.headSha, { message: text, login, parents });
        if (!merged) throw new GitHubError(405, 'Pull Request is not mergeable');
        await git.run(base.folder, ['update-ref', `refs/heads/${pull.baseRef}`, merged, baseHead]);
        await close(base, pull, login, merged);
        return merged;
      }),

    /** Looks at what a push to the repository means for the open pull requests from it and to it. */
    settle: (repository: Repository, login: string) =>
      inSequence(async () => {
        for (const pull of store.openAt(repository)) await look(pull, login);
        deliveries.pump();
      }),
  };
}

export type Pulls = ReturnType<typeof createPulls>;
