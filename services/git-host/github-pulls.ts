import * as z from 'zod';
import { UpstreamError } from '../../core/model/errors.ts';
import { createGithubRequests } from './github-requests.ts';
import type { GithubToken } from './github-token.ts';

const pullSchema = z.object({
  number: z.int(),
  html_url: z.url(),
  state: z.enum(['open', 'closed']),
  title: z.string(),
  body: z.string().nullish(),
  head: z.object({ sha: z.string() }),
  merged_at: z.string().nullish(),
});

export type Pull = z.infer<typeof pullSchema>;

/** The pull requests that Slipway makes itself. https://docs.github.com/en/rest/pulls/pulls */
export function createGithubPulls(apiUrl: string, token: GithubToken) {
  const { request, find } = createGithubRequests({ apiUrl, token });

  function read(answer: unknown): Pull {
    const parsed = pullSchema.safeParse(answer);
    if (parsed.success) return parsed.data;
    throw new UpstreamError('The git host described a pull request in an unknown form.');
  }

  return {
    /** The open pull request from a branch of the same repository. */
    async openFrom(repository: string, branch: string): Promise<Pull | undefined> {
      const [owner] = repository.split('/');
      const route = 'GET /repos/{owner}/{repo}/pulls?head={head}&state=open';
      const pulls = await find(z.array(pullSchema), route, repository, { head: `${owner}:${branch}` });
      return pulls?.[0];
    },

    get(repository: string, number: number): Promise<Pull | undefined> {
      return find(pullSchema, 'GET /repos/{owner}/{repo}/pulls/{number}', repository, { number });
    },

    async open(repository: string, pull: { head: string; base: string; title: string; body: string }): Promise<Pull> {
      return read(await request('POST /repos/{owner}/{repo}/pulls', repository, pull));
    },

    async change(
      repository: string,
      number: number,
      change: { title?: string; body?: string; state?: 'closed' },
    ): Promise<Pull> {
      return read(await request('PATCH /repos/{owner}/{repo}/pulls/{number}', repository, { number, ...change }));
    },
  };
}

export type GithubPulls = ReturnType<typeof createGithubPulls>;
