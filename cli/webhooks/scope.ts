import { findSource, sourceOf } from '../../core/sources/source.ts';
import { oneLine } from '../../core/text/one-line.ts';
import { repositoryScope, type WebhookScope } from '../../core/triggers/webhook.ts';
import type { Deployment } from '../deployment/deployment.ts';
import { UsageError } from '../errors.ts';

/** What a webhook of the git host is made of. */
export function webhooksOf({ outputs }: Deployment) {
  const { WebhookUrl: url, GitHubUrl: gitHost, GitHubApiUrl: apiUrl, IndexRepository: indexRepository } = outputs;
  /** The identity of the index's repository. */
  const index = sourceOf(`${gitHost}/${indexRepository}`, gitHost);
  return { url, gitHost, apiUrl, indexRepository, index };
}

export type Webhooks = ReturnType<typeof webhooksOf>;

/** The scope of a repository's webhook, written as `OWNER/REPO` of the git host, or as an address. */
export function scopeOfRepository(written: string, { gitHost, index }: Webhooks): WebhookScope {
  const source = findSource(/^[\w.-]+\/[\w.-]+$/.test(written) ? `${gitHost}/${written}` : written, gitHost);
  if (source === undefined) {
    throw new UsageError(
      `"${oneLine(written, 80)}" is no repository: write OWNER/REPO, or https://HOST/OWNER/REPO.git.`,
    );
  }
  return repositoryScope(source, index);
}

/** The scope of the webhook of an organisation of the git host. */
export function scopeOfOrganization(name: string, { gitHost }: Webhooks): WebhookScope {
  const source = /^[\w.-]+$/.test(name) ? findSource(`${gitHost}/${name}`, gitHost) : undefined;
  if (source === undefined) throw new UsageError(`"${oneLine(name, 80)}" is no name of an organisation.`);
  return { kind: 'organization', name: source };
}
