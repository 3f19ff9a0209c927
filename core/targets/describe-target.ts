import { describeRef, exactTime } from '../builds/describe-build.ts';
import { pullRequestRef } from '../model/pull-request.ts';
import { oneLine } from '../text/one-line.ts';
import { currentOf, type TargetState } from './target-state.ts';

interface DescribedTarget extends Pick<TargetState, 'state' | 'error' | 'dueAt'> {
  wanted: Pick<TargetState['wanted'], 'tag'>;
  /** The API has only its address. */
  proposal?: { number?: number } | undefined;
}

/** What became of the release that a target is to have, as a sentence after the target's name. */
export function describeTarget({ state, wanted, error, dueAt, proposal }: DescribedTarget): string {
  const tag = oneLine(wanted.tag, 128);
  const reason = error === undefined ? '' : `: ${oneLine(error, 600).replace(/\.$/, '')}`;
  switch (state) {
    case 'delivered':
      return `has ${tag}`;
    case 'proposed':
      return `gets ${tag} when ${nameOf(proposal)} is merged`;
    case 'rolling':
      return `is replacing its containers by ${tag}`;
    case 'waiting':
      return error === undefined && dueAt !== undefined
        ? `gets ${tag} on ${exactTime(dueAt)} if nothing new is found in it`
        : `gets ${tag} later${reason}`;
    case 'pending':
      return error === undefined ? `gets ${tag} now` : `did not get ${tag}, and it is tried again${reason}`;
    case 'failed':
      return `did not get ${tag}, and it is not tried again${reason}. Promote it once that is put right`;
  }
}

/** As its host writes it, which the address of its page tells: https://docs.gitlab.com/user/project/merge_requests/ */
function nameOf({ number, url = '' }: Partial<NonNullable<TargetState['proposal']>> = {}): string {
  if (number === undefined) return 'its pull request';
  return `the ${describeRef(pullRequestRef(url.includes('/-/merge_requests/') ? 'gitlab' : 'github', number))}`;
}

/** The page that shows it: the commit, or the pull request. */
export function targetLink(target: TargetState): string | undefined {
  return target.state === 'proposed' ? target.proposal?.url : currentOf(target)?.commitUrl;
}

/** A target as the public API shows it. Who promoted is left out. */
export function publicTarget(target: TargetState) {
  const { state, wanted, error, dueAt, proposal, delivered } = target;
  const shown = ({ build, repository, digest, tag }: TargetState['wanted']) => ({ build, repository, digest, tag });
  return {
    name: target.target,
    kind: target.kind,
    state,
    wanted: shown(wanted),
    error: error ?? null,
    nextAttemptAt: dueAt ?? null,
    pullRequest: proposal?.url ?? null,
    /** Newest first. */
    delivered: delivered.map((each) => ({
      ...shown(each),
      deliveredAt: each.deliveredAt,
      commitUrl: each.commitUrl ?? null,
    })),
  };
}
