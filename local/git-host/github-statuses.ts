import { answerJson, callerOfWrite, GitHubError, notFound, type Route, readInput } from './github-http.ts';
import type { People } from './people.ts';
import type { Repositories, Repository } from './repositories.ts';
import { repositoryJson } from './repository-json.ts';
import { newStatusSchema, type Statuses, type StatusJson } from './statuses.ts';

/** https://docs.github.com/en/rest/commits/statuses */
export function statusRoutes(options: {
  url: string;
  repositories: Repositories;
  people: People;
  statuses: Statuses;
}): Route[] {
  const { url, repositories, people, statuses } = options;
  const api = (repository: Repository) => `${url}/github/repos/${repository.owner}/${repository.name}`;

  async function commitOf(repository: Repository, ref: string): Promise<string> {
    const commit = await repositories.commitOf(repository, ref);
    if (commit === undefined) throw new GitHubError(422, `No commit found for SHA: ${ref}`);
    return commit;
  }

  return [
    [
      'POST',
      /^\/statuses\/(?<sha>[^/]+)$/,
      async (call) => {
        const { request, response, repository } = call;
        const { sha = '' } = call.groups;
        // A user without write permission learns no more, as everywhere on GitHub where there is something to hide.
        if (!people.can(repository, callerOfWrite(call).login, 'push')) throw notFound();
        const given = await readInput(request, newStatusSchema, 'Status');
        // To start git for it costs more than all the rest: a commit that has a status was looked up before.
        const commit = statuses.has(repository.id, sha) ? sha : await commitOf(repository, sha);
        if (commit !== sha) throw new GitHubError(422, `No commit found for SHA: ${sha}`);
        const status = statuses.add(repository.id, commit, given);
        if (!status) {
          const message = 'This SHA and context has reached the maximum number of statuses.';
          throw new GitHubError(422, 'Validation Failed', [{ resource: 'Status', code: 'custom', message }]);
        }
        answerJson(response, 201, status, { location: status.url });
      },
    ],
    [
      'GET',
      /^\/commits\/(?<ref>.+)\/status$/,
      async ({ response, repository, groups: { ref = '' } }) => {
        const sha = await commitOf(repository, ref);
        const latest = statuses.latest(repository.id, sha);
        answerJson(response, 200, {
          state: combined(latest),
          statuses: latest,
          sha,
          total_count: latest.length,
          repository: repositoryJson(url, repository, await repositories.defaultBranch(repository)),
          commit_url: `${api(repository)}/commits/${sha}`,
          url: `${api(repository)}/commits/${sha}/status`,
        });
      },
    ],
  ];
}

/** https://docs.github.com/en/rest/commits/statuses#get-the-combined-status-for-a-specific-reference */
function combined(statuses: StatusJson[]): 'failure' | 'pending' | 'success' {
  if (statuses.some(({ state }) => state === 'error' || state === 'failure')) return 'failure';
  return statuses.length === 0 || statuses.some(({ state }) => state === 'pending') ? 'pending' : 'success';
}
