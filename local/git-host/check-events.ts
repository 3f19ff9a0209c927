import type { Apps } from './apps.ts';
import { type CheckRun, checkRunJson } from './check-runs.ts';
import type { Deliveries } from './deliveries.ts';
import type { Repositories, Repository } from './repositories.ts';
import { repositoryJson, userJson } from './repository-json.ts';

/**
 * The events of buttons at a check run, which only the app that made the run gets.
 * https://docs.github.com/en/webhooks/webhook-events-and-payloads#check_run
 */
export function createCheckEvents(options: {
  url: string;
  apps: Apps;
  repositories: Pick<Repositories, 'defaultBranch'>;
  deliveries: Deliveries;
}) {
  const { url, apps, repositories, deliveries } = options;

  async function send(repository: Repository, run: CheckRun, login: string, event: object): Promise<void> {
    const installation = apps
      .watching(repository)
      .find(({ app }) => app.id === run.app.id && app.manifest.default_events.includes('check_run'));
    if (!installation) return;
    const api = `${url}/github/repos/${repository.owner}/${repository.name}`;
    deliveries.addForApp(installation, {
      event: 'check_run',
      repositoryId: repository.id,
      payload: {
        ...event,
        check_run: checkRunJson(url, api, run),
        repository: repositoryJson(url, repository, await repositories.defaultBranch(repository)),
        sender: userJson(url, login),
      },
    });
    deliveries.pump();
  }

  return {
    /** The button "Re-run". */
    rerequest: (repository: Repository, run: CheckRun, login: string) =>
      send(repository, run, login, { action: 'rerequested' }),
    /** A button that the app has put there. */
    request: (repository: Repository, run: CheckRun, login: string, identifier: string) =>
      send(repository, run, login, { action: 'requested_action', requested_action: { identifier } }),
  };
}

export type CheckEvents = ReturnType<typeof createCheckEvents>;
