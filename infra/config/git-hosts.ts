import * as z from 'zod';
import { type GitHost, type GitHostKind, gitHostKinds } from '../../core/model/git-host.ts';
import { httpUrl } from './values.ts';

export const gitHostsSchema = z
  .array(
    z
      .strictObject({
        kind: z.enum(gitHostKinds, `must be one of ${gitHostKinds.join(', ')}`),
        url: httpUrl,
        apiUrl: httpUrl.optional(),
      })
      .transform((host) => ({ ...host, apiUrl: host.apiUrl ?? usualApiUrl(host) })),
  )
  .min(1, 'must name at least one host')
  .prefault([{ kind: 'github', url: 'https://github.com' }])
  .describe(
    'The git hosts whose events, statuses, comments and pull requests Slipway knows, that of the index first: each with its `kind` (`github`, `gitlab`, or `forgejo` for Gitea too), its `url`, and its `apiUrl` where it is not the usual one (docs/git-hosts.md). From others it only fetches.',
  );

const apiPaths: Record<GitHostKind, string> = { github: '/api/v3', gitlab: '/api/v4', forgejo: '/api/v1' };

/** Where each program has its REST API; only github.com has it on a host of its own. */
function usualApiUrl({ kind, url }: Pick<GitHost, 'kind' | 'url'>): string {
  return url === 'https://github.com' ? 'https://api.github.com' : `${url}${apiPaths[kind]}`;
}
