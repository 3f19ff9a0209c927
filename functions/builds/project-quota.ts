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

  async function hasRoom(project: string, take: () => Promise<boolean>): Promise<boolean> {
    return (await take()) || ((await freeEnded(project)) && take());
  }

  return {
    mayBegin: ({ id, project }: Build): Promise<boolean> => hasRoom(project, () => quota.take(project, id)),

    /** Whether a build that waited for its base, or for a machine, may go on. */
    mayGoOn: ({ id, project }: Build): Promise<boolean> => hasRoom(project, () => quota.takeAgain(project, id)),

    /** The builds of a project that have not begun, the oldest first. One that waits for something else goes on by itself. */
    async waiting(project: string): Promise<Build[]> {
      const [running, { items }] = await Promise.all([
        quota.running(project),
        builds.ofProject(project, { limit: mostWaiting }, 'queued'),
      ]);
      return items.filter(({ id, waiting }) => !waiting && !running.has(id)).reverse();
    },
  };
}

export type ProjectQuota = ReturnType<typeof createProjectQuota>;
