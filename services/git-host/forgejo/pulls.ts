import * as z from 'zod';
import { createGithubPulls, pullSchema } from '../github/pulls.ts';
import type { HostRequests } from '../host-requests.ts';
import type { OwnPullRequests } from '../repository-api.ts';

const perPage = 50;
const mostPages = 20;

const repositorySchema = z.object({ id: z.int() });
const branchesSchema = z.object({
  head: z.object({ ref: z.string(), repo: repositorySchema.nullish() }),
  base: z.object({ repo: repositorySchema }),
});

/** The same as GitHub's, except that open pull requests cannot be listed by their branch. */
export function createForgejoPulls(requests: HostRequests): OwnPullRequests {
  const { find } = requests;
  return {
    ...createGithubPulls(requests),
    async openFrom(branch) {
      const route = 'GET /repos/{owner}/{repo}/pulls?state=open&limit={limit}&page={page}';
      for (let page = 1; page <= mostPages; page++) {
        const pulls = (await find(z.array(z.unknown()), route, { limit: perPage, page })) ?? [];
        const found = pulls.find((pull) => isFrom(branch, pull));
        if (found !== undefined) return pullSchema.parse(found);
        if (pulls.length < perPage) return undefined;
      }
      return undefined;
    },
  };
}

/** A fork may have a branch of the same name. */
function isFrom(branch: string, pull: unknown): boolean {
  const { data } = branchesSchema.safeParse(pull);
  return data?.head.ref === branch && data.head.repo?.id === data.base.repo.id;
}
