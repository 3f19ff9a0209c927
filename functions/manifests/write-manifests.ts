import type { GitHost } from '../../core/model/git-host.ts';
import type { DeliveryOutcome } from '../../core/targets/target-state.ts';
import { jsonVariable, siteUrl } from '../../services/environment.ts';
import { openCommitSigner } from '../../services/git-host/commit-signer.ts';
import { gitHosts } from '../../services/git-host/configured-hosts.ts';
import { openDeployCredentials } from '../../services/git-host/deploy-credentials.ts';
import { openGitRepositories } from '../../services/git-host/git-repository.ts';
import { createGitHosts, type GitHosts } from '../../services/git-host/hosts.ts';
import { openOwnCommits } from '../../services/tables/own-commits.ts';
import { openTargets } from '../../services/tables/targets.ts';
import { appIdOf, type Job } from './edit-targets.ts';
import { createProposeManifests, type ProposeManifests } from './propose-manifests.ts';
import { createPushManifests, type PushManifests } from './push-manifests.ts';

interface Services {
  push: PushManifests;
  propose: ProposeManifests;
  /** With the credentials that the entries of an app-id may use. */
  repositoryAt: (url: string, appId: string) => ReturnType<GitHosts['repositoryAt']>;
  /** Those that are configured. */
  gitHosts: readonly GitHost[];
}

/**
 * Brings the releases of one project into the manifests of its targets. An error with one repository does not keep the others from theirs.
 */
export function createWriteManifests({ push, propose, repositoryAt, gitHosts }: Services) {
  const urlOf = (repository: string) =>
    repository.includes('://') ? repository : `${gitHosts[0]?.url}/${repository}.git`;

  return async function writeManifests(jobs: readonly Job[]): Promise<Map<string, DeliveryOutcome>> {
    const outcomes = new Map<string, DeliveryOutcome>();
    for (const job of jobs.filter(({ target }) => target.mode === 'pull-request')) {
      const url = urlOf(job.target.repository);
      const repository = repositoryAt(url, appIdOf(job));
      const error = `${url} is on no git host whose pull requests Slipway makes: write another repository.`;
      outcomes.set(job.target.name, repository ? await propose({ url, repository, job }) : { kind: 'failed', error });
    }
    const pushed = jobs.filter(({ target }) => target.mode === 'push');
    const commits = Map.groupBy(pushed, ({ target: { repository, branch }, state: { wanted } }) =>
      JSON.stringify([urlOf(repository), branch, wanted.build, wanted.digest]),
    );
    for (const group of commits.values()) {
      const [first] = group;
      if (!first) continue;
      const url = urlOf(first.target.repository);
      const task = { url, branch: first.target.branch, jobs: group };
      for (const [target, outcome] of await push(task)) outcomes.set(target, outcome);
    }
    return outcomes;
  };
}

export type WriteManifests = ReturnType<typeof createWriteManifests>;

export function openWriteManifests(): WriteManifests {
  const targets = openTargets();
  const credentials = openDeployCredentials();
  const services = {
    repositories: openGitRepositories(),
    credentials,
    ownCommits: openOwnCommits(),
    isWanted: async ({ state }: Job) => (await targets.get(state.project, state.target))?.revision === state.revision,
    author: jsonVariable('DEPLOY_AUTHOR') as { name: string; email: string },
    sign: openCommitSigner(),
    siteUrl: siteUrl(),
  };
  const hosts = gitHosts();
  return createWriteManifests({
    push: createPushManifests(services),
    propose: createProposeManifests(services),
    repositoryAt: (url, appId) =>
      createGitHosts(hosts, async () => (await credentials(url, appId))?.token).repositoryAt(url),
    gitHosts: hosts,
  });
}
