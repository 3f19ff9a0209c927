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

  grantReadIndex(grantee: Grantee): void {
    this.grantStatuses(grantee);
    this.grantFollowIndex(grantee);
  }

  /** Sees where the index's branch is, by git itself. */
  grantFollowIndex(grantee: Grantee): void {
    this.#secrets.grantReadGitHubToken(grantee);
    this.grantIndexLink(grantee);
    grantee.setVariable('GITHUB_URL', this.#config.github.url);
    grantee.setVariable('INDEX_BRANCH', this.#config.indexBranch);
  }

  /** Fetches from hosts that untrusted users name; of private hosts, only from those of this configuration. */
  grantFetch(grantee: Grantee): void {
    const { github, privateHosts } = this.#config;
    grantee.setVariable('PRIVATE_HOSTS', JSON.stringify([...new Set([...privateHosts, new URL(github.url).host])]));
  }

  /** Knows where the index is: for a link to it, or to recognise its events. */
  grantIndexLink(grantee: Grantee): void {
    grantee.setVariable('INDEX_REPOSITORY', this.#config.indexRepository);
    grantee.setVariable('GITHUB_URL', this.#config.github.url);
  }

  /** Knows where the host and its API are. */
  grantAddresses(grantee: Grantee): void {
    grantee.setVariable('GITHUB_API_URL', this.#config.github.apiUrl);
    grantee.setVariable('GITHUB_URL', this.#config.github.url);
  }

  /** Sets the statuses of commits. */
  grantStatuses(grantee: Grantee): void {
    this.#secrets.grantReadGitHubToken(grantee);
    this.grantAddresses(grantee);
  }
}
