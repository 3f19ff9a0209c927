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

/** A git host may tell of a push before its answers do. */
const settledMilliseconds = 60_000;

/**
 * Builds what somebody asked for by hand. The head of the tracked branch is released as by a push. Any other commit is built, scanned
 * and judged and not released: it may be older than what the tags name, or a stranger's, for git hosts hand out the commits of
 * forks as the repository's own.
 */
export function createManualPlanner(services: Services): Planner<'manual'> {
  const { projects, startBuild, startRebuild, heads, headOf, logger } = services;

  /** The head as it is now; the known one where the host does not say, or may not know of it yet. */
  async function currentHead({ name, gitUrl, gitBranch }: ProjectRecord, askedAt: string) {
    const known = await heads.get(name, `refs/heads/${gitBranch}`);
    if (known && Date.parse(askedAt) - Date.parse(known.headAt) < settledMilliseconds) return { known: known.commit };
    const told = await headOf(gitUrl, gitBranch).catch((error: unknown) => {
      if (!known || !(error instanceof UpstreamError)) throw error;
      logger.warn('The head of a branch could not be read', { project: name, error });
      return known.commit;
    });
    return told === known?.commit ? { known: told } : { told };
  }

  return async function planManual({ id: trigger, project: name, commit, requester }) {
    const project = await projects.get(name);
    if (!project?.active) return { outcome: `ignored: ${name} is not in the index`, builds: [] };
    const { gitUrl, gitBranch } = project;
    const order = { trigger, project, cause: { type: 'manual', requester } satisfies Cause };
    const headAt = new Date().toISOString();
    const { known, told } = await currentHead(project, headAt);
    const head = known ?? told;

    let build: Build | undefined;
    if (commit && commit !== head)
      build = await startBuild({ ...order, commit, ref: `refs/commits/${commit}`, headAt });
    else if (told) build = await startBuild({ ...order, commit: told, ref: `refs/heads/${gitBranch}`, headAt });
    else if (known) build = await startRebuild(order);
    if (!build) return { outcome: `ignored: ${gitUrl} has no branch ${gitBranch}`, builds: [] };
    const isReleased = build.commit === head;
    const outcome = isReleased ? 'started 1' : `started 1, not to be released: it is not the head of ${gitBranch}`;
    return { outcome, builds: [build.id] };
  };
}
