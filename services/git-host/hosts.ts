import type { GitHost, GitHostKind, HostedRepository } from '../../core/model/git-host.ts';
import { findRepository } from '../../core/sources/source.ts';
import { createForgejoRepository } from './forgejo/repository.ts';
import { createGithubRepository } from './github/repository.ts';
import { createGitlabRepository } from './gitlab/repository.ts';
import { bearer, createHostRequests, type HostRequests } from './host-requests.ts';
import type { RepositoryApi, RepositoryCalls } from './repository-api.ts';

/** The token for a repository, or undefined while the operators have not put one into the secret: public repositories work without. */
export type TokenOf = (repository: HostedRepository) => Promise<string | undefined>;

/** What a repository is called in the routes of its host's API. */
const namesOf: Record<GitHostKind, (path: string) => Record<string, string>> = {
  github: ownerAndName,
  forgejo: ownerAndName,
  gitlab: (project) => ({ project }),
};

const callsOf: Record<GitHostKind, (path: string, requests: HostRequests) => RepositoryCalls> = {
  github: createGithubRepository,
  forgejo: createForgejoRepository,
  gitlab: createGitlabRepository,
};

/** The APIs of the git hosts that are configured. */
export function createGitHosts(
  hosts: readonly GitHost[],
  tokenOf: TokenOf,
  wait?: (milliseconds: number) => Promise<unknown>,
) {
  return {
    /** The repository at an address; undefined for one on any other host, which is only fetched from. */
    repositoryAt(url: string): RepositoryApi | undefined {
      const found = findRepository(hosts, url);
      if (!found) return undefined;
      const { host, path } = found;
      const token = () => tokenOf(found);
      const names = namesOf[host.kind](path);
      const requests = createHostRequests({ apiUrl: host.apiUrl, token, repository: path, names, wait });
      const calls = callsOf[host.kind](path, requests);
      return {
        host,
        path,
        ...calls,
        isAuthenticated: async () => (await token()) !== undefined,
        archive: async (commit, signal) =>
          fetch(`${host.apiUrl}${calls.archivePath(commit)}`, { headers: bearer(await token()), signal }),
      };
    },
  };
}

export type GitHosts = ReturnType<typeof createGitHosts>;

function ownerAndName(path: string): Record<string, string> {
  const [owner = '', repo = ''] = path.split('/');
  return { owner, repo };
}
