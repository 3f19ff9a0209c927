import { type Build, isTerminal } from '../../core/model/build.ts';
import type { BuildQuota } from '../../services/tables/build-quota.ts';
import type { Builds } from '../../services/tables/builds.ts';

interface Services {
  builds: Pick<Builds, 'get' | 'ofProject'>;
  quota: BuildQuota;
}

/** The most builds of a project that are considered when one ends. */
const mostWaiting = 100;

/** Bounds how many builds of one project run at once and begin in an hour; the others stay queued, and the oldest begins first. */
export function createProjectQuota({ builds, quota }: Services) {
  /** Lets go of builds that have ended: no step needs to do so when it ends one, and none can forget to. */
  async function freeEnded(project: string): Promise<boolean> {
    const running = await Promise.all(
      [...(await quota.running(project))].map((id) => builds.get(id).then((build) => ({ id, build }))),
    );
    const ended = running.filter(({ build }) => !build || isTerminal(build.status)).map(({ id }) => id);
    if (ended.length > 0) await quota.free(project, ended);
    return ended.length > 0;
  }

  return {
    async mayBegin({ id, project }: Build): Promise<boolean> {
      if (await quota.take(project, id)) return true;
      return (await freeEnded(project)) && quota.take(project, id);
    },

    /** The builds of a project that have not begun, the oldest first. */
    async waiting(project: string): Promise<Build[]> {
      const [running, { items }] = await Promise.all([
        quota.running(project),
        builds.ofProject(project, { limit: mostWaiting }, 'queued'),
      ]);
      return items.filter(({ id }) => !running.has(id)).reverse();
    },
  };
}

export type ProjectQuota = ReturnType<typeof createProjectQuota>;
