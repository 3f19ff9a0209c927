import { appJson } from './app-json.ts';
import type { Apps } from './apps.ts';
import { type CheckRun, checkRunJson } from './check-runs.ts';
import type { Deliveries } from './deliveries.ts';
import type { Repositories, Repository } from './repositories.ts';
import { repositoryJson, userJson } from './repository-json.ts';

/**
 * The events of buttons at a check run, which only the app that made the run gets.
 * https://docs.github.com/en/webhooks/webhook-events-and-payloads#check_run,
 * https://docs.github.com/en/webhooks/webhook-events-and-payloads#check_suite
 */
export function createCheckEvents(options: {
  url: string;
  apps: Apps;
  repositories: Pick<Repositories, 'defaultBranch'>;
  deliveries: Deliveries;
}) {
  const { url, apps, repositories, deliveries } = options;

  async function send(
    repository: Repository,
    appId: number,
    { event, login, payload }: { event: 'check_run' | 'check_suite'; login: string; payload: object },
  ): Promise<void> {
    // Who may write checks gets the events of their buttons, whatever its manifest says.
    const installation = apps
      .watching(repository)
      .find(({ app }) => app.id === appId && app.manifest.default_permissions.checks === 'write');
    if (!installation) return;
    deliveries.addForApp(installation, {
      event,
      repositoryId: repository.id,
      payload: {
        ...payload,
        repository: repositoryJson(url, repository, await repositories.defaultBranch(repository)),
        sender: userJson(url, login),
      },
    });
    deliveries.pump();
  }

  const apiOf = ({ owner, name }: Repository) => `${url}/github/repos/${owner}/${name}`;

  function sendRun(repository: Repository, run: CheckRun, login: string, event: object): Promise<void> {
    const payload = { ...event, check_run: checkRunJson(url, apiOf(repository), run) };
    return send(repository, run.app.id, { event: 'check_run', login, payload });
  }

  return {
    /** The button "Re-run". */
    rerequest: (repository: Repository, run: CheckRun, login: string) =>
      sendRun(repository, run, login, { action: 'rerequested' }),
    /** A button that the app has put there. */
    request: (repository: Repository, run: CheckRun, login: string, identifier: string) =>
      sendRun(repository, run, login, { action: 'requested_action', requested_action: { identifier } }),
    /** The button "Re-run all checks", of each app that has some at the commit. */
    async rerequestAll(repository: Repository, runs: readonly CheckRun[], login: string) {
      for (const [appId, [first, ...others]] of Map.groupBy(runs, ({ app }) => app.id)) {
        if (!first) continue;
        const { sha, app } = first;
        const check_suite = {
          id: first.id,
          head_sha: sha,
          head_branch: null,
          status: 'queued',
          conclusion: null,
          url: `${apiOf(repository)}/check-suites/${first.id}`,
          before: null,
          after: sha,
          pull_requests: [],
          app: appJson(url, app),
          latest_check_runs_count: others.length + 1,
        };
        const payload = { action: 'rerequested', check_suite };
        await send(repository, appId, { event: 'check_suite', login, payload });
      }
    },
  };
}

export type CheckEvents = ReturnType<typeof createCheckEvents>;
