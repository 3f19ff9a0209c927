import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { type Html, html, htmlPage, pagePolicy } from '../page.ts';
import { installationJson } from './app-json.ts';
import { type App, type Apps, type Manifest, manifestSchema } from './apps.ts';
import type { CheckEvents } from './check-events.ts';
import type { CheckRuns } from './check-runs.ts';
import type { Deliveries } from './deliveries.ts';
import { isLogin, machineLogin, type People } from './people.ts';
import type { Repositories, Repository } from './repositories.ts';

/** Whoever guesses passwords does so slowly. */
const wrongMilliseconds = 1_000;
const mostBody = 100_000;
const shaLength = 40;
const wrongPassword = 'That is not the password. The start of the machine printed it, and local.json has it.';

/** Another site cannot send a form in somebody's name: each has the password in it. */
const passwordField = html`<p><label>Password of this machine <input name="password" type="password" required autocomplete="current-password"></label></p>`;

/**
 * What people do with apps in the browser: make one from a manifest, install it on repositories, and press the buttons of check runs.
 * https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
 */
export function createAppPages(options: {
  url: string;
  /** Whoever has it may be anybody. */
  password: string;
  apps: Apps;
  repositories: Repositories;
  people: People;
  deliveries: Deliveries;
  checkRuns: CheckRuns;
  checkEvents: CheckEvents;
}) {
  const { url, password, apps, repositories, people, deliveries, checkRuns, checkEvents } = options;

  /** Undefined if the form has the password, else why not. */
  async function refusal(form: URLSearchParams): Promise<string | undefined> {
    const [given, wanted] = [form.get('password') ?? '', password].map((text) =>
      createHash('sha256').update(text).digest(),
    );
    if (given && wanted && timingSafeEqual(given, wanted)) return undefined;
    await delay(wrongMilliseconds);
    return wrongPassword;
  }

  /** The form that a manifest is sent by names no password yet: the host asks for it, and for the person's consent. */
  async function makeApp(form: URLSearchParams, search: URLSearchParams, owner: string, response: ServerResponse) {
    const text = form.get('manifest') ?? '';
    const manifest = manifestSchema.safeParse(parse(text)).data;
    if (!manifest)
      return page(response, 422, 'Not a manifest', html`<p class="bad">Invalid GitHub App configuration.</p>`);
    const reason = form.has('password') ? await refusal(form) : '';
    if (reason !== undefined)
      return page(response, reason ? 403 : 200, 'Create GitHub App', manifestForm(manifest, text, reason));
    const back = new URL(manifest.redirect_url);
    back.searchParams.set('code', apps.begin(manifest, owner));
    const state = search.get('state');
    if (state !== null) back.searchParams.set('state', state);
    response.writeHead(302, { location: back.href, 'cache-control': 'no-store' }).end();
  }

  async function install(app: App, form: URLSearchParams, response: ServerResponse) {
    const names = (form.get('repositories') ?? '').split(/[\s,]+/).filter(Boolean);
    const found = names.flatMap((name) => repositories.find(name.split('/')[0] ?? '', name.split('/')[1] ?? '') ?? []);
    const account = found[0]?.owner ?? '';
    const isOfOne = found.every(({ owner }) => owner.toLowerCase() === account.toLowerCase());
    const reason = (await refusal(form)) ?? (found.length < names.length ? 'There is no such repository.' : undefined);
    if (reason || found.length === 0 || !isOfOne)
      return page(
        response,
        403,
        `Install ${app.manifest.name}`,
        installForm(app, reason ?? 'Name repositories of one owner.'),
      );
    const { installation, isNew } = apps.install(
      app,
      account,
      found.map(({ id }) => id),
    );
    const payload = {
      action: isNew ? 'created' : 'added',
      installation: installationJson(url, installation),
      [isNew ? 'repositories' : 'repositories_added']: found.map(({ id, owner, name, isPrivate }) => ({
        id,
        name,
        full_name: `${owner}/${name}`,
        private: isPrivate,
      })),
    };
    deliveries.addForApp(installation, {
      event: isNew ? 'installation' : 'installation_repositories',
      repositoryId: 0,
      payload,
    });
    deliveries.pump();
    const list = html`<p>${app.manifest.name} is installed on ${found.map(({ owner, name }) => `${owner}/${name}`).join(', ')}.</p>`;
    page(response, 200, 'Installed', list);
  }

  /** @param id of a run, or the commit of all its runs */
  async function press(repository: Repository, id: string, form: URLSearchParams, response: ServerResponse) {
    const isAll = id.length === shaLength;
    const all = isAll ? checkRuns.of(repository.id, id) : [];
    const run = isAll ? all[0] : checkRuns.get(Number(id));
    if (run?.repositoryId !== repository.id) return;
    const login = form.get('login') || machineLogin;
    const isAllowed = isLogin(login) && people.can(repository, login, 'push');
    const reason = (await refusal(form)) ?? (isAllowed ? undefined : `${login} may not write to this repository.`);
    if (reason) return page(response, 403, run.run.name, html`<p class="bad">${reason}</p>`);
    const button = form.get('button') ?? '';
    if (isAll) await checkEvents.rerequestAll(repository, all, login);
    else if (button === '') await checkEvents.rerequest(repository, run, login);
    else await checkEvents.request(repository, run, login, button);
    const { owner, name } = repository;
    response.writeHead(303, { location: `${url}/git/${owner}/${name}/commit/${run.sha}` }).end();
  }

  /** @returns false if the path is none of these pages' */
  return async function appPages(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const { pathname, searchParams } = new URL(request.url ?? '/', url);
    const isPost = request.method === 'POST';
    const made = /^\/git(?:\/organizations\/(?<owner>[A-Za-z0-9][\w.-]{0,99}))?\/settings\/apps\/new$/.exec(pathname);
    if (isPost && made) {
      await makeApp(await formOf(request), searchParams, made.groups?.owner ?? machineLogin, response);
      return true;
    }
    const { slug } = /^\/git\/apps\/(?<slug>[\w-]{1,100})\/installations\/new$/.exec(pathname)?.groups ?? {};
    const app = slug === undefined ? undefined : apps.bySlug(slug);
    if (app) {
      if (isPost) await install(app, await formOf(request), response);
      else page(response, 200, `Install ${app.manifest.name}`, installForm(app, ''));
      return true;
    }
    const {
      owner = '',
      name = '',
      id = '',
    } = /^\/git\/(?<owner>[^/]+)\/(?<name>[^/]+)\/check-runs\/(?<id>\d{1,15}|[0-9a-f]{40})$/.exec(pathname)?.groups ??
    {};
    const repository = isPost && id !== '' ? repositories.find(owner, name) : undefined;
    if (!repository) return false;
    await press(repository, id, await formOf(request), response);
    return response.headersSent;
  };
}

function manifestForm(manifest: Manifest, text: string, reason: string): Html {
  const list = Object.entries(manifest.default_permissions).map(([name, level]) => html`<li>${name}: ${level}</li>`);
  return html`<p>${manifest.name} will be able to do this, where it is installed:</p><ul>${list}</ul>
<p>It gets these events: ${manifest.default_events.join(', ') || 'none'}, at ${manifest.hook_attributes?.url ?? 'no address'}.</p>
${reasonOf(reason)}
<form method="post"><input type="hidden" name="manifest" value="${text}">${passwordField}<p><button>Create GitHub App</button></p></form>`;
}

function installForm({ manifest }: App, reason: string): Html {
  return html`<p>${manifest.name} gets access to the repositories that you name here, all of one owner, and to no others.</p>
${reasonOf(reason)}
<form method="post">
<p><label>Repositories <input name="repositories" required placeholder="owner/name owner/other"></label></p>
${passwordField}<p><button>Install</button></p></form>`;
}

function reasonOf(reason: string): Html {
  return reason === '' ? html`` : html`<p class="bad" role="alert">${reason}</p>`;
}

function page(response: ServerResponse, status: number, title: string, body: Html): void {
  // An app is sent back to the command that asked for it, which listens on the loopback too.
  const policy = pagePolicy.replace("form-action 'none'", "form-action 'self' http://localhost:* http://127.0.0.1:*");
  response
    .writeHead(status, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy,
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    })
    .end(htmlPage(title, body));
}

async function formOf(request: IncomingMessage): Promise<URLSearchParams> {
  let body = '';
  for await (const chunk of request) body = (body + String(chunk)).slice(0, mostBody);
  return new URLSearchParams(body);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
