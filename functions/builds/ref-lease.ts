import {
  decideLease,
  decidePassOver,
  type Found,
  type Lease,
  type LeaseDecision,
  type LeasedHead,
} from '../../core/builds/ref-lease.ts';
import type { Project } from '../../core/model/project.ts';
import type { HeadEvent } from '../../core/sources/head-order.ts';
import type { HeadOf } from '../../services/git-host/git-remote.ts';
import type { Builds } from '../../services/tables/builds.ts';
import type { Heads } from '../../services/tables/heads.ts';

interface Services {
  builds: Pick<Builds, 'get'>;
  heads: Pick<Heads, 'get' | 'advance'>;
  headOf: HeadOf;
}

interface Request extends HeadEvent {
  project: Project;
  ref: string;
  unlessKnown?: boolean | undefined;
}

/** Who comes so often before another that it finds the head moved each time will have its turn with the next delivery. */
const attempts = 20;

/** The leases of refs: core/builds/ref-lease.ts decides, and a write of the head holds only where nobody was quicker. */
export function createRefLeases({ builds, heads, headOf }: Services) {
  /** The git host's word on a branch; null where it cannot be asked. */
  async function hostHead({ project, ref }: Request): Promise<string | null> {
    const branch = ref.replace(/^refs\/heads\//, '');
    const head = await headOf(project.gitUrl, branch).catch(() => undefined);
    return head ?? null;
  }

  async function untilWritten(
    request: Request,
    decide: (known: LeasedHead | undefined, found: Found) => LeaseDecision,
  ): Promise<Lease> {
    const { ref } = request;
    const project = request.project.name;
    for (let count = 0; count < attempts; count++) {
      const known = await heads.get(project, ref);
      const found: Found = {};
      let decision = decide(known, found);
      while (decision.do === 'ask-host' || decision.do === 'look-up') {
        if (decision.do === 'ask-host') found.hostHead = await hostHead(request);
        else found.isRecorded = (await builds.get(decision.build)) !== undefined;
        decision = decide(known, found);
      }
      if (decision.do === 'answer') return decision.lease;
      if (await heads.advance({ project, ref }, known, decision.head)) return decision.lease;
    }
    throw new Error(`The head of ${ref} of ${project} did not stand still.`);
  }

  return {
    /**
     * Takes the lease of a ref for a build. Whoever asks again under the same name has it still.
     * @param isRebuild to build the known head again, whichever it is
     */
    take(request: Request, build: string, isRebuild: boolean): Promise<Lease> {
      const asked = { ...request, build, isRebuild, unlessKnown: request.unlessKnown ?? false };
      return untilWritten(request, (known, found) => decideLease(asked, known, found));
    },

    /** Moves the head on and leaves the lease with the build that holds it. */
    async recordHead(request: Request): Promise<void> {
      await untilWritten(request, (known, found) => decidePassOver(request, known, found));
    },
  };
}
