import type { IncomingMessage, ServerResponse } from 'node:http';
import { assertGranted } from './app-permissions.ts';
import { sendArchive } from './archive.ts';
import type { Git } from './git-process.ts';
import type { AppApi } from './github-apps.ts';
import { answerJson, forbidden, GitHubError, notFound, type Route } from './github-http.ts';
import { type CallerOf, isLogin, type People } from './people.ts';
import type { Repositories } from './repositories.ts';
import { userJson } from './repository-json.ts';

export interface GitHubApiOptions {
  url: string;
  callerOf: CallerOf;
  git: Git;
  repositories: Repositories;
  /** The calls about a repository; the first that fits answers. */
  routes: readonly Route[];
  people: Pick<People, 'canSee'>;
  /** The calls of apps as themselves. */
  appApi: AppApi;
}

/**
 * The calls of GitHub's REST API that the pipeline, its operator and its users make. Reading what is public needs no token. Who gives the
 * token alone is the machine; who gives a name with it (Basic authentication) is that person. https://docs.github.com/en/rest
 */
export function createGitHubApi(
  options: GitHubApiOptions,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const { url, git, repositories, routes, people, callerOf, appApi } = options;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', url);
    const decoded = decodePath(pathname);
    // A token that an app has signed is not a caller's.
    if (await appApi(request, response, decoded)) return;
    const caller = callerOf(request);
    if (caller === 'wrong') throw new GitHubError(401, 'Bad credentials');
    const archive = /^\/github\/archives\/(?<owner>[^/]+)\/(?<name>[^/]+)\/legacy\.tar\.gz\/(?<ref>.+)$/.exec(
      decoded,
    )?.groups;
    if (archive && request.method === 'GET') {
      const repository = repositories.find(archive.owner ?? '', archive.name ?? '');
      const commit =
        repository && people.canSee(repository, caller) && (await repositories.commitOf(repository, archive.ref ?? ''));
      if (!repository || !commit) throw notFound();
      return sendArchive(git, response, repository, commit);
    }

    if (request.method !== 'GET' && !caller) throw new GitHubError(401, 'Requires authentication');
    if (request.method === 'GET' && decoded === '/github/user') {
      if (!caller) throw new GitHubError(401, 'Requires authentication');
      if (caller.grant) throw forbidden('Resource not accessible by integration');
      return answerJson(response, 200, userJson(url, caller.login));
    }
    // It says whether a token is good; nobody is limited here. https://docs.github.com/en/rest/rate-limit/rate-limit
    if (request.method === 'GET' && decoded === '/github/rate_limit')
      return answerJson(response, 200, { resources: { core: { limit: 5000, used: 0, remaining: 5000 } } });
    const { login } = /^\/github\/users\/(?<login>[^/]+)$/.exec(decoded)?.groups ?? {};
    if (request.method === 'GET' && login !== undefined && isLogin(login))
      return answerJson(response, 200, userJson(url, login));

    const {
      owner = '',
      name = '',
      rest = '',
    } = /^\/github\/repos\/(?<owner>[^/]+)\/(?<name>[^/]+)(?<rest>\/.*)?$/.exec(decoded)?.groups ?? {};
    const repository = repositories.find(owner, name);
    if (!repository || !people.canSee(repository, caller)) throw notFound();
    if (caller?.grant) assertGranted(caller.grant, repository, { method: request.method, path: rest });
    for (const [method, pattern, handler] of routes) {
      const match = method === request.method ? pattern.exec(rest) : null;
      if (match) return handler({ request, response, searchParams, caller, repository, groups: { ...match.groups } });
    }
    throw notFound();
  }

  return async (request, response) => {
    try {
      await answer(request, response);
    } catch (error) {
      // An expected error is the answer; any other is a defect of this host, and goes to the machine's log.
      if (!(error instanceof GitHubError) || response.headersSent) throw error;
      answerJson(response, error.status, {
        message: error.message,
        errors: error.errors,
        documentation_url: 'https://docs.github.com/rest',
        status: String(error.status),
      });
    }
  };
}

function decodePath(pathname: string): string {
  try {
    return decodeURIComponent(pathname);
  } catch (cause) {
    throw new GitHubError(400, 'Bad Request', undefined, { cause });
  }
}
