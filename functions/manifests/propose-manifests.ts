import { describeRef } from '../../core/builds/describe-build.ts';
import { deployMessage, deploySubject } from '../../core/manifests/commit-message.ts';
import { pullRequestRef } from '../../core/model/pull-request.ts';
import type { DeliveryOutcome } from '../../core/targets/target-state.ts';
import { filesAt } from '../../services/git-host/git-files.ts';
import { type GitObject, withoutSignature } from '../../services/git-host/git-objects.ts';
import type { GitRepository } from '../../services/git-host/git-repository.ts';
import type { RepositoryApi } from '../../services/git-host/repository-api.ts';
import { appIdOf, editTargets, type Job } from './edit-targets.ts';
import { failureOf, type PushServices } from './push-manifests.ts';

interface Proposal {
  url: string;
  repository: Pick<RepositoryApi, 'host' | 'pulls'>;
  job: Job;
}

/**
 * Keeps one pull request for a target: opened with the first release that the target does not have, set to each newer one, and closed once
 * the target has the release another way. Merging it is the promotion. One that a person closed stays closed until the next release.
 */
export function createProposeManifests(services: PushServices) {
  const { repositories, credentials, ownCommits, isWanted, author, sign, siteUrl } = services;

  /** Sets the branch of the pull request to one commit on top of the base, unless it is there already. */
  async function setBranch(
    git: GitRepository,
    { base, head, job, contents }: { base: string; head: string; job: Job; contents: ReadonlyMap<string, Buffer> },
  ): Promise<void> {
    const { project, wanted, since } = job.state;
    const message = deployMessage({
      project,
      targets: [job.target.name],
      release: wanted,
      siteUrl,
      skipCi: job.target.skipCi,
    });
    // Dated when the release was called for, so that a repeated attempt makes the same commit, except for its signature.
    const made = await filesAt(git, base).change(contents, { author, at: new Date(since), message }, sign);
    const known = await git.branch(head);
    if (known && (await isSameCommit(git, known.commit, made))) return;
    await ownCommits.record(made.commit, base);
    await git.push(`refs/heads/${head}`, known?.commit, made.commit, made.objects);
  }

  async function propose({ url, repository, job }: Proposal): Promise<DeliveryOutcome> {
    const { target, state } = job;
    const credential = await credentials(url, appIdOf(job));
    const git = await repositories.open({ url, authorization: credential?.authorization });
    const base = await git.branch(target.branch);
    if (!base)
      return { kind: 'failed', error: `${url} has no ${target.branch ? `branch ${target.branch}` : 'branch'}.` };
    if (!(await isWanted(job))) return { kind: 'overtaken' };
    const head = branchOf(job);
    const { host, pulls } = repository;
    const { contents, errors } = await editTargets(git, base.commit, [job]);
    const [error] = errors.values();
    if (error) return { kind: 'failed', error: error.message };
    const earlier = state.proposal && (await pulls.get(state.proposal.number));
    if (contents.size === 0) {
      const left = earlier ?? (await pulls.openFrom(head));
      if (left?.isOpen) await pulls.close(left.number);
      return { kind: 'delivered', commitUrl: earlier?.isMerged ? earlier.url : undefined };
    }
    if (earlier && !earlier.isOpen && !earlier.isMerged && state.proposal?.build === state.wanted.build) {
      const name = describeRef(pullRequestRef(host.kind, earlier.number));
      const closed = `The ${name} was closed without a merge. Reopen it, or promote the release again.`;
      return { kind: 'failed', error: closed, isFinal: true };
    }
    await setBranch(git, { base: base.commit, head, job, contents });
    const named = { project: state.project, targets: [target.name], release: state.wanted };
    const text = { title: deploySubject(named), body: bodyOf(job, siteUrl) };
    const open = earlier?.isOpen ? earlier : await pulls.openFrom(head);
    const baseName = base.ref.replace('refs/heads/', '');
    const pull = open ?? (await pulls.open({ head, base: baseName, ...text }));
    if (pull.title !== text.title || pull.body !== text.body) await pulls.change(pull.number, text);
    const proposal = { number: pull.number, url: pull.url, build: state.wanted.build };
    return { kind: 'proposed', proposal };
  }

  return async function proposeManifests(proposal: Proposal): Promise<DeliveryOutcome> {
    try {
      return await propose(proposal);
    } catch (error) {
      return failureOf(error);
    }
  };
}

export type ProposeManifests = ReturnType<typeof createProposeManifests>;

/** One for each project and target: `slipway/demo-app-latest/production`. */
function branchOf({ target, state }: Job): string {
  return `slipway/${state.project.replaceAll(/[^A-Za-z0-9_-]+/g, '-')}/${target.name}`;
}

async function isSameCommit(
  git: GitRepository,
  known: string,
  { commit, objects }: Awaited<ReturnType<ReturnType<typeof filesAt>['change']>>,
): Promise<boolean> {
  if (known === commit) return true;
  await git.fetchObjects([known]);
  const made = objects.find((object) => object.type === 'commit');
  const text = (object: GitObject) => withoutSignature(object, git.format).data;
  return made !== undefined && text(git.object(known)).equals(text(made));
}

function bodyOf({ state }: Job, siteUrl: string): string {
  const { wanted } = state;
  return [
    `Merging this deploys \`${wanted.repository}:${wanted.tag}\`.`,
    '',
    `- Digest: \`${wanted.digest}\``,
    `- Build: ${siteUrl}/builds/${wanted.build}`,
    '',
    'The next release of the project changes this pull request.',
  ].join('\n');
}
