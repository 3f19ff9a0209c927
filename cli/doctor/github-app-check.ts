import {
  appEvents,
  installationRefusal,
  missingPermissions,
  permissionsFor,
} from '../../core/git-host/app-installation.ts';
import type { GitHost, HostedRepository } from '../../core/model/git-host.ts';
import { createGithubApp } from '../../services/git-host/github/app.ts';
import { type AppState, readAppState } from '../../services/git-host/github/app-state.ts';
import { type CheckResult, ok, together, unknown, warning, wrong } from './check-result.ts';

/** An app as it is stored beside the tokens of the git hosts. */
export interface StoredApp {
  app: string;
  'private-key': string;
}

interface Wanted {
  /** The address of its webhook. */
  webhook: string;
  /** The repository of the index, where it is on this host. */
  index: string | undefined;
}

/**
 * Whether GitHub accepts an app's key, the app has the permissions and events that it needs, its deliveries arrive, and the index is open
 * to it.
 */
export async function githubAppResult(
  { url, apiUrl }: Pick<GitHost, 'url' | 'apiUrl'>,
  { app: id, 'private-key': privateKey }: StoredApp,
  { webhook, index }: Wanted,
): Promise<CheckResult> {
  const key = { id, privateKey };
  const state = await readAppState(apiUrl, key).catch((error: Error) => error);
  if (state instanceof Error) return unknown(`The GitHub App cannot be looked at: ${state.message}`);
  if ('refusal' in state) return wrong(state.refusal, whatGoesWrong);
  const { name, html_url, installations } = state;
  if (installations.length === 0)
    return wrong(`The GitHub App ${name} is installed nowhere.`, `Install it: ${html_url}/installations/new`);
  const opened =
    index === undefined ? undefined : await createGithubApp({ apiUrl, key }).tokenFor({ path: index }, 'reports');
  const results = [
    ...rightsResults(state),
    ...hookResults(state, webhook),
    ...installations.flatMap((each) => {
      const login = each.account?.login ?? '';
      const refusal = installationRefusal(each, login, 'reports');
      return refusal === undefined ? [] : warning(refusal, acceptIt);
    }),
    ...(opened && 'refusal' in opened ? [wrong(opened.refusal, `Install it: ${html_url}/installations/new`)] : []),
  ];
  return results.length > 0
    ? together(results)
    : ok(`${url} accepts the GitHub App ${name}, installed for ${installations.length}.`);
}

/** Whether the app gets the events of a repository. */
export async function isInstalled(
  { host: { apiUrl }, path }: HostedRepository,
  { app: id, 'private-key': privateKey }: StoredApp,
): Promise<boolean> {
  const answer = await createGithubApp({ apiUrl, key: { id, privateKey } }).tokenFor({ path }, 'reports');
  return 'token' in answer;
}

const whatGoesWrong = 'docs/github-app.md, "What goes wrong"';
const acceptIt = 'The owner finds it under "Installed GitHub Apps"';
const inSettings = 'In the settings of the app, "Permissions & events"';

function rightsResults({ name, permissions, events }: AppState): CheckResult[] {
  const missing = missingPermissions(permissions, permissionsFor.reports);
  const unheard = appEvents.filter((event) => !events.includes(event));
  return [
    ...(missing.length === 0
      ? []
      : [wrong(`The GitHub App ${name} lacks ${missing.join(', ')}.`, `${inSettings}; then the owners accept it`)]),
    ...(unheard.length === 0
      ? []
      : [wrong(`The GitHub App ${name} gets no events ${unheard.join(', ')}.`, inSettings)]),
  ];
}

function hookResults({ name, hook, lastDelivery }: AppState, wanted: string): CheckResult[] {
  const setIt = `In the settings of the app, "Webhook": ${wanted}, and the secret that "npx slipway webhook secret --app" prints`;
  if (!hook?.url) return [wrong(`The GitHub App ${name} has no webhook.`, setIt)];
  if (hook.url !== wanted) return [wrong(`The webhook of the GitHub App ${name} goes to ${hook.url}.`, setIt)];
  if (!hook.secret) return [wrong(`The webhook of the GitHub App ${name} has no secret.`, setIt)];
  const { status, status_code: code } = lastDelivery ?? { status: 'OK', status_code: 202 };
  if (code >= 200 && code < 300) return [];
  const failed = `The last delivery of the GitHub App ${name} failed: ${code} ${status}.`;
  return [
    code === 401
      ? wrong(failed, setIt)
      : warning(failed, 'See "Recent deliveries" in the settings of the app, "Advanced"'),
  ];
}
