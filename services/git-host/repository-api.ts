import type { CheckDetails } from '../../core/git-host/check-run.ts';
import type { HostedRepository } from '../../core/model/git-host.ts';

export interface StatusMark {
  state: 'pending' | 'success' | 'failure' | 'error';
  context: string;
  description: string;
  target_url?: string;
  /** For the check run that an app writes instead of a status. */
  check?: CheckDetails | undefined;
}

/** A pull request, which GitLab calls a merge request. */
export interface PullRequest {
  isOpen: boolean;
  commit: string;
  /** The branch that it is to be merged into. */
  baseRef: string;
  /**
   * It is not a branch of the repository: whoever pushed it may have no right to write there, and nothing of it runs before a maintainer
   * has approved exactly this commit.
   */
  isFork: boolean;
  author: string;
}

/** A pull request that Slipway made itself. */
export interface OwnPullRequest {
  number: number;
  url: string;
  isOpen: boolean;
  isMerged: boolean;
  title: string;
  body: string;
}

/** What Slipway asks of the git host that has a repository, besides git itself. */
export interface RepositoryApi extends HostedRepository, RepositoryCalls {
  /** Whether anything can be written: without a token the API only reads. */
  isAuthenticated(): Promise<boolean>;

  /** The gzipped tar archive of a commit, which has everything in one folder. */
  archive(commit: string, signal: AbortSignal): Promise<Response>;
}

/** The calls that each kind of host has in another form. */
export interface RepositoryCalls {
  /**
   * The files that differ between the commits' common ancestor and the head. Undefined if the list is not known to be complete: a commit
   * does not exist, or there are too many files.
   * @returns `isAhead` if the head contains all commits of the base
   */
  compare(base: string, head: string): Promise<{ isAhead: boolean; files: string[] } | undefined>;

  /** Whether a user may write to the repository, and so let a stranger's pull request be built. */
  mayWrite(username: string): Promise<boolean>;

  pullRequest(number: number): Promise<PullRequest | undefined>;

  /** The text of a file at a commit; undefined if there is no such file. */
  file(path: string, commit: string): Promise<string | undefined>;

  /** Sets the status, or with the token of a GitHub App the check run, that has the mark's context as its name. */
  setStatus(commit: string, mark: StatusMark): Promise<void>;

  /**
   * Writes a comment at a pull request, or updates the one that this pipeline wrote with the same mark.
   * @param mark an HTML comment, which `body` contains
   */
  keepComment(number: number, mark: string, body: string): Promise<void>;

  /** Where the archive of a commit is, below the address of the API. */
  archivePath(commit: string): string;

  pulls: OwnPullRequests;
}

/** The pull requests that Slipway makes itself, from branches of the repository. */
export interface OwnPullRequests {
  /** The open one from a branch. */
  openFrom(branch: string): Promise<OwnPullRequest | undefined>;
  get(number: number): Promise<OwnPullRequest | undefined>;
  open(pull: { head: string; base: string; title: string; body: string }): Promise<OwnPullRequest>;
  change(number: number, text: { title: string; body: string }): Promise<void>;
  close(number: number): Promise<void>;
}
