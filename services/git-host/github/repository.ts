import * as z from 'zod';
import { UpstreamError } from '../../../core/model/errors.ts';
import { type HostRequests, statusOf } from '../host-requests.ts';
import { type Comment, keepComment } from '../kept-comment.ts';
import type { RepositoryCalls } from '../repository-api.ts';
import { createCheckRuns } from './check-runs.ts';
import { createGithubPulls } from './pulls.ts';

/** https://docs.github.com/en/rest/commits/commits#compare-two-commits */
const mostFilesCompared = 300;
const commentsPerPage = 100;
const mostCommentPages = 10;
/** GitHub's own limit is not in its documentation: https://docs.github.com/en/rest/commits/statuses */
const longestDescription = 140;

const comparisonSchema = z.object({
  status: z.enum(['ahead', 'behind', 'diverged', 'identical']),
  files: z.array(z.object({ filename: z.string(), previous_filename: z.string().optional() })).default([]),
});
const permissionSchema = z.object({ permission: z.string() });
const repositorySchema = z.object({ id: z.int() });
const pullRequestSchema = z.object({
  state: z.string(),
  /** The repository of a deleted fork is null. */
  head: z.object({ sha: z.string(), ref: z.string(), repo: repositorySchema.nullable() }),
  base: z.object({ ref: z.string(), repo: repositorySchema }),
  user: z.object({ login: z.string() }).nullable(),
});
/** Forgejo does not say what type of account it is. */
const userSchema = z.object({ id: z.int(), type: z.string().optional() });
const commentSchema = z.object({
  id: z.int(),
  body: z
    .string()
    .nullish()
    .transform((body) => body ?? ''),
  user: userSchema.nullable(),
});

/** https://docs.github.com/en/rest/repos/contents#get-repository-content */
const contentsSchema = z.union([
  z.array(z.unknown()),
  // GitHub leaves out the content of files larger than 1 MB.
  z.object({ type: z.string(), content: z.string().nullish() }),
]);

/** The role "maintain" is `write` here, and "triage" is `read`. Forgejo calls the owner's `owner`. */
const writers = new Set(['owner', 'admin', 'write']);

/** A repository on GitHub. https://docs.github.com/en/rest */
export function createGithubRepository(path: string, requests: HostRequests): RepositoryCalls {
  const { request, find, get, isOfApp } = requests;
  const setCheckRun = createCheckRuns(requests);

  /** The id of the token's account; undefined for an app's token, which has no account. */
  async function ownId(): Promise<number | undefined> {
    try {
      return (await get(userSchema, 'GET /user')).id;
    } catch (error) {
      if (error instanceof UpstreamError && [401, 403, 404].includes(statusOf(error.cause) ?? 0)) return undefined;
      throw error;
    }
  }

  async function ownComment(number: number, mark: string): Promise<Comment | undefined> {
    const own = await ownId();
    const isOurs = (user: z.infer<typeof userSchema> | null) =>
      own === undefined ? user?.type === 'Bot' : user?.id === own;
    const list = 'GET /repos/{owner}/{repo}/issues/{number}/comments?per_page={per_page}&page={page}';
    for (let page = 1; page <= mostCommentPages; page++) {
      const comments = (await find(z.array(commentSchema), list, { number, per_page: commentsPerPage, page })) ?? [];
      const known = comments.find(({ user, body }) => isOurs(user) && body.startsWith(mark));
      if (known || comments.length < commentsPerPage) return known;
    }
    return undefined;
  }

  return {
    async compare(base, head) {
      const route = 'GET /repos/{owner}/{repo}/compare/{basehead}';
      // All files are on the first page, however few commits a page has.
      const answer = await find(comparisonSchema, route, { basehead: `${base}...${head}`, per_page: 1 });
      if (!answer || answer.files.length >= mostFilesCompared) return undefined;
      const files = answer.files.flatMap(({ filename, previous_filename }) =>
        [filename, previous_filename ?? []].flat(),
      );
      return { isAhead: answer.status === 'ahead' || answer.status === 'identical', files };
    },

    async mayWrite(username) {
      const route = 'GET /repos/{owner}/{repo}/collaborators/{username}/permission';
      return writers.has((await find(permissionSchema, route, { username }))?.permission ?? 'none');
    },

    async pullRequest(number) {
      const found = await find(pullRequestSchema, 'GET /repos/{owner}/{repo}/pulls/{number}', { number });
      if (!found) return undefined;
      const { state, head, base, user } = found;
      return {
        isOpen: state === 'open',
        commit: head.sha,
        baseRef: base.ref,
        // Forgejo names the repository itself for a push to `refs/for/`, which needs no right to write. Such a head is on no branch.
        // https://forgejo.org/docs/latest/user/agit-support/
        isFork: head.repo?.id !== base.repo.id || head.ref.startsWith('refs/'),
        author: user?.login ?? 'ghost',
      };
    },

    async file(path, commit) {
      const route = 'GET /repos/{owner}/{repo}/contents/{path}?ref={commit}';
      const found = await find(contentsSchema, route, { path, commit });
      // For a folder GitHub answers with a list.
      if (!found || Array.isArray(found) || found.type !== 'file') return undefined;
      return Buffer.from(found.content ?? '', 'base64').toString('utf8');
    },

    async setStatus(sha, { check, ...mark }) {
      if (await isOfApp()) return setCheckRun(sha, { check, ...mark });
      const description = [...mark.description].slice(0, longestDescription).join('');
      await request('POST /repos/{owner}/{repo}/statuses/{sha}', { sha, ...mark, description });
    },

    keepComment(number, mark, body) {
      const one = '/repos/{owner}/{repo}/issues/comments/{id}';
      const comments = {
        own: () => ownComment(number, mark),
        add: async (text: string) =>
          commentSchema.safeParse(
            await request('POST /repos/{owner}/{repo}/issues/{number}/comments', { number, body: text }),
          ).data,
        change: (id: number, text: string) => request(`PATCH ${one}`, { id, body: text }),
        remove: (id: number) => request(`DELETE ${one}`, { id }),
      };
      return keepComment(comments, mark, body);
    },

    archivePath: (commit) => `/repos/${path}/tarball/${encodeURIComponent(commit)}`,

    pulls: createGithubPulls(requests),
  };
}
