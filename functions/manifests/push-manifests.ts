import { setTimeout as delay } from 'node:timers/promises';
import { deployMessage } from '../../core/manifests/commit-message.ts';
import { InvalidInputError, UpstreamError } from '../../core/model/errors.ts';
import type { DeliveryOutcome } from '../../core/targets/target-state.ts';
import type { DeployCredentials } from '../../services/git-host/deploy-credentials.ts';
import { filesAt, type SignCommit } from '../../services/git-host/git-files.ts';
import { BranchMovedError, type GitRepositories, type GitRepository } from '../../services/git-host/git-repository.ts';
import type { OwnCommits } from '../../services/tables/own-commits.ts';
import { appIdOf, editTargets, type Job } from './edit-targets.ts';

export interface PushServices {
  repositories: GitRepositories;
  credentials: DeployCredentials;
  ownCommits: Pick<OwnCommits, 'record'>;
  /** Whether the target still wants the release of the job. */
  isWanted: (job: Job) => Promise<boolean>;
  author: { name: string; email: string };
  /** Absent where commits are not signed. */
  sign?: SignCommit | undefined;
  siteUrl: string;
}

/** Jobs of one project, one release and one branch of one repository. */
export interface PushTask {
  url: string;
  branch?: string | undefined;
  jobs: readonly Job[];
}

/** Other writers to a busy repository finish within seconds. */
const attempts = 8;
const longestPauseMilliseconds = 2_000;

/**
 * Commits a release to a branch: one commit for all its targets, and none for those that have it already. Each attempt reads the head of
 * the branch first and then asks whether the release is still wanted; the host takes the commit only if the head has not moved. So
 * whatever other processes do meanwhile, an older release never comes after a newer one.
 */
export function createPushManifests(services: PushServices) {
  const { repositories, credentials, ownCommits, isWanted, author, sign, siteUrl } = services;

  async function attempt(repository: GitRepository, { url, branch: name, jobs }: PushTask) {
    const outcomes = new Map<string, DeliveryOutcome>();
    const settle = (all: readonly Job[], outcome: DeliveryOutcome) => {
      for (const { target } of all) outcomes.set(target.name, outcome);
      return outcomes;
    };
    const branch = await repository.branch(name);
    if (!branch) return settle(jobs, { kind: 'failed', error: `${url} has no ${name ? `branch ${name}` : 'branch'}.` });
    const wanted: Job[] = [];
    for (const job of jobs) {
      if (await isWanted(job)) wanted.push(job);
      else settle([job], { kind: 'overtaken' });
    }
    const { contents, errors } = await editTargets(repository, branch.commit, wanted);
    for (const [target, { message }] of errors) outcomes.set(target, { kind: 'failed', error: message });
    const written = wanted.filter(({ target }) => !errors.has(target.name));
    const [first] = written;
    if (!first || contents.size === 0) return settle(written, { kind: 'delivered' });
    const message = deployMessage({
      project: first.state.project,
      targets: written.map(({ target }) => target.name),
      release: first.state.wanted,
      siteUrl,
      skipCi: written.some(({ target }) => target.skipCi),
    });
    const fields = { author, at: new Date(), message };
    const made = await filesAt(repository, branch.commit).change(contents, fields, sign);
    await ownCommits.record(made.commit, branch.commit);
    await repository.push(branch.ref, branch.commit, made.commit, made.objects);
    return settle(written, { kind: 'delivered', commitUrl: commitUrl(url, made.commit) });
  }

  return async function pushManifests(task: PushTask): Promise<Map<string, DeliveryOutcome>> {
    try {
      const { url, jobs } = task;
      const [first] = jobs;
      const credential = first && (await credentials(url, appIdOf(first)));
      const repository = await repositories.open({ url, authorization: credential?.authorization });
      for (let count = 1; ; count++) {
        try {
          return await attempt(repository, task);
        } catch (error) {
          if (!(error instanceof BranchMovedError) || count === attempts) throw error;
          await delay(Math.random() * Math.min(100 * 2 ** count, longestPauseMilliseconds));
        }
      }
    } catch (error) {
      const outcome = failureOf(error);
      return new Map(task.jobs.map(({ target }) => [target.name, outcome]));
    }
  };
}

/**
 * The outcome for all targets if the host is down or refuses us, the key does not sign, or the secret with the credentials is malformed. It
 * is tried again later.
 */
export function failureOf(error: unknown): DeliveryOutcome {
  if (error instanceof UpstreamError || error instanceof InvalidInputError)
    return { kind: 'failed', error: error.message };
  throw error;
}

export type PushManifests = ReturnType<typeof createPushManifests>;

/** The page of a commit, as GitHub, GitLab and Gitea have it. */
export function commitUrl(url: string, commit: string): string {
  return `${url.replace(/\.git$/, '')}/commit/${commit}`;
}
