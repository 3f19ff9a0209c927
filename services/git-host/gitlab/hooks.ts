import * as z from 'zod';
import { createSetupRequests, type HostWords } from '../setup-requests.ts';
import type { HookOwner, WebhookSetup } from '../webhook-api.ts';
import { signingToken } from './signing-token.ts';

const mostListed = 100;

const hookSchema = z.object({
  id: z.int(),
  url: z.string(),
  signing_token_present: z.boolean().optional(),
  /** https://docs.gitlab.com/user/project/integrations/webhooks/#auto-disabled-webhooks */
  alert_status: z.string().optional(),
});
const projectSchema = z.object({ path_with_namespace: z.string() });

const words: HostWords = {
  host: 'GitLab',
  variable: 'GITLAB_TOKEN',
  scopeFor: (owner) =>
    'organization' in owner
      ? 'the scope "api", and its owner must own the group; webhooks of groups are part of GitLab Premium'
      : 'the scope "api", and its owner must be a Maintainer of the project',
  unacceptable: 'GitLab may be set up to call no such address (Admin area, Settings, Network, Outbound requests)',
};

/** https://docs.gitlab.com/api/project_webhooks/ */
export function createGitlabHooks(options: { apiUrl: string; token: string }): WebhookSetup {
  const request = createSetupRequests(options, words);

  async function listed(owner: HookOwner, url: string) {
    const parameters = { id: nameOf(owner), per_page: mostListed };
    const all = await request(z.array(hookSchema), { owner, route: `GET ${pathOf(owner)}`, parameters });
    return all.find((hook) => hook.url === url);
  }

  return {
    async currentName(repository) {
      const route = 'GET /projects/{id}';
      const owner = { repository };
      return (await request(projectSchema, { owner, route, parameters: { id: repository } })).path_with_namespace;
    },

    async find(owner, url) {
      const known = await listed(owner, url);
      if (!known) return undefined;
      const { alert_status: status = 'executable' } = known;
      const failure = status === 'executable' ? undefined : 'GitLab has switched it off after failures for now';
      return { isActive: status !== 'disabled', failure };
    },

    async keep(owner, { url, secret }) {
      const hooks = pathOf(owner);
      const id = nameOf(owner);
      // As `data`: a parameter `url` would be the address that Octokit sends the request to.
      const add = (data: object) => request(hookSchema, { owner, route: `POST ${hooks}`, parameters: { id, data } });
      const change = (hook_id: number, data: object) =>
        request(hookSchema, { owner, route: `PUT ${hooks}/{hook_id}`, parameters: { id, hook_id, data } });
      const known = await listed(owner, url);
      const events = { push_events: true, tag_push_events: true, merge_requests_events: true, note_events: true };
      const hook = { url, ...events, enable_ssl_verification: true };
      const signed = { ...hook, signing_token: signingToken(secret) };
      const kept = known ? await change(known.id, signed) : await add(signed);
      // A GitLab that does not sign yet ignores the signing token, and sends the secret itself instead.
      if (!kept.signing_token_present) await change(kept.id, { ...hook, token: secret });
      return known ? 'updated' : 'created';
    },
  };
}

const pathOf = (owner: HookOwner) => ('organization' in owner ? '/groups/{id}/hooks' : '/projects/{id}/hooks');

function nameOf(owner: HookOwner): string {
  return 'organization' in owner ? owner.organization : owner.repository;
}
