import { buildIdOf } from '../../core/builds/build-id.ts';
import { newBuild } from '../../core/builds/build-record.ts';
import { mergeCauses } from '../../core/builds/cause.ts';
import { orderOf, type Rebuild } from '../../core/cascade/rebuild-state.ts';
import type { Cause } from '../../core/model/build.ts';
import { UpstreamError } from '../../core/model/errors.ts';
import type { ProjectSources } from '../../services/git-host/project-sources.ts';
import type { Builds } from '../../services/tables/builds.ts';
import type { Heads } from '../../services/tables/heads.ts';
import type { ProjectRecord, Projects } from '../../services/tables/projects.ts';

export interface RecordSkippedServices {
  builds: Pick<Builds, 'get' | 'create'>;
  heads: Pick<Heads, 'get'>;
  projects: Pick<Projects, 'nextSequence'>;
  projectSources: Pick<ProjectSources, 'headOf'>;
}

interface Skipped {
  project: ProjectRecord;
  state: Rebuild;
  error: string;
  reason: string;
}

/**
 * Records a build that was skipped, so that its project's page says why. Nobody gets a mail about it.
 * @returns its id; undefined if no commit is known, because the branch does not exist or its host does not answer
 */
export async function recordSkipped(
  { builds, heads, projectSources, projects }: RecordSkippedServices,
  { project, state, error, reason }: Skipped,
): Promise<string | undefined> {
  const { pending } = state;
  if (!pending) return undefined;
  const id = buildIdOf(orderOf(pending), project.name);
  if (await builds.get(id)) return id;
  const ref = `refs/heads/${project.gitBranch}`;
  const known = await heads.get(project.name, ref);
  const latest = known?.build === undefined ? undefined : await builds.get(known.build);
  const commit =
    // If the entry named another repository then, that head is not one of the repository that it names now.
    latest?.sourceUrl === project.gitUrl
      ? known?.commit
      : await projectSources.headOf(project).catch((failure: unknown) => {
          if (!(failure instanceof UpstreamError)) throw failure;
          return undefined;
        });
  if (commit === undefined) return undefined;
  const sequence = await projects.nextSequence(project.name, { id, ref });
  const createdAt = new Date().toISOString();
  await builds.create({
    ...newBuild(project, { id, cause: causeOf(pending), commit, ref, sequence, createdAt }),
    status: 'cancelled',
    cascade: pending.cascade,
    endedAt: createdAt,
    // No notification is to be sent.
    notifiedAt: createdAt,
    failure: { error, message: reason },
  });
  return id;
}

function causeOf({ causes, parents }: NonNullable<Rebuild['pending']>): Cause {
  const own = Object.values(causes);
  return own.length > 0 ? mergeCauses(own) : { type: 'parent-released', parents: Object.keys(parents).sort() };
}
