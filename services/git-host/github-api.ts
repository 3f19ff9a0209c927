import * as z from 'zod';
import { UpstreamError } from '../../core/model/errors.ts';
import { once } from '../../core/once.ts';
import { repositoryOn } from '../../core/sources/source.ts';
import { variable } from '../environment.ts';
import { createGithubRequests, statusOf } from './github-requests.ts';
import { type GithubToken, openGithubToken } from './github-token.ts';

/** https://docs.github.com/en/rest/commits/commits#compare-two-commits */
const mostFilesCompared = 300;
const commentsPerPage = 100;
const mostCommentPages = 10;

const comparisonSchema = z.object({
  status: z.enum(['ahead', 'behind', 'diverged', 'identical']),
  files: z.array(z.object({ filename: z.string(), previous_filename: z.string().optional() })).default([]),
});
const permissionSchema = z.object({ permission: z.string() });
const pullRequestSchema = z.object({
  state: z.string(),
  /** The repository of a deleted fork is null. */
  head: z.object({ sha: z.string(), repo: z.object({ id: z.int() }).nullable() }),
  base: z.object({ ref: z.string(), repo: z.object({ id: z.int() }) }),
  user: z.object({ login: z.string() }).nullable(),
});
const userSchema = z.object({ id: z.int(), type: z.string() });
const commentSchema = z.object({ id: z.int(), body: z.string().nullish(), user: userSchema.nullable() });
const commentsSchema = z.array(commentSchema);

/** https://docs.github.com/en/rest/repos/contents#get-repository-content */
const contentsSchema = z.union([
  z.array(z.unknown()),
  // GitHub leaves out the content of files larger than 1 MB.
  z.object({ type: z.string(), content: z.string().default('') }),
]);

export interface StatusMark {
  state: 'pending' | 'success' | 'failure' | 'error';
  context: string;
  description: string;
  target_url?: string;
}

export interface PullRequest {
  isOpen: boolean;
  commit: string;
  /** The branch that it is to be merged into. */
  baseRef: string;
  /** It comes from another repository: nothing of it runs before a maintainer has approved exactly this commit. */
  isFork: boolean;
  author: string;
}

/**
 * The calls of GitHub's REST API that the pipeline makes, except for the index's archive and the pull requests of manifests. A repository
 * is `owner/name`. https://docs.github.com/en/rest
 */
export function createGithubApi(
  { apiUrl, url, token }: { apiUrl: string; url: string; token: GithubToken },
  wait?: (milliseconds: number) => Promise<unknown>,
) {
  const { request, find } = createGithubRequests({ apiUrl, token }, wait);

  /** The id of the token's account; undefined for an app's token, which has no account. */
  async function ownId(): Promise<number | undefined> {
    try {
      return userSchema.parse(await request('GET /user', '', {})).id;
    } catch (error) {
      if (error instanceof UpstreamError && [401, 403, 404].includes(statusOf(error.cause) ?? 0)) return undefined;
      throw error;
    }
  }

  /** The oldest comment with the mark that this pipeline wrote. */
  async function ownComment(repository: string, number: number, mark: string) {
    const own = await ownId();
    const isOurs = (user: z.infer<typeof userSchema> | null) =>
      own === undefined ? user?.type === 'Bot' : user?.id === own;
    const list = 'GET /repos/{owner}/{repo}/issues/{number}/comments?per_page={per_page}&page={page}';
    for (let page = 1; page <= mostCommentPages; page++) {
      const comments =
        (await find(commentsSchema, list, repository, { number, per_page: commentsPerPage, page })) ?? [];
      const known = comments.find(({ user, body }) => isOurs(user) && body?.includes(mark));
      if (known || comments.length < commentsPerPage) return known;
    }
    return undefined;
  }

  async function changeComment(repository: string, id: number, body: string): Promise<void> {
    await request('PATCH /repos/{owner}/{repo}/issues/comments/{id}', repository, { id, body });
  }

  return {
    /** `owner/name` of a source on this host; undefined for one elsewhere. */
    repositoryAt: (sourceUrl: string): string | undefined => repositoryOn(url, sourceUrl),

    /** Whether anything can be written: without a token the API only reads. */
    isAuthenticated: async (): Promise<boolean> => (await token()) !== undefined,

    /**
     * The files that differ between the commits' common ancestor and the head. Undefined if the list is not known to be complete: a commit
     * does not exist, or there are too many files.
     * @returns `isAhead` if the head contains all commits of the base
     */
    async compare(
      repository: string,
      base: string,
      head: string,
    ): Promise<{ isAhead: boolean; files: string[] } | undefined> {
      const route = 'GET /repos/{owner}/{repo}/compare/{basehead}';
      // All files are on the first page, however few commits a page has.
      const answer = await find(comparisonSchema, route, repository, { basehead: `${base}...${head}`, per_page: 1 });
      if (!answer || answer.files.length >= mostFilesCompared) return undefined;
      const files = answer.files.flatMap(({ filename, previous_filename }) =>
        [filename, previous_filename ?? []].flat(),
      );
      return { isAhead: answer.status === 'ahead' || answer.status === 'identical', files };
    },

    /** A user's permission in a repository: `admin`, `write`, `read` or `none`. The role "maintain" is `write`, "triage" is `read`. */
    async permission(repository: string, username: string): Promise<string> {
      const route = 'GET /repos/{owner}/{repo}/collaborators/{username}/permission';
      return (await find(permissionSchema, route, repository, { username }))?.permission ?? 'none';
    },

    async pullRequest(repository: string, number: number): Promise<PullRequest | undefined> {
      const route = 'GET /repos/{owner}/{repo}/pulls/{number}';
      const found = await find(pullRequestSchema, route, repository, { number });
      if (!found) return undefined;
      const { state, head, base, user } = found;
      return {
        isOpen: state === 'open',
        commit: head.sha,
        baseRef: base.ref,
        isFork: head.repo?.id !== base.repo.id,
        author: user?.login ?? 'ghost',
      };
    },

    /** The text of a file at a commit; undefined if there is no such file. */
    async file(repository: string, path: string, commit: string): Promise<string | undefined> {
      const route = 'GET /repos/{owner}/{repo}/contents/{path}?ref={commit}';
      const found = await find(contentsSchema, route, repository, { path, commit });
      // For a folder GitHub answers with a list.
      if (!found || Array.isArray(found) || found.type !== 'file') return undefined;
      return Buffer.from(found.content, 'base64').toString('utf8');
    },

    async setStatus(repository: string, sha: string, status: StatusMark): Promise<void> {
      const description = [...status.description].slice(0, 140).join('');
      await request('POST /repos/{owner}/{repo}/statuses/{sha}', repository, { sha, ...status, description });
    },

    /**
     * Writes a comment at a pull request, or updates the one that this pipeline wrote with the same mark.
     * @param mark an HTML comment, which `body` contains
     */
    async keepComment(repository: string, number: number, mark: string, body: string): Promise<void> {
      const known = await ownComment(repository, number, mark);
      if (known) {
        if (known.body !== body) await changeComment(repository, known.id, body);
        return;
      }
      const route = 'POST /repos/{owner}/{repo}/issues/{number}/comments';
      const added = commentSchema.safeParse(await request(route, repository, { number, body })).data;
      const first = added && (await ownComment(repository, number, mark));
      if (!first || first.id === added.id) return;
      // Another process of this pipeline wrote one at the same moment: the older comment stays, with the newer text.
      await changeComment(repository, first.id, body);
      await request('DELETE /repos/{owner}/{repo}/issues/comments/{id}', repository, { id: added.id });
    },
  };
}

export type GithubApi = ReturnType<typeof createGithubApi>;

export const openGithubApi = once(() =>
  createGithubApi({ apiUrl: variable('GITHUB_API_URL'), url: variable('GITHUB_URL'), token: openGithubToken() }),
);
