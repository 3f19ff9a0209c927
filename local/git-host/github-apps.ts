import { verify } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { appJson, installationJson, newAppJson } from './app-json.ts';
import { type App, type Apps, type Installation, includes, permissionsSchema } from './apps.ts';
import type { Deliveries } from './deliveries.ts';
import { answerJson, GitHubError, notFound, readInput } from './github-http.ts';
import type { Repositories, Repository } from './repositories.ts';
import { isoSeconds, repositoryJson } from './repository-json.ts';

const headSchema = z.object({ alg: z.literal('RS256') });
const claimsSchema = z.object({
  iat: z.number(),
  exp: z.number(),
  iss: z.union([z.string(), z.int().transform(String)]),
});
const tokenRequestSchema = z.object({
  repositories: z.array(z.string()).max(500).optional(),
  repository_ids: z.array(z.int()).max(500).optional(),
  permissions: permissionsSchema.optional(),
});
const hookSchema = z.object({ url: z.url({ protocol: /^https?$/ }).optional(), secret: z.string().min(1).optional() });

/** GitHub forgives clocks so much. */
const clockSeconds = 60;
const longestSeconds = 600;

/** The calls of an app as itself, and those that make one. https://docs.github.com/en/rest/apps/apps */
export function createAppApi({
  url,
  apps,
  repositories,
  deliveries,
  notify,
}: {
  url: string;
  apps: Apps;
  repositories: Repositories;
  deliveries: Pick<Deliveries, 'list'>;
  /** Sends an event of an installation to its app. */
  notify(installation: Installation, event: 'installation', payload: object): void;
}) {
  /** https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app */
  function appOf({ headers }: IncomingMessage): App {
    const [, head = '', body = '', signature = ''] =
      /^bearer ([\w-]+)\.([\w-]+)\.([\w-]+)$/i.exec(headers.authorization ?? '') ?? [];
    const claims = claimsSchema.safeParse(partOf(body)).data;
    if (!claims || !headSchema.safeParse(partOf(head)).success)
      throw new GitHubError(401, 'A JSON web token could not be decoded');
    const now = Date.now() / 1000;
    if (claims.iat > now + clockSeconds)
      throw new GitHubError(
        401,
        "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
      );
    if (claims.exp < now || claims.exp - now > longestSeconds + clockSeconds)
      throw new GitHubError(401, "'Expiration time' claim ('exp') is too far in the future");
    const app = apps.byIssuer(claims.iss);
    if (!app) throw new GitHubError(404, 'Integration not found');
    const signed = Buffer.from(`${head}.${body}`);
    if (!verify('RSA-SHA256', signed, app.publicKey, Buffer.from(signature, 'base64url')))
      throw new GitHubError(401, 'A JSON web token could not be decoded');
    return app;
  }

  function installationOf(app: App, id: string | undefined): Installation {
    const found = apps.installation(Number(id));
    if (found?.app.id !== app.id) throw notFound();
    return found;
  }

  async function mint(request: IncomingMessage, response: ServerResponse, installation: Installation) {
    if (installation.suspendedAt !== undefined) throw new GitHubError(403, 'This installation has been suspended');
    const {
      repositories: names,
      repository_ids: ids,
      permissions,
    } = await readInput(request, tokenRequestSchema, 'Token');
    const { default_permissions: granted } = installation.app.manifest;
    const wanted = permissions ?? granted;
    if (!Object.entries(wanted).every(([name, level]) => name === 'metadata' || includes(granted, name, level)))
      throw new GitHubError(422, 'The permissions requested are not granted to this installation.');
    const all = installation.repositoryIds.flatMap((id) => repositories.get(id) ?? []);
    const isAmong = (value: string | number, of: (repository: Repository) => string | number) =>
      all.some((repository) => of(repository) === value);
    const lower = names?.map((name) => name.toLowerCase());
    const areThere =
      (lower ?? []).every((name) => isAmong(name, (repository) => repository.name.toLowerCase())) &&
      (ids ?? []).every((id) => isAmong(id, (repository) => repository.id));
    if (!areThere)
      throw new GitHubError(
        422,
        'There is at least one repository that does not exist or is not accessible to the parent installation.',
      );
    const isAny = lower === undefined && ids === undefined;
    const chosen = all.filter(({ id, name }) => isAny || lower?.includes(name.toLowerCase()) || ids?.includes(id));
    const repositoryIds = chosen.map(({ id }) => id);
    const { token, expiresAt } = apps.mint({ installation, repositoryIds, permissions: wanted });
    answerJson(response, 201, {
      token,
      expires_at: isoSeconds(expiresAt),
      permissions: { metadata: 'read', ...wanted },
      repository_selection: 'selected',
      repositories: await Promise.all(
        chosen.map(async (each) => repositoryJson(url, each, await repositories.defaultBranch(each))),
      ),
    });
  }

  /** @returns false if the path is none of these calls' */
  return async function appApi(request: IncomingMessage, response: ServerResponse, path: string): Promise<boolean> {
    const { method } = request;
    const { code } = /^\/github\/app-manifests\/(?<code>[0-9a-f]{1,80})\/conversions$/.exec(path)?.groups ?? {};
    if (method === 'POST' && code !== undefined) {
      const made = apps.convert(code);
      if (!made) throw notFound();
      answerJson(response, 201, newAppJson(url, made));
      return true;
    }
    const { owner = '', name } =
      /^\/github\/repos\/(?<owner>[^/]+)\/(?<name>[^/]+)\/installation$/.exec(path)?.groups ?? {};
    if (method === 'GET' && name !== undefined) {
      const app = appOf(request);
      const repository = repositories.find(owner, name);
      const found = apps
        .installations(app)
        .find(({ repositoryIds }) => repository && repositoryIds.includes(repository.id));
      if (!found) throw notFound();
      answerJson(response, 200, installationJson(url, found));
      return true;
    }
    if (!/^\/github\/app(?:\/|$)/.test(path)) return false;
    const app = appOf(request);
    const { id, what } =
      /^\/github\/app\/installations\/(?<id>\d{1,15})(?:\/(?<what>access_tokens|suspended))?$/.exec(path)?.groups ?? {};
    const route = `${method} ${id === undefined ? path.slice('/github'.length) : ['', what].filter(Boolean).join('/') || 'installation'}`;
    switch (route) {
      case 'GET /app':
        answerJson(response, 200, { ...appJson(url, app), installations_count: apps.installations(app).length });
        return true;
      case 'GET /app/installations':
        answerJson(
          response,
          200,
          apps.installations(app).map((each) => installationJson(url, each)),
        );
        return true;
      case 'GET /app/hook/config':
      case 'PATCH /app/hook/config': {
        const changed = method === 'PATCH' ? apps.changeHook(app, await readInput(request, hookSchema, 'Hook')) : app;
        answerJson(response, 200, {
          content_type: 'json',
          insecure_ssl: '0',
          secret: '********',
          url: changed.hook.url,
        });
        return true;
      }
      case 'GET /app/hook/deliveries':
        answerJson(response, 200, deliveries.list({ appId: app.id, limit: 30 }));
        return true;
      case 'GET installation':
        answerJson(response, 200, installationJson(url, installationOf(app, id)));
        return true;
      case 'POST access_tokens':
        await mint(request, response, installationOf(app, id));
        return true;
      case 'DELETE installation':
      case 'PUT suspended':
      case 'DELETE suspended': {
        const installation = installationOf(app, id);
        const action = {
          'DELETE installation': 'deleted',
          'PUT suspended': 'suspend',
          'DELETE suspended': 'unsuspend',
        }[route];
        if (action === 'deleted') apps.uninstall(installation);
        else apps.suspend(installation, action === 'suspend');
        notify(installation, 'installation', { action, installation: installationJson(url, installation) });
        response.writeHead(204).end();
        return true;
      }
      default:
        throw notFound();
    }
  };
}

export type AppApi = ReturnType<typeof createAppApi>;

function partOf(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    return undefined;
  }
}
