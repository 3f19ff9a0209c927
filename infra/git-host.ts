import type { Config } from './config.ts';
import type { Grantee } from './permissions.ts';
import type { Secrets } from './secrets.ts';

/** Where the sources and the index are, and what opens it. */
export class GitHost {
  readonly #config: Config;
  readonly #secrets: Secrets;

  constructor(config: Config, secrets: Secrets) {
    this.#config = config;
    this.#secrets = secrets;
  }

  /** Sees where the index's branch is, by git itself. */
  grantFollowIndex(grantee: Grantee): void {
    this.grantStatuses(grantee);
    this.grantIndexLink(grantee);
    grantee.setVariable('INDEX_BRANCH', this.#config.indexBranch);
  }

  /** Fetches from hosts that untrusted users name; of private hosts, only from those of this configuration. */
  grantFetch(grantee: Grantee): void {
    const { gitHosts, privateHosts } = this.#config;
    const own = gitHosts.map(({ url }) => new URL(url).host);
    grantee.setVariable('PRIVATE_HOSTS', JSON.stringify([...new Set([...privateHosts, ...own])]));
  }

  /** The same, also from repositories that a secret of their entry opens. */
  grantFetchSources(grantee: Grantee): void {
    this.grantFetch(grantee);
    this.grantSourceCredentials(grantee);
  }

  /** Can read what opens private sources: a secret of their entry, or a token that the GitHub App is given for it. */
  grantSourceCredentials(grantee: Grantee): void {
    this.#secrets.grantReadSourceSecrets(grantee);
    this.grantStatuses(grantee);
  }

  /** Knows where the index is, for a link to it. */
  grantIndexLink(grantee: Grantee): void {
    grantee.setVariable('INDEX_URL', `${this.#config.gitHosts[0]?.url}/${this.#config.indexRepository}`);
  }

  /** Knows where the hosts and their APIs are. */
  grantAddresses(grantee: Grantee): void {
    grantee.setVariable('GIT_HOSTS', JSON.stringify(this.#config.gitHosts));
  }

  /** Sets the statuses of commits. */
  grantStatuses(grantee: Grantee): void {
    this.#secrets.grantReadGitHostTokens(grantee);
    this.grantAddresses(grantee);
  }
}
