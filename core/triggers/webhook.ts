import { createHmac } from 'node:crypto';
import { ownerOf } from '../sources/source.ts';

/** The events of GitHub that start something. */
export const webhookEvents = ['push', 'pull_request', 'issue_comment'] as const;
export type WebhookEvent = (typeof webhookEvents)[number];

/** How long after a rotation the secrets derived from the previous master secret still count. */
export const rotationOverlapDays = 7;

/** What is known of a delivery besides its payload. */
export interface Delivery {
  /** The GUID that the git host gave it. */
  id: string;
  /** The identity of the repository whose secret signed it. */
  source: string;
}

/** Whose events a secret signs: those of the index, of one other repository, or of an organisation's repositories other than the index. */
export interface WebhookScope {
  kind: 'index' | 'repository' | 'organization';
  /** `host/owner/repository`, or `host/organization` */
  name: string;
}

/** The scope of a repository's own webhook. */
export function repositoryScope(source: string, index: string): WebhookScope {
  return { kind: source === index ? 'index' : 'repository', name: source };
}

/** The scope of the webhook that a repository's organisation has for all its repositories. */
export function organizationScope(source: string): WebhookScope {
  return { kind: 'organization', name: ownerOf(source) };
}

/**
 * The secret of a webhook, derived from the master secret: there is nothing to store for each repository, and who knows one repository's
 * secret can sign no other's events. docs/operations.md shows the same with openssl.
 */
export function webhookSecret(master: string, { kind, name }: WebhookScope): string {
  return createHmac('sha256', master).update(`slipway-webhook:${kind}:${name}`).digest('hex');
}
