import * as z from 'zod';
import { HostRefusedError, type HostRequests, statusOf } from '../host-requests.ts';
import { type Comment, keepComment } from '../kept-comment.ts';
import type { RepositoryCalls, StatusMark } from '../repository-api.ts';
import { createGitlabMergeRequests } from './merge-requests.ts';

const perPage = 100;
const mostPages = 10;
/** https://docs.gitlab.com/api/commits/#set-commit-pipeline-status */
const longestDescription = 255;

const mergeBaseSchema = z.object({ id: z.string() });
const comparisonSchema = z.object({
  diffs: z.array(z.object({ old_path: z.string(), new_path: z.string() })),
  /** The difference is too large, so the list is not complete. */
  compare_timeout: z.boolean().optional(),
});
const memberSchema = z.object({ username: z.string(), state: z.string(), access_level: z.int() });
const mergeRequestSchema = z.object({
  state: z.string(),
  /** Null while GitLab has not yet seen the head. */
  sha: z.string().nullable(),
  target_branch: z.string(),
  /** Null for a fork that is deleted. */
  source_project_id: z.int().nullable(),
  target_project_id: z.int(),
  author: z.object({ username: z.string() }).nullable(),
});
const userSchema = z.object({ id: z.int() });
const noteSchema = z.object({ id: z.int(), body: z.string(), author: userSchema });
const fileSchema = z.object({ content: z.string() });

/** The role Developer may push. https://docs.gitlab.com/api/access_requests/#valid-access-levels */
const developer = 30;

const states: Record<StatusMark['state'], string> = {
  pending: 'pending',
  success: 'success',
  failure: 'failed',
  error: 'canceled',
};

/** A project on GitLab, whose path is used as its id. https://docs.gitlab.com/api/rest/#namespaced-paths */
export function createGitlabRepository(path: string, requests: HostRequests): RepositoryCalls {
  const { request, find, get } = requests;

  const repository = 'GET /projects/{project}/repository';

  async function ownNote(number: number, mark: string): Promise<Comment | undefined> {
    const own = (await get(userSchema, 'GET /user')).id;
    const list =
      'GET /projects/{project}/merge_requests/{number}/notes?sort=asc&order_by=created_at&per_page={perPage}&page={page}';
    for (let page = 1; page <= mostPages; page++) {
      const notes = (await find(z.array(noteSchema), list, { number, perPage, page })) ?? [];
      const known = notes.find(({ author, body }) => author.id === own && body.startsWith(mark));
      if (known || notes.length < perPage) return known;
    }
    return undefined;
  }

  return {
    async compare(base, head) {
      const [comparison, ancestor] = await Promise.all([
        find(comparisonSchema, `${repository}/compare?from={base}&to={head}`, { base, head }),
        find(mergeBaseSchema, `${repository}/merge_base?refs[]={base}&refs[]={head}`, { base, head }),
      ]);
      if (!comparison || comparison.compare_timeout) return undefined;
      const files = comparison.diffs.flatMap(({ old_path, new_path }) => [old_path, new_path]);
      return { isAhead: ancestor?.id === base, files: [...new Set(files)] };
    },

    async mayWrite(username) {
      // The search finds parts of names, too. The list has the members of the groups that contain the project.
      const route = 'GET /projects/{project}/members/all?query={username}&per_page={perPage}';
      const members = (await find(z.array(memberSchema), route, { username, perPage })) ?? [];
      return members.some(
        (member) => member.username === username && member.state === 'active' && member.access_level >= developer,
      );
    },

    async pullRequest(number) {
      const route = 'GET /projects/{project}/merge_requests/{number}';
      const found = await find(mergeRequestSchema, route, { number });
      if (!found?.sha) return undefined;
      return {
        isOpen: found.state === 'opened',
        commit: found.sha,
        baseRef: found.target_branch,
        isFork: found.source_project_id !== found.target_project_id,
        author: found.author?.username ?? 'ghost',
      };
    },

    async file(filePath, commit) {
      const route = `${repository}/files/{filePath}?ref={commit}`;
      const found = await find(fileSchema, route, { filePath, commit });
      return found && Buffer.from(found.content, 'base64').toString('utf8');
    },

    async setStatus(sha, { state, context, description: text, target_url }) {
      const description = [...text].slice(0, longestDescription).join('');
      const status = { sha, state: states[state], name: context, description, target_url };
      try {
        await request('POST /projects/{project}/statuses/{sha}', status);
      } catch (error) {
        // It has this state already, which GitLab takes for a mistake.
        const isSame = error instanceof HostRefusedError && /cannot transition status/i.test(error.message);
        if (!isSame || statusOf(error.cause) !== 400) throw error;
      }
    },

    keepComment(number, mark, body) {
      const notes = '/projects/{project}/merge_requests/{number}/notes';
      const comments = {
        own: () => ownNote(number, mark),
        add: async (text: string) => noteSchema.safeParse(await request(`POST ${notes}`, { number, body: text })).data,
        change: (id: number, text: string) => request(`PUT ${notes}/{id}`, { number, id, body: text }),
        remove: (id: number) => request(`DELETE ${notes}/{id}`, { number, id }),
      };
      return keepComment(comments, mark, body);
    },

    archivePath: (commit) =>
      `/projects/${encodeURIComponent(path)}/repository/archive.tar.gz?sha=${encodeURIComponent(commit)}`,

    pulls: createGitlabMergeRequests(requests),
  };
}
