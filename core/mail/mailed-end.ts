import type { Fixed } from '../builds/fixed.ts';
import type { Build, BuildStatus } from '../model/build.ts';

const shownDetails = {
  released: ['comparison'],
  blocked: ['comparison', 'scanners'],
  failed: ['log'],
} as const satisfies Partial<Record<BuildStatus, readonly ('log' | 'comparison' | 'scanners')[]>>;

/**
 * What the mail about a build's end shows beside the build's record. Undefined where nobody needs a mail: the build was superseded,
 * unchanged or cancelled, it is of a pull request (its commit status says how it ended), or the entry's `notify` does not list the status.
 * An entry that wants mails about releases gets one about a held release, and one that wants mails about failures gets one when they are
 * fixed. The mail about a rollback is always sent, unless `notify` is empty.
 */
export function mailDetailsOf(
  { status, cause, held, notify }: Pick<Build, 'status' | 'cause' | 'held' | 'notify'>,
  fixed?: Fixed,
): readonly ('log' | 'comparison' | 'scanners')[] | undefined {
  if (cause.type === 'pull-request') return undefined;
  if (cause.type === 'rollback') {
    const isWanted = notify?.length !== 0 && (status === 'released' || status === 'failed');
    return isWanted ? [] : undefined;
  }
  const ends: readonly string[] = [held ? 'released' : status, ...(fixed ? [fixed.from] : [])];
  if (notify && !notify.some((each) => ends.includes(each))) return undefined;
  if (held || fixed) return shownDetails.released;
  return status === 'released' || status === 'blocked' || status === 'failed' ? shownDetails[status] : undefined;
}

/** How the build ended, as its mail's subject says it. */
export function endWord({ status, cause, held }: Build, fixed?: Fixed): string {
  if (cause.type === 'rollback') return status === 'released' ? 'ROLLED BACK' : 'FAILED ROLLBACK';
  if (held) return 'HELD';
  return fixed ? 'FIXED' : status.toUpperCase();
}
