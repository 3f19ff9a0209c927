import * as z from 'zod';
import { createSetupRequests, type HostWords } from '../setup-requests.ts';
import type { HookOwner, WebhookSetup } from '../webhook-api.ts';

/** The events that start something. */
const events = ['push', 'pull_request', 'issue_comment'];
/** GitHub allows 20 webhooks for one event. https://docs.github.com/en/webhooks/about-webhooks */
const mostListed = 100;

const hooksSchema = z.array(
  z.object({
    id: z.int(),
    config: z.object({ url: z.string().optional() }),
    active: z.boolean().default(true),
    /** Forgejo and Gitea do not say it. */
    last_response: z.object({ code: z.int().nullish(), message: z.string().nullish() }).nullish(),
  }),
);
const repositorySchema = z.object({ full_name: z.string() });

const words: HostWords = {
  host: 'GitHub',
  variable: 'GITHUB_TOKEN',
  scopeFor: (owner) =>
    'organization' in owner
      ? 'admin:org_hook (a classic token), or "Webhooks: write" of the organisation; where that uses single sign-on, authorise the token for it'
      : 'admin:repo_hook (a classic token), or "Webhooks: write" of the repository; where its organisation uses single sign-on, authorise the token for it',
  unacceptable: 'GitHub takes at most 20 webhooks for an event, and only addresses that it can reach',
};

/** https://docs.github.com/en/rest/repos/webhooks */
export function createGithubHooks(options: { apiUrl: string; token: string }): WebhookSetup {
  return createHooks(options, words, { name: 'web' });
}

/**
 * Webhooks where the API is GitHub's, or follows it.
 * @param kind what a new webhook says of itself
 */
export function createHooks(
  options: { apiUrl: string; token: string },
  hostWords: HostWords,
  kind: Readonly<Record<string, string>>,
): WebhookSetup {
  const request = createSetupRequests(options, hostWords);

  async function listed(owner: HookOwner, url: string) {
    const parameters = { ...namesOf(owner), per_page: mostListed };
    const all = await request(hooksSchema, { owner, route: `GET ${pathOf(owner)}`, parameters });
    return all.find(({ config }) => config.url === url);
  }

  return {
    async currentName(repository) {
      const owner = { repository };
      const route = 'GET /repos/{owner}/{repo}';
      return (await request(repositorySchema, { owner, route, parameters: namesOf(owner) })).full_name;
    },

    async find(owner, url) {
      const known = await listed(owner, url);
      if (!known) return undefined;
      const { code, message } = known.last_response ?? {};
      const isFailure = typeof code === 'number' && (code < 200 || code > 299);
      return { isActive: known.active, failure: isFailure ? `${code} ${message ?? ''}`.trim() : undefined };
    },

    async keep(owner, { url, secret }) {
      const hooks = pathOf(owner);
      const send = <Answer>(schema: z.ZodType<Answer>, route: string, parameters: object) =>
        request(schema, { owner, route, parameters: { ...namesOf(owner), ...parameters } });
      const known = await listed(owner, url);
      const hook = { active: true, events, config: { url, content_type: 'json', secret, insecure_ssl: '0' } };
      if (known) await send(z.unknown(), `PATCH ${hooks}/{hook_id}`, { ...hook, hook_id: known.id });
      else await send(z.unknown(), `POST ${hooks}`, { ...hook, ...kind });
      return known ? 'updated' : 'created';
    },
  };
}

const pathOf = (owner: HookOwner) => ('organization' in owner ? '/orgs/{org}/hooks' : '/repos/{owner}/{repo}/hooks');

function namesOf(owner: HookOwner): object {
  if ('organization' in owner) return { org: owner.organization };
  const [name, repo] = owner.repository.split('/');
  return { owner: name, repo };
}
