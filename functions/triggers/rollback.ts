import { buildIdOf } from '../../core/builds/build-id.ts';
import { newBuild } from '../../core/builds/build-record.ts';
import type { Builds } from '../../services/tables/builds.ts';
import type { Projects } from '../../services/tables/projects.ts';
import type { Releases } from '../../services/tables/releases.ts';
import type { BuildStarter } from '../builds/start-build.ts';
import type { Planner } from './planner.ts';

interface Services {
  builds: Pick<Builds, 'get' | 'create'>;
  projects: Pick<Projects, 'get' | 'nextSequence'>;
  releases: Pick<Releases, 'get'>;
  resume: BuildStarter['resume'];
}

/**
 * Records a rollback among the project's builds and starts its execution, which builds nothing. Whether the release can be had is decided
 * there, under the claim on the project's tags.
 */
export function createRollbackPlanner({ builds, projects, releases, resume }: Services): Planner<'rollback'> {
  return async ({ id: trigger, project: name, from, to, requester, reason }) => {
    const project = await projects.get(name);
    if (!project) return { outcome: `ignored: there is no project ${name}`, builds: [] };
    const id = buildIdOf(trigger, name);
    const known = await builds.get(id);
    if (known) {
      await resume(known);
      return { outcome: 'started 1', builds: [id] };
    }
    const target = await releases.get({ project: name, digest: to });
    const released = target && (await builds.get(target.build));
    const ref = released?.ref ?? `refs/heads/${project.gitBranch}`;
    const build = newBuild(project, {
      id,
      cause: { type: 'rollback', requester, reason, from, to },
      // The image is that of an earlier build; a refused rollback may name none.
      commit: released?.commit ?? '0'.repeat(40),
      ref,
      sequence: await projects.nextSequence(name, { id, ref }),
      createdAt: new Date().toISOString(),
    });
    await builds.create(build);
    await resume(build);
    return { outcome: 'started 1', builds: [id] };
  };
}
