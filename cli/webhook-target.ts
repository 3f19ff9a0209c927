import { findSource } from '../core/sources/source.ts';
import { oneLine } from '../core/text/one-line.ts';
import { repositoryScope, type WebhookScope } from '../core/triggers/webhook.ts';
import { UsageError } from './command.ts';
import type { Deployment } from './deployment.ts';

/** The scope of a repository's webhook, written as `OWNER/REPO` of the git host, or as an address. */
export function scopeOfRepository(written: string, { gitHost, index }: Deployment['webhook']): WebhookScope {
  const source = findSource(/^[\w.-]+\/[\w.-]+$/.test(written) ? `${gitHost}/${written}` : written, gitHost);
  if (source === undefined) {
    throw new UsageError(
      `"${oneLine(written, 80)}" is no repository: write OWNER/REPO, or https://HOST/OWNER/REPO.git.`,
    );
  }
  return repositoryScope(source, index);
}

/** The scope of the webhook of an organisation of the git host. */
export function scopeOfOrganization(name: string, { gitHost }: Deployment['webhook']): WebhookScope {
  const source = /^[\w.-]+$/.test(name) ? findSource(`${gitHost}/${name}`, gitHost) : undefined;
  if (source === undefined) throw new UsageError(`"${oneLine(name, 80)}" is no name of an organisation.`);
  return { kind: 'organization', name: source };
}
