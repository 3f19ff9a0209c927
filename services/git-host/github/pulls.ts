import * as z from 'zod';
import type { HostRequests } from '../host-requests.ts';
import type { OwnPullRequest, OwnPullRequests } from '../repository-api.ts';

export const pullSchema = z
  .object({
    number: z.int(),
    html_url: z.url(),
    state: z.enum(['open', 'closed']),
    title: z.string(),
    body: z.string().nullish(),
    merged_at: z.string().nullish(),
  })
  .transform(
    ({ number, html_url, state, title, body, merged_at }): OwnPullRequest => ({
      number,
      title,
      url: html_url,
      body: body ?? '',
      isOpen: state === 'open',
      isMerged: Boolean(merged_at),
    }),
  );

/** https://docs.github.com/en/rest/pulls/pulls */
export function createGithubPulls({ request, find, get }: HostRequests): OwnPullRequests {
  const one = '/repos/{owner}/{repo}/pulls/{number}';
  return {
    async openFrom(branch) {
      const route = 'GET /repos/{owner}/{repo}/pulls?head={owner}:{branch}&state=open';
      return (await find(z.array(pullSchema), route, { branch }))?.[0];
    },
    get: (number) => find(pullSchema, `GET ${one}`, { number }),
    open: (pull) => get(pullSchema, 'POST /repos/{owner}/{repo}/pulls', pull),
    async change(number, text) {
      await request(`PATCH ${one}`, { number, ...text });
    },
    async close(number) {
      await request(`PATCH ${one}`, { number, state: 'closed' });
    },
  };
}
