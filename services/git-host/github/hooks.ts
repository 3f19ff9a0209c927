import * as z from 'zod';
import { createSetupRequests, type HostWords } from '../setup-requests.ts';
import type { HookOwner, WebhookSetup } from '../webhook-api.ts';

/** The events that start something. */
const events = ['push', 'pull_request', 'issue_comment'];
/** GitHub allows 20 webhooks for one event. https://docs.github.com/en/webhooks/about-webhooks */
const mostListed = 100;

const hooksSchema = z.array(z.object({ id: z.int(), config: z.object({ url: z.string().optional() }) }));
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
  return {
    async currentName(repository) {
      const owner = { repository };
      const route = 'GET /repos/{owner}/{repo}';
      return (await request(repositorySchema, { owner, route, parameters: namesOf(owner) })).full_name;
    },

    async keep(owner, { url, secret }) {
      const hooks = 'organization' in owner ? '/orgs/{org}/hooks' : '/repos/{owner}/{repo}/hooks';
      const send = <Answer>(schema: z.ZodType<Answer>, route: string, parameters: object) =>
        request(schema, { owner, route, parameters: { ...namesOf(owner), ...parameters } });
      const listed = await send(hooksSchema, `GET ${hooks}`, { per_page: mostListed });
      const known = listed.find(({ config }) => config.url === url);
      const hook = { active: true, events, config: { url, content_type: 'json', secret, insecure_ssl: '0' } };
      if (known) await send(z.unknown(), `PATCH ${hooks}/{hook_id}`, { ...hook, hook_id: known.id });
      else await send(z.unknown(), `POST ${hooks}`, { ...hook, ...kind });
      return known ? 'updated' : 'created';
    },
  };
}

function namesOf(owner: HookOwner): object {
  if ('organization' in owner) return { org: owner.organization };
  const [name, repo] = owner.repository.split('/');
  return { owner: name, repo };
}
