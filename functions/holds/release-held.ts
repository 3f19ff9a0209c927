import { buildIdOf } from '../../core/builds/build-id.ts';
import { isCandidateKept } from '../../core/builds/candidate-expiry.ts';
import { type Build, type Cause, isBranch, isReleasable, makerOf } from '../../core/model/build.ts';
import { isTracked } from '../../core/model/project.ts';
import type { Builds } from '../../services/tables/builds.ts';
import type { Head, Heads } from '../../services/tables/heads.ts';
import type { ProjectRecord } from '../../services/tables/projects.ts';
import type { StartBuild } from '../builds/start-build.ts';

interface Services {
  builds: Pick<Builds, 'get'>;
  heads: Pick<Heads, 'ofProject'>;
  startBuild: StartBuild;
}

interface EndedHold {
  /** The trigger that ended it. */
  trigger: string;
  project: ProjectRecord;
  requester: string;
  reason?: string | undefined;
  now: Date;
}

/**
 * After the end of a hold, releases what it kept back: of each ref the newest build, if it passed and was held. A build of its own takes
 * over the candidate and is scanned and judged like any other, so that nothing is released that has become worse.
 */
export function createReleaseHeld({ builds, heads, startBuild }: Services) {
  /** The held build that is or, in an earlier try, was the newest of its ref. */
  async function heldBuild({ build, replaced = new Set() }: Head): Promise<Build | undefined> {
    for (const id of [...(build === undefined ? [] : [build]), ...replaced]) {
      const found = await builds.get(id);
      if (found?.held) return found;
    }
    return undefined;
  }

  async function causeOf(held: Build | undefined, { requester, reason, now }: EndedHold): Promise<Cause> {
    const maker = held && (await builds.get(makerOf(held)));
    const candidateOf = maker && isCandidateKept(maker, now) ? maker.id : undefined;
    return { type: 'unheld', requester, reason, candidateOf };
  }

  /** @returns the builds that were started */
  return async function releaseHeld(ended: EndedHold): Promise<string[]> {
    const { project } = ended;
    const started: string[] = [];
    for (const head of await heads.ofProject(project.name)) {
      const { ref, commit } = head;
      if (!isReleasable(ref) || (isBranch(ref) && !isTracked(project, ref))) continue;
      const trigger = `${ended.trigger} ${ref}`;
      const own = buildIdOf(trigger, project.name);
      const held = await heldBuild(head);
      if (head.build !== own && head.build !== held?.id) continue;
      const cause = await causeOf(held, ended);
      // Undefined if the head has moved: its new build is released, as nothing holds it any more.
      const build = await startBuild({ trigger, project, cause, ref, commit, known: head });
      if (build) started.push(build.id);
    }
    return started;
  };
}

export type ReleaseHeld = ReturnType<typeof createReleaseHeld>;
