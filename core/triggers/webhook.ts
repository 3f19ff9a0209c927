import { createHmac } from 'node:crypto';
import type { GitHost } from '../model/git-host.ts';
import { ownersOf } from '../sources/source.ts';

/** How long after a rotation the secrets derived from the previous master secret still count. */
export const rotationOverlapDays = 7;

/**
 * Whose events a secret signs: those of the index, of one other repository, of the repositories of an organisation or group other than the
 * index, or of all repositories that the pipeline's own app is installed on.
 */
export interface WebhookScope {
  kind: 'index' | 'repository' | 'organization' | 'app';
  /** `host/owner/repository`, `host/organization`, or `host` */
  name: string;
}

/** The scope of a repository's own webhook. */
export function repositoryScope(source: string, index: string): WebhookScope {
  return { kind: source === index ? 'index' : 'repository', name: source };
}

/** The scopes of the webhooks that a repository's organisation, or its groups, have for all their repositories. */
export function organizationScopes(source: string): WebhookScope[] {
  return ownersOf(source).map((name) => ({ kind: 'organization', name }));
}

/** The scope of the one webhook that the app of a git host has for all its installations. */
export function appScope({ url }: Pick<GitHost, 'url'>): WebhookScope {
  return { kind: 'app', name: url.replace(/^https?:\/\//, '') };
}

/**
 * The secret of a webhook, derived from the master secret: there is nothing to store for each repository, and who knows one repository's
 * secret can sign no other's events. docs/operations.md shows the same with openssl.
 */
export function webhookSecret(master: string, { kind, name }: WebhookScope): string {
  return createHmac('sha256', master).update(`slipway-webhook:${kind}:${name}`).digest('hex');
}
