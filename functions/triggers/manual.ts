import type { Logger } from '@aws-lambda-powertools/logger';
import type { Build, Cause } from '../../core/model/build.ts';
import { UpstreamError } from '../../core/model/errors.ts';
import type { HeadOf } from '../../services/git-host/git-remote.ts';
import type { Heads } from '../../services/tables/heads.ts';
import type { ProjectRecord, Projects } from '../../services/tables/projects.ts';
import type { StartBuild, StartRebuild } from '../builds/start-build.ts';
import type { Planner } from './planner.ts';

interface Services {
  projects: Pick<Projects, 'get'>;
  heads: Pick<Heads, 'get'>;
  headOf: HeadOf;
  startBuild: StartBuild;
  startRebuild: StartRebuild;
  logger: Logger;
}

/** A git host may send the event of a push before its API shows the new head. */
const settledMilliseconds = 60_000;

/**
 * Starts a build that somebody requested by hand. The head of the tracked branch is released, as after a push. Any other commit is built,
 * scanned and judged, but not released: it may be older than what the tags name, or come from an untrusted user, because git hosts serve the
 * commits of forks as the repository's own.
 */
export function createManualPlanner(services: Services): Planner<'manual'> {
  const { projects, startBuild, startRebuild, heads, headOf, logger } = services;

  /** The current head; the known one if the host does not answer, or may not show the newest push yet. */
  async function currentHead({ name, gitUrl, gitBranch }: ProjectRecord, requestedAt: string) {
    const known = await heads.get(name, `refs/heads/${gitBranch}`);
    if (known && Date.parse(requestedAt) - Date.parse(known.headAt) < settledMilliseconds)
      return { known: known.commit };
    const fromHost = await headOf(gitUrl, gitBranch).catch((error: unknown) => {
      if (!known || !(error instanceof UpstreamError)) throw error;
      logger.warn('The head of a branch could not be read', { project: name, error });
      return known.commit;
    });
    return fromHost === known?.commit ? { known: fromHost } : { fresh: fromHost };
  }

  return async function planManual({ id: trigger, project: name, commit, requester }) {
    const project = await projects.get(name);
    if (!project?.active) return { outcome: `ignored: ${name} is not in the index`, builds: [] };
    const { gitUrl, gitBranch } = project;
    const order = { trigger, project, cause: { type: 'manual', requester } satisfies Cause };
    const headAt = new Date().toISOString();
    const { known, fresh } = await currentHead(project, headAt);
    const head = known ?? fresh;

    let build: Build | undefined;
    if (commit && commit !== head)
      build = await startBuild({ ...order, commit, ref: `refs/commits/${commit}`, headAt });
    else if (fresh) build = await startBuild({ ...order, commit: fresh, ref: `refs/heads/${gitBranch}`, headAt });
    else if (known) build = await startRebuild(order);
    if (!build) return { outcome: `ignored: ${gitUrl} has no branch ${gitBranch}`, builds: [] };
    const isReleased = build.commit === head;
    const outcome = isReleased ? 'started 1' : `started 1, not to be released: it is not the head of ${gitBranch}`;
    return { outcome, builds: [build.id] };
  };
}
