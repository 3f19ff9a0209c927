import { apiProjectListSchema, apiProjectSchema } from '../../core/api/projects.ts';
import { mapConcurrently } from '../../core/concurrency.ts';
import type { GitHost } from '../../core/model/git-host.ts';
import { findRepository } from '../../core/sources/source.ts';
import { dayOf } from '../../core/time/day.ts';
import { credentialsIn } from '../../services/git-host/host-tokens.ts';
import { readTokenState, seesRepository } from '../../services/git-host/token-state.ts';
import { createWebhookSetup } from '../../services/git-host/webhook-setup.ts';
import { createApi } from '../deployment/api.ts';
import { personalToken } from '../webhooks/personal-token.ts';
import type { Account } from './account.ts';
import { type CheckResult, ok, together, unknown, warning, wrong } from './check-result.ts';
import { githubAppResult, isInstalled } from './github-app-check.ts';
import { readSecret, restored } from './secret.ts';

const soonMilliseconds = 14 * 24 * 60 * 60_000;
/** Each costs a request or two. */
const mostRepositories = 50;
const atOnce = 5;

/** A token with one of these may do all that Slipway does. docs/git-hosts.md says which token to make. */
const neededScopes: Record<GitHost['kind'], readonly string[]> = {
  github: ['repo', 'public_repo'],
  gitlab: ['api'],
  forgejo: [],
};

const hostsOf = ({ output }: Account): GitHost[] => JSON.parse(output('GitHosts')) as GitHost[];

/** Whether there is a token of each git host, the host takes it, and it may do what is needed, as far as the host tells. */
export async function gitHostTokens(account: Account): Promise<CheckResult> {
  const SecretId = account.output('GitHostTokensSecretArn');
  const secret = await readSecret(account, SecretId);
  if (secret === undefined)
    return wrong(
      'The secret for the tokens of the git hosts was deleted: what needs their APIs fails.',
      restored(SecretId),
    );
  const hosts = hostsOf(account);
  const fix = `docs/git-hosts.md says which token to make; then: aws secretsmanager put-secret-value --secret-id ${SecretId} --secret-string ${hosts.length > 1 ? `'{"HOST": "TOKEN", …}'` : '"$TOKEN"'}`;
  const index = account.output('IndexRepository');
  const results = hosts.map(async (host, at) => {
    const stored = credentialsIn(secret, host, hosts);
    if (stored === undefined)
      return warning(`There is no token of ${host.url}: no commit statuses and comments, and few requests.`, fix);
    const ofIndex = at === 0 ? index : undefined;
    if (typeof stored === 'string') return tokenResult(host, { token: stored, index: ofIndex, fix });
    const { token } = stored;
    const webhook = `${account.output('WebhooksUrl')}/${host.kind}`;
    // The token may open what the app does not.
    const app = await githubAppResult(host, stored, { webhook, index: token === undefined ? ofIndex : undefined });
    return token === undefined ? app : together([app, await tokenResult(host, { token, index: undefined, fix })]);
  });
  return together(await Promise.all(results));
}

async function tokenResult(
  host: GitHost,
  { token, index, fix }: { token: string; index: string | undefined; fix: string },
): Promise<CheckResult> {
  const { kind, url, apiUrl } = host;
  const state = await readTokenState(host, token).catch((error: Error) => ({ failure: error.message }));
  if ('failure' in state)
    return unknown(
      `${apiUrl} does not answer here: ${state.failure}.`,
      'Is its address in "gitHosts" of cdk.json right?',
    );
  if (!state.isTaken) return wrong(`${url} refuses its token (${state.answer}): no commit statuses and comments.`, fix);
  const { scopes, expiresAt } = state;
  const needed = neededScopes[kind];
  if (scopes && needed.length > 0 && !needed.some((scope) => scopes.includes(scope)))
    return wrong(
      `The token of ${url} does not have the scope ${needed.join(' or ')}, but ${scopes.join(', ') || 'none'}.`,
      fix,
    );
  if (index !== undefined && !(await seesRepository(host, token, index)))
    return wrong(`The token of ${url} does not open the index, ${index}, or there is no such repository.`, fix);
  if (expiresAt !== undefined && Date.parse(expiresAt) < Date.now() + soonMilliseconds)
    return warning(`The token of ${url} expires on ${dayOf(new Date(expiresAt))}.`, fix);
  return ok(`${url} takes its token.`);
}

const sourcesSchema = apiProjectListSchema.extend({
  items: apiProjectSchema.pick({ active: true, source: true }).array(),
});

/** Whether the index and the sources have their webhooks, and the host reached them the last time. */
export async function webhooks(account: Account): Promise<CheckResult> {
  const hosts = hostsOf(account);
  const secret = (await readSecret(account, account.output('GitHostTokensSecretArn'))) ?? '';
  const sources = new Set([`${hosts[0]?.url}/${account.output('IndexRepository')}`]);
  const projects = createApi(account.output('SiteUrl')).list('projects', {}, sourcesSchema);
  for await (const { active, source } of projects) {
    if (active) sources.add(source.url.replace(/\.git$/, ''));
    if (sources.size === mostRepositories) break;
  }
  const closed: string[] = [];
  const results = await mapConcurrently([...sources], atOnce, async (source) => {
    const found = findRepository(hosts, source);
    if (!found) return [];
    const stored = credentialsIn(secret, found.host, hosts);
    const name = found.host === hosts[0] ? found.path : source;
    // The app's own webhook was looked at with the app.
    if (typeof stored === 'object' && (await isInstalled(found, stored)))
      return [ok(`${name} has that of the GitHub App.`)];
    const token = personalToken(found.host) ?? (typeof stored === 'object' ? stored.token : stored);
    if (token === undefined) {
      closed.push(name);
      return [];
    }
    const address = `${account.output('WebhooksUrl')}/${found.host.kind}`;
    return [await webhookResult(found, { token, address, name })];
  });
  const all = results.flat();
  if (closed.length > 0) all.push(withoutToken(closed));
  return all.every(({ state }) => state === 'ok')
    ? ok(`Each repository has its webhook: ${all.length}.`)
    : together(all);
}

const lookAgain = (name: string) =>
  `Call it with the token of somebody who administers ${name}, as for "slipway webhook add"`;

function withoutToken(names: readonly string[]): CheckResult {
  const [first = '', ...others] = names;
  const more = others.length > 0 ? ` and ${others.length} more` : '';
  return unknown(`The webhook of ${first}${more} cannot be looked at without a token.`, lookAgain(first));
}

async function webhookResult(
  { host, path }: NonNullable<ReturnType<typeof findRepository>>,
  { token, address, name }: { token: string; address: string; name: string },
): Promise<CheckResult> {
  const { find } = createWebhookSetup(host, token);
  const organization = path.slice(0, path.lastIndexOf('/'));
  const hook = await find({ repository: path }, address)
    // Not everybody may read those of the organisation.
    .then((own) => own ?? find({ organization }, address).catch(() => undefined))
    .catch((error: Error) => ({ error }));
  if (hook && 'error' in hook)
    return unknown(`The webhook of ${name} cannot be looked at: ${hook.error.message}`, lookAgain(name));
  const add = `npx slipway webhook add ${name}`;
  if (!hook) return warning(`${name} has no webhook: its changes are found every ten minutes only.`, add);
  if (!hook.isActive)
    return warning(`The webhook of ${name} is switched off: its changes are found every ten minutes only.`, add);
  if (hook.failure === undefined) return ok(`${name} has its webhook.`);
  return warning(
    `The last delivery of the webhook of ${name} failed: ${hook.failure}.`,
    `${add}; then see "Recent deliveries" at its host`,
  );
}
