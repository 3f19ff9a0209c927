import type { GitHost } from '../../core/model/git-host.ts';
import { findSource, sourceOf } from '../../core/sources/source.ts';
import { oneLine } from '../../core/text/one-line.ts';
import { repositoryScope, type WebhookScope } from '../../core/triggers/webhook.ts';
import type { Deployment } from '../deployment/deployment.ts';
import { UsageError } from '../errors.ts';

/** What a webhook of the git host is made of. */
export function webhooksOf({ outputs }: Deployment) {
  const { WebhooksUrl: url, IndexRepository: indexRepository } = outputs;
  const gitHosts = JSON.parse(outputs.GitHosts) as GitHost[];
  const [gitHost] = gitHosts;
  /** The identity of the index's repository. */
  const index = sourceOf(`${gitHost?.url}/${indexRepository}`, gitHosts);
  return { url, gitHost, gitHosts, indexRepository, index };
}

export type Webhooks = ReturnType<typeof webhooksOf>;

/** The scope of a repository's webhook, written as `OWNER/REPO` of the first git host, or as an address. */
export function scopeOfRepository(written: string, { gitHost, gitHosts, index }: Webhooks): WebhookScope {
  const isPath = gitHost?.kind === 'gitlab' ? /^\w[\w.-]*(?:\/\w[\w.-]*)+$/ : /^[\w.-]+\/[\w.-]+$/;
  const url = isPath.test(written) ? `${gitHost?.url}/${written}` : written;
  const source = findSource(url, gitHosts);
  if (source === undefined) {
    throw new UsageError(
      `"${oneLine(written, 80)}" is not a repository: write OWNER/REPO, or https://HOST/OWNER/REPO.git.`,
    );
  }
  return repositoryScope(source, index);
}

/** The scope of the webhook of an organisation or group, written by its name at the first git host, or as an address. */
export function scopeOfOrganization(name: string, { gitHost, gitHosts }: Webhooks): WebhookScope {
  const isName = gitHost?.kind === 'gitlab' ? /^\w[\w.-]*(?:\/\w[\w.-]*)*$/ : /^[\w.-]+$/;
  const source = findSource(isName.test(name) ? `${gitHost?.url}/${name}` : name, gitHosts);
  if (source === undefined) throw new UsageError(`"${oneLine(name, 80)}" is not a name of an organisation.`);
  return { kind: 'organization', name: source };
}

/**
 * The GitHub that an app is at: the one with an address, or the first.
 * @throws UsageError
 */
export function appHostOf({ gitHosts }: Pick<Webhooks, 'gitHosts'>, wanted?: string): GitHost {
  const address = wanted?.replace(/\/+$/, '');
  const found = gitHosts.find(({ kind, url }) => kind === 'github' && (address === undefined || url === address));
  if (found) return found;
  throw new UsageError(
    `${wanted ?? 'GitHub'} is none of the hosts of gitHosts: add it to the configuration, and deploy.`,
  );
}
