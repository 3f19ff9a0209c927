import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DatabaseSync } from 'node:sqlite';
import { createDeliveries } from './deliveries.ts';
import { createGitServer, isGitRequest } from './git.ts';
import { createGit } from './git-process.ts';
import { createGitHubApi } from './github.ts';
import { createGitPages } from './pages.ts';
import { createPushes } from './pushes.ts';
import { createRepositories } from './repositories.ts';
import { createStatuses } from './statuses.ts';
import type { Webhook } from './webhook.ts';

export interface GitHostOptions {
  dataFolder: string;
  /** The machine's one address. Repositories are at `<url>/git/<owner>/<repo>.git`, the API at `<url>/github`. */
  url: string;
  database: DatabaseSync;
  /** Where push events go. Without one they wait in the journal until `setWebhook` names it. */
  webhook?: Webhook;
  /** What a caller of the API needs to change something. */
  token: string;
  log(message: string): void;
}

export interface GitHost {
  /** Answers `/git…` and `/github…`. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Tells of pushes that a killed machine did not tell of, and sends what waits. */
  start(): Promise<void>;
  /** Ends every process of git and every delivery that is under way; the latter go out after the next start. */
  stop(): Promise<void>;
  setWebhook(webhook: Webhook): void;
}

/** A git process whose machine was killed may still finish its push; after so long it has, and is looked for once more. */
const orphanMilliseconds = 60_000;

/** The git host of one machine: git over smart HTTP, signed push events, and the few calls of GitHub's API that are made of it. */
export function createGitHost(options: GitHostOptions): GitHost {
  const { url, dataFolder, database, log } = options;
  const git = createGit();
  const repositories = createRepositories({ dataFolder, database, git });
  const statuses = createStatuses(url, database);
  const deliveries = createDeliveries({ database, log });
  const pushes = createPushes({ url, database, git, repositories, deliveries, log });
  let webhook = options.webhook;
  if (webhook) deliveries.setWebhook(webhook);

  const server = createGitServer({
    git,
    repositories,
    pushed: (repository, login) => pushes.notice(repository, login),
  });
  const api = createGitHubApi({
    url,
    token: options.token,
    git,
    repositories,
    statuses,
    deliveries,
    webhook: () => webhook,
  });
  const pages = createGitPages({ url, git, repositories, statuses, deliveries });
  let orphans: NodeJS.Timeout | undefined;

  async function catchUp(): Promise<void> {
    for (const repository of repositories.list()) await pushes.notice(repository, repository.owner);
  }

  return {
    handle(request, response) {
      const { pathname } = new URL(request.url ?? '/', url);
      if (isGitRequest(pathname)) return server(request, response);
      return /^\/github\/./.test(pathname) ? api(request, response) : pages(request, response);
    },
    async start() {
      await catchUp();
      deliveries.start();
      orphans = setTimeout(() => {
        catchUp().catch((error: unknown) =>
          log(`looking for pushes failed: ${error instanceof Error ? error.message : error}`),
        );
      }, orphanMilliseconds);
      orphans.unref();
    },
    async stop() {
      clearTimeout(orphans);
      await deliveries.stop();
      await git.stop();
    },
    setWebhook(registered) {
      webhook = registered;
      deliveries.setWebhook(registered);
    },
  };
}
