import type { Project } from '../../core/model/project.ts';
import { type RefNews, standingOf } from '../../core/sources/head-order.ts';
import type { HeadOf } from '../../services/git-host/git-remote.ts';
import type { Builds } from '../../services/tables/builds.ts';
import type { Head, Heads } from '../../services/tables/heads.ts';

interface Services {
  builds: Pick<Builds, 'get'>;
  heads: Pick<Heads, 'get' | 'advance'>;
  headOf: HeadOf;
}

interface Claim extends RefNews {
  project: Project;
  ref: string;
  onlyNews?: boolean | undefined;
}

/** What came of asking for a ref's place. */
type Place =
  /** The build of this name has it, and builds this commit. */
  | { kind: 'taken'; build: string; commit: string; headAt: string }
  /** The commit is the known head: there is nothing new. */
  | { kind: 'known' }
  /** A newer head is known; `build` has its place. */
  | { kind: 'late'; build: string | undefined };

/** Who comes so often before another that it finds the place moved each time will have its turn with the next delivery. */
const attempts = 20;

/** Who has the place of a ref: of each ref of a project one build at a time may be released, the one of the newest head. */
export function createPlaces({ builds, heads, headOf }: Services) {
  /** Two heads of one second that do not say which came first: the git host knows, and where it cannot be asked the arrival decides. */
  async function isNewer(claim: Claim, known: Head): Promise<boolean> {
    const standing = standingOf(claim, known);
    if (standing !== 'unclear') return standing !== 'older';
    const branch = /^refs\/heads\/(.+)$/.exec(claim.ref)?.[1];
    const head = branch && (await headOf(claim.project.gitUrl, branch).catch(() => undefined));
    if (head === claim.commit) return true;
    return head !== known.commit && claim.headAt >= known.headAt;
  }

  /** A head keeps the later of two times, so that what is older than either is older than it. */
  const later = (one: string, other = '') => (one > other ? one : other);

  async function untilMoved<Answer>(
    claim: Pick<Claim, 'project' | 'ref'>,
    attempt: (known: Head | undefined) => Promise<Answer | undefined>,
  ): Promise<Answer> {
    for (let count = 0; count < attempts; count++) {
      const answer = await attempt(await heads.get(claim.project.name, claim.ref));
      if (answer !== undefined) return answer;
    }
    throw new Error(`The head of ${claim.ref} of ${claim.project.name} did not stand still.`);
  }

  return {
    /**
     * Takes the place of a ref for a build. Whoever asks again under the same name has it still.
     * @param isRebuild to build the known head again, whichever it is
     */
    take(claim: Claim, build: string, isRebuild: boolean): Promise<Place> {
      const key = { project: claim.project.name, ref: claim.ref };
      return untilMoved<Place>(claim, async (known) => {
        if (known?.build === build) return { kind: 'taken', build, commit: known.commit, headAt: known.headAt };
        const wanted: RefNews = isRebuild && known ? { ...known, before: known.previous } : claim;
        if (known && !(await isNewer({ ...claim, ...wanted }, known))) {
          // Somebody saw the head before it moved on: the push that moved it knows of it.
          const isPassed = claim.onlyNews && claim.before === undefined && known.previous === claim.commit;
          return isPassed ? { kind: 'known' } : { kind: 'late', build: known.build };
        }
        const headAt = later(wanted.headAt, known?.headAt);
        if (claim.onlyNews && known?.commit === wanted.commit) {
          // Somebody took the place and died before the record: whoever comes next writes it, under the name that has the place.
          if (known.build && !(await builds.get(known.build)))
            return { kind: 'taken', build: known.build, commit: known.commit, headAt: known.headAt };
          const to = { commit: known.commit, headAt, previous: claim.before ?? known.previous, build: undefined };
          const isNoted = headAt === known.headAt || (await heads.advance(key, known, to));
          return isNoted ? { kind: 'known' } : undefined;
        }
        const to = { commit: wanted.commit, headAt, previous: wanted.before, build };
        return (await heads.advance(key, known, to))
          ? { kind: 'taken', build, commit: wanted.commit, headAt }
          : undefined;
      });
    },

    /** Moves the head on and leaves the place with the build that has it. */
    async passOver(claim: Claim): Promise<void> {
      const key = { project: claim.project.name, ref: claim.ref };
      await untilMoved(claim, async (known) => {
        if (known && (known.commit === claim.commit || !(await isNewer(claim, known)))) return true;
        const headAt = later(claim.headAt, known?.headAt);
        const to = { commit: claim.commit, headAt, previous: claim.before, build: undefined };
        return (await heads.advance(key, known, to)) || undefined;
      });
    },
  };
}
