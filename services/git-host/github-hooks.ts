import { Octokit } from '@octokit/core';
import * as z from 'zod';
import { UpstreamError } from '../../core/model/errors.ts';
import { webhookEvents } from '../../core/triggers/webhook.ts';

const timeoutMilliseconds = 20_000;
/** GitHub allows 20 webhooks for one event. https://docs.github.com/en/webhooks/about-webhooks */
const mostListed = 100;

/** Where a webhook is: `owner/name` of a repository, or an organisation. */
export type HookOwner = { repository: string } | { organization: string };

const hooksSchema = z.array(z.object({ id: z.int(), config: z.object({ url: z.string().optional() }) }));
const repositorySchema = z.object({ full_name: z.string() });
const requestErrorSchema = z.object({
  status: z.int(),
  message: z.string(),
  response: z.object({ headers: z.record(z.string(), z.unknown()) }).optional(),
});

/** Sets up the webhooks of GitHub with the token of a person who may administer them. https://docs.github.com/en/rest/repos/webhooks */
export function createGithubHooks({ apiUrl, token }: { apiUrl: string; token: string }) {
  const octokit = new Octokit({ baseUrl: apiUrl, userAgent: 'slipway', auth: token });

  /** @throws UpstreamError that says what to do */
  async function request<Answer>(
    schema: z.ZodType<Answer>,
    owner: HookOwner,
    route: string,
    parameters: object = {},
  ): Promise<Answer> {
    const signal = AbortSignal.timeout(timeoutMilliseconds);
    try {
      const { data } = await octokit.request(route, { ...namesOf(owner), ...parameters, request: { signal } });
      return schema.parse(data);
    } catch (cause) {
      throw new UpstreamError(explanation(owner, apiUrl, cause), { cause });
    }
  }

  return {
    /** `owner/name` as the host has it now, after the repository was renamed or transferred. */
    async currentName(repository: string): Promise<string> {
      return (await request(repositorySchema, { repository }, 'GET /repos/{owner}/{repo}')).full_name;
    },

    /** Creates the webhook, or updates the one with the same address. */
    async keep(owner: HookOwner, { url, secret }: { url: string; secret: string }): Promise<'created' | 'updated'> {
      const hooks = 'organization' in owner ? '/orgs/{org}/hooks' : '/repos/{owner}/{repo}/hooks';
      const listed = await request(hooksSchema, owner, `GET ${hooks}`, { per_page: mostListed });
      const known = listed.find(({ config }) => config.url === url);
      const hook = {
        active: true,
        events: webhookEvents,
        config: { url, content_type: 'json', secret, insecure_ssl: '0' },
      };
      if (known) await request(z.unknown(), owner, `PATCH ${hooks}/{hook_id}`, { ...hook, hook_id: known.id });
      else await request(z.unknown(), owner, `POST ${hooks}`, { ...hook, name: 'web' });
      return known ? 'updated' : 'created';
    },
  };
}

export type GithubHooks = ReturnType<typeof createGithubHooks>;

function namesOf(owner: HookOwner): object {
  if ('organization' in owner) return { org: owner.organization };
  const [name, repo] = owner.repository.split('/');
  return { owner: name, repo };
}

function explanation(owner: HookOwner, apiUrl: string, cause: unknown): string {
  const { data } = requestErrorSchema.safeParse(cause);
  if (cause instanceof z.ZodError) return `${apiUrl} answered in an unknown form: is it the API of GitHub?`;
  if (!data) return `${apiUrl} did not answer.`;
  const { status, message, response } = data;
  const isOrganization = 'organization' in owner;
  const name = isOrganization ? owner.organization : owner.repository;
  const scope = isOrganization
    ? 'admin:org_hook (a classic token), or "Webhooks: write" of the organisation'
    : 'admin:repo_hook (a classic token), or "Webhooks: write" of the repository';
  const said = `GitHub answered ${status} for ${name}: ${message.slice(0, 300)}`;
  switch (status) {
    case 401:
      return `${said}. The token is not valid: put another one into GITHUB_TOKEN.`;
    case 403:
      if (response?.headers['x-ratelimit-remaining'] === '0')
        return `${said}. The rate limit is used up: try again later.`;
      return `${said}. The token needs ${scope}; where the organisation uses single sign-on, authorise the token for it.`;
    case 404:
      // GitHub does not tell those who may not administer something that it exists.
      return `${said}. Either there is no ${name}, or the token's owner does not administer it. The token needs ${scope}.`;
    case 422:
      return `${said}. GitHub takes at most 20 webhooks for an event, and only addresses that it can reach: see the settings of ${name}.`;
    default:
      return said;
  }
}
