import { createHooks } from '../github/hooks.ts';
import type { HostWords } from '../setup-requests.ts';
import type { WebhookSetup } from '../webhook-api.ts';

const words: HostWords = {
  host: 'The host',
  variable: 'FORGEJO_TOKEN',
  scopeFor: (owner) =>
    'organization' in owner
      ? 'the scope "write:organization", and its owner must own the organisation'
      : 'the scope "write:repository", and its owner must administer the repository',
  unacceptable: 'The host may be set up to call no such address (ALLOWED_HOST_LIST in its section [webhook])',
};

/** Forgejo takes the name that Gitea gives its own kind of webhook, too. https://codeberg.org/api/swagger#/repository/repoCreateHook */
export function createForgejoHooks(options: { apiUrl: string; token: string }): WebhookSetup {
  return createHooks(options, words, { type: 'gitea' });
}
