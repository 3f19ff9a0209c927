import * as z from 'zod';
import { createGithubRepository } from '../github/repository.ts';
import type { HostRequests } from '../host-requests.ts';
import type { RepositoryCalls } from '../repository-api.ts';
import { createForgejoPulls } from './pulls.ts';

/** Each commit with its files, and not the difference of the two ends. */
const comparisonSchema = z.object({
  total_commits: z.int(),
  commits: z.array(z.object({ files: z.array(z.object({ filename: z.string() })).nullish() })).nullish(),
});
/** A comparison of more commits than this takes a host too long. */
const mostCommitsCompared = 500;

/** A repository on Forgejo or Gitea, whose API follows GitHub's but for what is here. https://codeberg.org/api/swagger */
export function createForgejoRepository(path: string, requests: HostRequests): RepositoryCalls {
  const { find } = requests;

  function compared(base: string, head: string) {
    const route = 'GET /repos/{owner}/{repo}/compare/{base}...{head}';
    return find(comparisonSchema, route, { base, head });
  }

  return {
    ...createGithubRepository(path, requests),

    async compare(base, head) {
      const [ahead, behind] = await Promise.all([compared(base, head), compared(head, base)]);
      if (!ahead || !behind || ahead.total_commits > mostCommitsCompared) return undefined;
      const files = (ahead.commits ?? []).map((commit) => commit.files);
      if (files.some((each) => !each)) return undefined;
      const names = files.flatMap((each) => (each ?? []).map(({ filename }) => filename));
      return { isAhead: behind.total_commits === 0, files: [...new Set(names)] };
    },

    archivePath: (commit) => `/repos/${path}/archive/${encodeURIComponent(commit)}.tar.gz`,

    pulls: createForgejoPulls(requests),
  };
}
