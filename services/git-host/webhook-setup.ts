import type { GitHost, GitHostKind } from '../../core/model/git-host.ts';
import { createForgejoHooks } from './forgejo/hooks.ts';
import { createGithubHooks } from './github/hooks.ts';
import { createGitlabHooks } from './gitlab/hooks.ts';
import type { WebhookSetup } from './webhook-api.ts';

const setups: Record<GitHostKind, (options: { apiUrl: string; token: string }) => WebhookSetup> = {
  github: createGithubHooks,
  forgejo: createForgejoHooks,
  gitlab: createGitlabHooks,
};

/** What sets up the webhooks of a git host. */
export function createWebhookSetup({ kind, apiUrl }: GitHost, token: string): WebhookSetup {
  return setups[kind]({ apiUrl, token });
}
