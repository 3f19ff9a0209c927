import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendArchive } from './archive.ts';
import type { Deliveries } from './deliveries.ts';
import type { Git } from './git-process.ts';
import { answerJson, type Call, GitHubError, notFound, readJson } from './github-http.ts';
import type { Repositories, Repository } from './repositories.ts';
import { isoSeconds, repositoryJson } from './repository-json.ts';
import { newStatusSchema, type Statuses, type StatusJson } from './statuses.ts';
import { hookId, type Webhook } from './webhook.ts';

export interface GitHubApiOptions {
  url: string;
  /** What a caller needs who changes something. */
  token: string;
  git: Git;
  repositories: Repositories;
  statuses: Statuses;
  deliveries: Deliveries;
  webhook(): Webhook | undefined;
}

type Handler = (call: Call & { repository: Repository; groups: Record<string, string> }) => Promise<void>;

/**
 * The few calls of GitHub's REST API that the pipeline and its operator make: a commit's statuses, the archive of a commit (the
 * index is read from it), and the deliveries of the webhook. Reading needs no token, as for a public repository.
 * https://docs.github.com/en/rest
 */
export function createGitHubApi(
  options: GitHubApiOptions,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const { url, git, repositories, statuses, deliveries } = options;
  const api = (repository: Repository) => `${url}/github/repos/${repository.owner}/${repository.name}`;

  async function commitOf(repository: Repository, ref: string): Promise<string> {
    const commit = await repositories.commitOf(repository, ref);
    if (commit === undefined) throw new GitHubError(422, `No commit found for SHA: ${ref}`);
    return commit;
  }

  function hook(repository: Repository) {
    const webhook = options.webhook();
    return {
      type: 'Repository',
      id: hookId,
      name: 'web',
      active: true,
      events: ['push'],
      config: { content_type: 'json', insecure_ssl: '0', url: webhook?.url ?? null, secret: '********' },
      created_at: isoSeconds(repository.createdAt),
      updated_at: isoSeconds(repository.createdAt),
      url: `${api(repository)}/hooks/${hookId}`,
      deliveries_url: `${api(repository)}/hooks/${hookId}/deliveries`,
    };
  }

  const routes: [method: string, rest: RegExp, handler: Handler][] = [
    [
      'POST',
      /^\/statuses\/(?<sha>[^/]+)$/,
      async ({ request, response, repository, groups: { sha = '' } }) => {
        const parsed = newStatusSchema.safeParse(await readJson(request));
        if (!parsed.success) throw GitHubError.validation(parsed.error, 'Status');
        const commit = /^[0-9a-f]{40}$/.test(sha) ? await commitOf(repository, sha) : undefined;
        if (!commit) throw new GitHubError(422, `No commit found for SHA: ${sha}`);
        const status = statuses.add(repository.id, commit, parsed.data);
        if (!status) {
          throw new GitHubError(422, 'Validation Failed', [
            {
              resource: 'Status',
              code: 'custom',
              message: 'This SHA and context has reached the maximum number of statuses.',
            },
          ]);
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
    [
      'GET',
      /^\/tarball(?:\/(?<ref>.+))?$/,
      async ({ response, repository, groups: { ref = 'HEAD' } }) => {
        const commit = await repositories.commitOf(repository, ref);
        if (!commit) throw notFound();
        // github.com redirects to another host; the address of the archive names the commit or the ref that was asked for.
        const archive = `${url}/github/archives/${repository.owner}/${repository.name}/legacy.tar.gz/${ref.split('/').map(encodeURIComponent).join('/')}`;
        response.writeHead(302, { location: archive, 'content-length': 0 }).end();
      },
    ],
    ['GET', /^\/hooks$/, async ({ response, repository }) => answerJson(response, 200, [hook(repository)])],
    [
      'GET',
      /^\/hooks\/(?<hook>\d+)(?<rest>\/.*)?$/,
      async ({ response, searchParams, repository, groups: { hook: id, rest = '' } }) => {
        if (Number(id) !== hookId) throw notFound();
        if (rest === '') return answerJson(response, 200, hook(repository));
        const [, delivery] = /^\/deliveries(?:\/(\d+))?$/.exec(rest) ?? [];
        if (!rest.startsWith('/deliveries')) throw notFound();
        if (delivery !== undefined) {
          const found = deliveries.find(Number(delivery));
          if (found?.repository_id !== repository.id) throw notFound();
          return answerJson(response, 200, found);
        }
        const limit = Math.min(Math.max(Number(searchParams.get('per_page')) || 30, 1), 100);
        const cursor = Number(searchParams.get('cursor')) || undefined;
        const list = deliveries.list({
          repositoryId: repository.id,
          limit: limit + 1,
          ...(cursor ? { before: cursor } : {}),
        });
        const page = list.slice(0, limit);
        const next = `${api(repository)}/hooks/${hookId}/deliveries?per_page=${limit}&cursor=${page.at(-1)?.id}`;
        answerJson(response, 200, page, list.length > limit ? { link: `<${next}>; rel="next"` } : {});
      },
    ],
    [
      'POST',
      /^\/hooks\/(?<hook>\d+)\/deliveries\/(?<delivery>\d+)\/attempts$/,
      async ({ response, repository, groups: { hook: id, delivery } }) => {
        if (Number(id) !== hookId || deliveries.find(Number(delivery))?.repository_id !== repository.id)
          throw notFound();
        deliveries.redeliver(Number(delivery));
        answerJson(response, 202, {});
      },
    ],
  ];

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', url);
    const decoded = decodePath(pathname);
    const call = { request, response, searchParams };
    const archive = /^\/github\/archives\/(?<owner>[^/]+)\/(?<name>[^/]+)\/legacy\.tar\.gz\/(?<ref>.+)$/.exec(
      decoded,
    )?.groups;
    if (archive && request.method === 'GET') {
      const repository = repositories.find(archive.owner ?? '', archive.name ?? '');
      const commit = repository && (await repositories.commitOf(repository, archive.ref ?? ''));
      if (!repository || !commit) throw notFound();
      return sendArchive(git, response, repository, commit);
    }

    const {
      owner = '',
      name = '',
      rest = '',
    } = /^\/github\/repos\/(?<owner>[^/]+)\/(?<name>[^/]+)(?<rest>\/.*)?$/.exec(decoded)?.groups ?? {};
    if (request.headers.authorization !== undefined && !authorized(request, options.token))
      throw new GitHubError(401, 'Bad credentials');
    if (request.method !== 'GET' && !authorized(request, options.token))
      throw new GitHubError(401, 'Requires authentication');
    const repository = repositories.find(owner, name);
    if (!repository) throw notFound();
    for (const [method, pattern, handler] of routes) {
      const match = method === request.method ? pattern.exec(rest) : null;
      if (match) return handler({ ...call, repository, groups: { ...match.groups } });
    }
    throw notFound();
  }

  return async (request, response) => {
    try {
      await answer(request, response);
    } catch (error) {
      // What went wrong is the answer; anything else is ours and is told to whoever serves the machine.
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

/** https://docs.github.com/en/rest/commits/statuses#get-the-combined-status-for-a-specific-reference */
function combined(statuses: StatusJson[]): 'failure' | 'pending' | 'success' {
  if (statuses.some(({ state }) => state === 'error' || state === 'failure')) return 'failure';
  return statuses.length === 0 || statuses.some(({ state }) => state === 'pending') ? 'pending' : 'success';
}

function authorized(request: IncomingMessage, token: string): boolean {
  const given = Buffer.from(
    /^(?:bearer|token) (?<token>\S+)$/i.exec(request.headers.authorization ?? '')?.groups?.token ?? '',
  );
  const wanted = Buffer.from(token);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function decodePath(pathname: string): string {
  try {
    return decodeURIComponent(pathname);
  } catch (cause) {
    throw new GitHubError(400, 'Bad Request', undefined, { cause });
  }
}
