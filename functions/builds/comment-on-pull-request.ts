import type { Build } from '../../core/model/build.ts';
import { imagesComment, imagesCommentMark } from '../../core/releases/images-comment.ts';
import type { GitHosts } from '../../services/git-host/hosts.ts';
import type { Builds } from '../../services/tables/builds.ts';

interface Services {
  builds: Pick<Builds, 'get' | 'list'>;
  repositoryAt: GitHosts['repositoryAt'];
  siteUrl: string;
}

/** How many builds of one commit are read: a monorepo has many images, each with its builds. */
const mostRead = 300;
/** Several builds may end at one moment, and the last comment must name all of them. */
const attempts = 5;

/**
 * Keeps one comment on a pull request up to date, which says what became of its images. It does nothing without a token, as with commit
 * statuses, and nothing for a commit that is no longer the head. A fork's commit is built only after a maintainer approved it.
 */
export function createCommentOnPullRequest({ builds, repositoryAt, siteUrl }: Services) {
  /** The newest build of each project, read again: an index lags behind. */
  async function siblingsOf(build: Build, number: number): Promise<Build[]> {
    const { items } = await builds.list({ commit: build.commit }, { limit: mostRead });
    const same = items.filter(
      ({ cause, sourceUrl }) =>
        cause.type === 'pull-request' && cause.number === number && sourceUrl === build.sourceUrl,
    );
    const newest = new Map([build, ...same].toSorted(byCreation).map((each) => [each.project, each.id]));
    const found = await Promise.all([...newest.values()].map((id) => builds.get(id)));
    return found.filter((each) => each !== undefined);
  }

  return async function commentOnPullRequest(build: Build): Promise<void> {
    const { cause, commit, sourceUrl } = build;
    const repository = repositoryAt(sourceUrl);
    if (cause.type !== 'pull-request' || repository === undefined || !(await repository.isAuthenticated())) return;
    const { number } = cause;
    const pull = await repository.pullRequest(number);
    if (!pull?.isOpen || pull.commit !== commit) return;
    let written: string | undefined;
    for (let attempt = 0; attempt < attempts; attempt++) {
      const comment = imagesComment(await siblingsOf(build, number), siteUrl);
      if (comment === written) return;
      await repository.keepComment(number, imagesCommentMark, comment);
      written = comment;
    }
  };
}

export type CommentOnPullRequest = ReturnType<typeof createCommentOnPullRequest>;

const byCreation = (one: Build, other: Build) => (one.createdAt < other.createdAt ? -1 : 1);
