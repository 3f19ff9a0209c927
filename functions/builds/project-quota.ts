import { beginOrder, firstToBegin, isAwaited } from '../../core/builds/begin-order.ts';
import { type Build, isTerminal } from '../../core/model/build.ts';
import type { BuildQuota } from '../../services/tables/build-quota.ts';
import type { Builds, QueuedBuild } from '../../services/tables/builds.ts';
import type { BuildsInFlight } from '../../services/tables/builds-in-flight.ts';

interface Services {
  builds: Pick<Builds, 'get' | 'queuedOf' | 'oldestQueued'>;
  quota: BuildQuota;
  inFlight: BuildsInFlight;
}

/** Where a build has room to begin. Without it, the build waits: for the end of one of its own project's builds, or of any build. */
type Room = 'there' | 'not-in-project' | 'nowhere';

/** How many waiting builds are read at a time. */
const mostWaiting = 100;
/** How many such pages are read when a build of any project ends. */
const mostPages = 10;

/**
 * Limits how many builds run at once, and how many of one project begin in an hour. The others stay queued. Of these, builds that somebody
 * waits for begin first, and then the oldest.
 */
export function createProjectQuota({ builds, quota, inFlight }: Services) {
  /** Frees the quota of builds that have ended. It is done here, when room is needed, so that no step that ends a build can forget it. */
  async function freeEnded(project: string): Promise<boolean> {
    const ended = await endedAmong([...(await quota.running(project))].map((id) => ({ project, id })));
    if (ended.length > 0) {
      await quota.free(
        project,
        ended.map(({ id }) => id),
      );
    }
    return ended.length > 0;
  }

  async function endedAmong<Name extends Pick<Build, 'id'>>(names: readonly Name[]): Promise<Name[]> {
    const all = await Promise.all(names.map(async (name) => ({ name, build: await builds.get(name.id) })));
    return all.filter(({ build }) => !build || isTerminal(build.status)).map(({ name }) => name);
  }

  async function hasRoom(project: string, take: () => Promise<boolean>): Promise<boolean> {
    return (await take()) || ((await freeEnded(project)) && take());
  }

  async function takeBoth(build: QueuedBuild, any: () => Promise<boolean>, own: () => Promise<boolean>): Promise<Room> {
    if (!(await any())) return 'nowhere';
    if (await hasRoom(build.project, own)) return 'there';
    await inFlight.giveBack(build);
    return 'not-in-project';
  }

  const take = (build: QueuedBuild): Promise<Room> =>
    takeBoth(
      build,
      () => inFlight.take(build),
      () => quota.take(build.project, build.id),
    );

  /** The builds of a project that may begin now, the oldest first. */
  async function* nextOf(project: string): AsyncGenerator<QueuedBuild> {
    const [running, { items }] = await Promise.all([
      quota.running(project),
      builds.queuedOf(project, { limit: mostWaiting }),
    ]);
    const queued = items.filter(({ id, waiting }) => !waiting && !running.has(id));
    for (const build of queued.reverse()) {
      if ((await take(build)) !== 'there') return;
      yield build;
    }
  }

  /** The builds that have not begun, of all projects in turns. An awaited one comes twice. */
  async function* queuedInOrder(
    running: readonly QueuedBuild[],
    awaited: readonly QueuedBuild[],
  ): AsyncGenerator<QueuedBuild> {
    yield* firstToBegin(awaited, running, inFlight.limit);
    let cursor: string | undefined;
    for (let page = 0; page < mostPages; page++) {
      const part = await builds.oldestQueued({ limit: mostWaiting, cursor });
      yield* beginOrder(part.items, running);
      cursor = part.cursor;
      if (cursor === undefined) return;
    }
  }

  /** The builds of any project that may begin now. */
  async function* nextOfAll(): AsyncGenerator<QueuedBuild> {
    const { running, awaited, room } = await inFlight.state();
    const counted = new Set(running.map(({ id }) => id));
    const begun = new Set<string>();
    const full = new Set<string>();
    let left = room;
    if (left <= 0) return;
    for await (const build of queuedInOrder(running, awaited)) {
      if (begun.has(build.id) || full.has(build.project)) continue;
      const found = await take(build);
      if (found === 'nowhere') return;
      if (found === 'not-in-project') {
        full.add(build.project);
        continue;
      }
      yield build;
      begun.add(build.id);
      // A build that is counted already crashed while it started, or has begun this moment: starting it again is harmless.
      if (!counted.has(build.id)) left -= 1;
      if (left <= 0) return;
    }
  }

  return {
    /** Where a build has room to begin. If so, it counts as begun. */
    async mayBegin(build: Build): Promise<Room> {
      if (isAwaited(build)) await inFlight.expect(build);
      return take(build);
    },

    /** Whether a build that waited for its base, or for a machine, may go on. */
    async mayGoOn(build: Build): Promise<boolean> {
      const room = await takeBoth(
        build,
        () => inFlight.takeAgain(build),
        () => quota.takeAgain(build.project, build.id),
      );
      return room === 'there';
    },

    /** Frees the room of a build that has ended. */
    end: (build: Build): Promise<void> => inFlight.free([build]),

    /** The same for builds whose end was not noticed. */
    async freeEnded(): Promise<void> {
      const { running, awaited } = await inFlight.state();
      await inFlight.free(await endedAmong([...running, ...awaited]));
    },

    /** Which builds have not begun because as many run as may. */
    async waitForRoom(): Promise<(build: Build) => boolean> {
      const { running, room } = await inFlight.state();
      const begun = new Set(running.map(({ id }) => id));
      return ({ id, status, waiting }) => room <= 0 && status === 'queued' && !waiting && !begun.has(id);
    },

    /**
     * The builds that may begin now, each of which counts as begun. If only the builds of each project are limited, they are builds of the
     * given project.
     */
    async *next(project?: string): AsyncGenerator<QueuedBuild> {
      if (inFlight.limit > 0) yield* nextOfAll();
      else if (project !== undefined) yield* nextOf(project);
    },
  };
}

export type ProjectQuota = ReturnType<typeof createProjectQuota>;
