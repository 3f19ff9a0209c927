import * as z from 'zod';
import type { HostRequests } from '../host-requests.ts';
import type { OwnPullRequest, OwnPullRequests } from '../repository-api.ts';

const mergeRequestSchema = z
  .object({
    iid: z.int(),
    web_url: z.url(),
    state: z.string(),
    title: z.string(),
    description: z.string().nullish(),
    source_project_id: z.int().nullish(),
    target_project_id: z.int(),
  })
  .transform(({ iid, web_url, state, title, description, ...projects }) => ({
    number: iid,
    url: web_url,
    title,
    body: description ?? '',
    isOpen: state === 'opened',
    isMerged: state === 'merged',
    isFork: projects.source_project_id !== projects.target_project_id,
  }));

/** https://docs.gitlab.com/api/merge_requests/ */
export function createGitlabMergeRequests({ request, find, get }: HostRequests): OwnPullRequests {
  const all = '/projects/{project}/merge_requests';
  const one = `${all}/{number}`;
  return {
    async openFrom(branch): Promise<OwnPullRequest | undefined> {
      const route = `GET ${all}?state=opened&source_branch={branch}`;
      const found = (await find(z.array(mergeRequestSchema), route, { branch })) ?? [];
      // A fork may have a branch of the same name.
      return found.find(({ isFork }) => !isFork);
    },
    get: (number) => find(mergeRequestSchema, `GET ${one}`, { number }),
    open: ({ head, base, title, body }) =>
      get(mergeRequestSchema, `POST ${all}`, {
        source_branch: head,
        target_branch: base,
        title,
        description: body,
        remove_source_branch: true,
      }),
    async change(number, { title, body }) {
      await request(`PUT ${one}`, { number, title, description: body });
    },
    async close(number) {
      await request(`PUT ${one}`, { number, state_event: 'close' });
    },
  };
}
