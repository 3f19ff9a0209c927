import {
  decideLease,
  decideRecordHead,
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

/** A request that loses to other writers this often fails, and its trigger is retried. */
const attempts = 20;

/** The leases of refs: core/builds/ref-lease.ts decides, and a write of the head succeeds only if no other writer was first. */
export function createRefLeases({ builds, heads, headOf }: Services) {
  /** The head of a branch at the git host; null if the host does not answer or has no such branch. */
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
      while (decision.do === 'query-host' || decision.do === 'look-up') {
        if (decision.do === 'query-host') found.hostHead = await hostHead(request);
        else found.isRecorded = (await builds.get(decision.build)) !== undefined;
        decision = decide(known, found);
      }
      if (decision.do === 'answer') return decision.lease;
      if (await heads.advance({ project, ref }, known, decision.head)) return decision.lease;
    }
    throw new Error(`Other writers changed the head of ${ref} of ${project} again and again.`);
  }

  return {
    /**
     * Takes the lease of a ref for a build. The build that holds the lease may take it again.
     * @param isRebuild build the known head again, whichever it is
     */
    take(request: Request, build: string, isRebuild: boolean): Promise<Lease> {
      const leaseRequest = { ...request, build, isRebuild, unlessKnown: request.unlessKnown ?? false };
      return untilWritten(request, (known, found) => decideLease(leaseRequest, known, found));
    },

    /** Records a new head, and leaves the lease with the build that holds it. */
    async recordHead(request: Request): Promise<void> {
      await untilWritten(request, (known, found) => decideRecordHead(request, known, found));
    },
  };
}
