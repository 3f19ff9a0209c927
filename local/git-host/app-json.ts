import type { App, Installation, NewApp } from './apps.ts';
import { isoSeconds, userJson } from './repository-json.ts';

/** The account by which an app acts. */
export const botOf = ({ slug }: Pick<App, 'slug'>): string => `${slug}[bot]`;

/** https://docs.github.com/en/rest/apps/apps#get-the-authenticated-app */
export function appJson(url: string, app: App) {
  const { id, slug, clientId, owner, manifest } = app;
  return {
    id,
    slug,
    client_id: clientId,
    owner: userJson(url, owner),
    name: manifest.name,
    description: manifest.description,
    external_url: manifest.url,
    html_url: `${url}/git/apps/${slug}`,
    permissions: manifest.default_permissions,
    events: manifest.default_events,
  };
}

/** https://docs.github.com/en/rest/apps/apps#create-a-github-app-from-a-manifest */
export function newAppJson(url: string, { app, privateKey, clientSecret }: NewApp) {
  return { ...appJson(url, app), client_secret: clientSecret, webhook_secret: app.hook.secret, pem: privateKey };
}

/** https://docs.github.com/en/rest/apps/apps#get-an-installation-for-the-authenticated-app */
export function installationJson(url: string, installation: Installation) {
  const { id, app, account, createdAt, suspendedAt } = installation;
  return {
    id,
    account: userJson(url, account),
    repository_selection: 'selected',
    access_tokens_url: `${url}/github/app/installations/${id}/access_tokens`,
    repositories_url: `${url}/github/installation/repositories`,
    html_url: `${url}/git/apps/${app.slug}/installations/new`,
    app_id: app.id,
    app_slug: app.slug,
    target_type: 'User',
    permissions: { metadata: 'read', ...app.manifest.default_permissions },
    events: app.manifest.default_events,
    created_at: isoSeconds(createdAt),
    updated_at: isoSeconds(createdAt),
    suspended_at: suspendedAt === undefined ? null : isoSeconds(suspendedAt),
    suspended_by: null,
  };
}
