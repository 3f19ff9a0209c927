import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DatabaseSync } from 'node:sqlite';
import { createAppPages } from './app-pages.ts';
import { createApps } from './apps.ts';
import { createCheckEvents } from './check-events.ts';
import { createCheckRuns } from './check-runs.ts';
import { createCommits } from './commits.ts';
import { createContents } from './contents.ts';
import { createDeliveries } from './deliveries.ts';
import { createGitServer, isGitRequest } from './git.ts';
import { createGit } from './git-process.ts';
import { createGitHubApi } from './github.ts';
import { createAppApi } from './github-apps.ts';
import { checkRunRoutes } from './github-check-runs.ts';
import { hookRoutes } from './github-hooks.ts';
import { issueRoutes } from './github-issues.ts';
import { peopleRoutes } from './github-people.ts';
import { pullRoutes } from './github-pulls.ts';
import { repositoryRoutes } from './github-repositories.ts';
import { statusRoutes } from './github-statuses.ts';
import { createGitPages } from './pages.ts';
import { createCallers, createPeople } from './people.ts';
import { createPullBranches } from './pull-branches.ts';
import { createPullComments } from './pull-comments.ts';
import { createPullForms } from './pull-json.ts';
import { createPullPages } from './pull-pages.ts';
import { createPullStore } from './pull-store.ts';
import { createPulls } from './pulls.ts';
import { createPushes } from './pushes.ts';
import { createRepositories, publicOnly, type Repository } from './repositories.ts';
import { createStatuses } from './statuses.ts';
import type { Webhook } from './webhook.ts';

export interface GitHostOptions {
  dataFolder: string;
  /** The machine's one address. Repositories are at `<url>/git/<owner>/<repo>.git`, the API at `<url>/github`. */
  url: string;
  database: DatabaseSync;
  /** Where push events go. Without one they wait in the journal until `setWebhook` names it. */
  webhook?: Webhook;
  /** What a push needs, and a caller of the API who changes something. */
  token: string;
  /** What people confirm with in the browser. */
  password: string;
  log(message: string): void;
}

export interface GitHost {
  /** Answers `/git…` and `/github…`. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  /** Sends the events of pushes whose events a killed machine did not send, and what else waits. */
  start(): Promise<void>;
  /** Ends every process of git and every delivery that is under way; the latter go out after the next start. */
  stop(): Promise<void>;
  setWebhook(webhook: Webhook): void;
}

/** A git process whose machine was killed may still finish its push; after this time it has, and is looked for once more. */
const orphanMilliseconds = 60_000;

/** The git host of one machine: git over smart HTTP, signed push events, and the calls of GitHub's API that are made of it. */
export function createGitHost(options: GitHostOptions): GitHost {
  const { url, dataFolder, database, log } = options;
  const git = createGit();
  const repositories = createRepositories({ dataFolder, database, git });
  const statuses = createStatuses(url, database);
  const apps = createApps(database);
  const deliveries = createDeliveries({ database, repositories, apps, log });
  const pushes = createPushes({ url, database, git, repositories, deliveries, log });
  let webhook = options.webhook;
  if (webhook) deliveries.setWebhook(webhook);

  const people = createPeople(database);
  const store = createPullStore(database);
  const commits = createCommits(url, git);
  const forms = createPullForms({ url, repositories, people, store, commits });
  const pullBranches = createPullBranches({ git, repositories, commits });
  const pulls = createPulls({ database, git, repositories, deliveries, store, commits, pullBranches, forms });
  const comments = createPullComments({ deliveries, store, forms });

  /** The event of the push is sent first, then those of its pull requests. */
  async function pushed(repository: Repository, login: string): Promise<void> {
    await pushes.notice(repository, login);
    await pulls.settle(repository, login);
  }

  const callerOf = createCallers(options.token, apps);
  const server = createGitServer({ git, repositories, people, callerOf, pushed });
  const checkRuns = createCheckRuns(database, apps);
  const checkEvents = createCheckEvents({ url, apps, repositories, deliveries });
  const contents = createContents(url, git);
  const shared = {
    url,
    git,
    repositories,
    people,
    statuses,
    deliveries,
    store,
    commits,
    forms,
    pullBranches,
    pulls,
    comments,
    pushed,
    apps,
    checkRuns,
    checkEvents,
  };
  const appPages = createAppPages({ ...shared, password: options.password });
  const api = createGitHubApi({
    url,
    callerOf,
    git,
    repositories,
    people,
    appApi: createAppApi({
      ...shared,
      notify(installation, event, payload) {
        deliveries.addForApp(installation, { event, repositoryId: 0, payload });
        deliveries.pump();
      },
    }),
    routes: [
      // Before what is asked of a commit, whose name may have slashes.
      ...checkRunRoutes(shared),
      ...statusRoutes(shared),
      ...hookRoutes({ ...shared, webhook: () => webhook }),
      ...pullRoutes(shared),
      ...issueRoutes(shared),
      ...peopleRoutes(shared),
      ...repositoryRoutes({ ...shared, contents }),
    ],
  });
  // The pages are open to everybody.
  const open = { ...repositories, ...publicOnly(repositories) };
  const pages = createGitPages({ ...shared, repositories: open, deliveries, contents, pulls: createPullPages(shared) });
  let orphans: NodeJS.Timeout | undefined;

  async function catchUp(): Promise<void> {
    for (const repository of repositories.list()) await pushed(repository, repository.owner);
  }

  return {
    async handle(request, response) {
      const { pathname } = new URL(request.url ?? '/', url);
      if (isGitRequest(pathname)) return server(request, response);
      if (/^\/github\/./.test(pathname)) return api(request, response);
      if (!(await appPages(request, response))) await pages(request, response);
    },
    async start() {
      for (const { owner, name, folder } of repositories.forgetDeleted())
        log(`the repository ${owner}/${name} is gone, with its folder ${folder}`);
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
