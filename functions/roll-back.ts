import { exactTime } from '../core/builds/describe-build.ts';
import { type Build, type BuildStatus, isTerminal } from '../core/model/build.ts';
import { RecordConflictError, RollbackRefusedError } from '../core/model/errors.ts';
import { once } from '../core/once.ts';
import { type ReleasedImage, repositoryOf } from '../core/releases/release.ts';
import { chooseRelease, isMovedBack, tagsToMove } from '../core/releases/rollback.ts';
import { variable } from '../services/environment.ts';
import { openRegistry, type Registry } from '../services/registry/registry.ts';
import { type Builds, openBuilds } from '../services/tables/builds.ts';
import { type Holds, openHolds } from '../services/tables/holds.ts';
import { openProjects, type ProjectRecord, type Projects } from '../services/tables/projects.ts';
import { openReleases, type Releases } from '../services/tables/releases.ts';
import { stepInputSchema } from './builds/step-input.ts';

type Rollback = Extract<Build['cause'], { type: 'rollback' }>;

interface Services {
  builds: Pick<Builds, 'require' | 'begin' | 'endStage' | 'close'>;
  projects: Pick<Projects, 'get' | 'claimRelease' | 'yieldRelease' | 'hold' | 'finishRollback'>;
  releases: Pick<Releases, 'get' | 'allOf' | 'moveTags'>;
  holds: Pick<Holds, 'record'>;
  openRegistry: () => Promise<Pick<Registry, 'host' | 'digestOf' | 'tag'>>;
  repositoryPrefix: string;
}

/**
 * Moves the floating tags of a project's current release back to an earlier release, and holds them there. It pushes no image. Only an
 * image that the project has released before, with a verdict of pass, gets the tags.
 */
export function createRollBack({ builds, projects, releases, holds, openRegistry, repositoryPrefix }: Services) {
  /** @throws RollbackRefusedError if another release is current by now, or the wanted one cannot be had */
  async function targetOf(
    { from, to }: Rollback,
    { name, desiredTag, released, held }: ProjectRecord,
    registry: Pick<Registry, 'digestOf'>,
  ): Promise<ReleasedImage> {
    if (released?.digest !== from) {
      const current = released
        ? `the current release of ${name} is ${released.digest} by now`
        : `${name} has no release`;
      const holder = released && held ? `, and ${held.by} has held releases since ${exactTime(held.at)}` : '';
      throw new RollbackRefusedError(
        `Nothing was changed: ${current}${holder}. See its releases, and call for the rollback again if it is still needed.`,
      );
    }
    const isThere = (await registry.digestOf(repositoryOf(name, repositoryPrefix), to)) !== undefined;
    const known = (await releases.allOf(name)).map((image) => ({
      ...image,
      isGone: image.digest === to ? !isThere : image.state === 'gone',
    }));
    const choice = chooseRelease(known, { current: from, desiredTag }, to);
    if ('refusal' in choice) throw new RollbackRefusedError(choice.refusal);
    return choice.release;
  }

  /** @throws RollbackRefusedError if all tags of the current release name other releases by now */
  async function movableTags(
    { from, to }: Rollback,
    project: ProjectRecord,
    registry: Pick<Registry, 'digestOf'>,
  ): Promise<string[]> {
    const repository = repositoryOf(project.name, repositoryPrefix);
    const tags = (project.released?.tags ?? []).filter((tag) => isMovedBack(tag, project));
    const now = new Map<string, string | undefined>();
    for (const tag of tags) now.set(tag, await registry.digestOf(repository, tag));
    const movable = tagsToMove(tags, now, { from, to });
    if (movable.length > 0) return movable;
    throw new RollbackRefusedError(
      `None of the tags ${tags.join(', ')} names ${from} any more: another release has them, such as that of a version.`,
    );
  }

  /** Claims the project's tags, so that no release runs beside it, holds them, and moves them. The build's image says that all are moved. */
  async function moveBack(build: Build, cause: Rollback): Promise<Build> {
    const { requester: by, reason, from, to } = cause;
    const project = await projects.claimRelease(build.project, build.id);
    const registry = await openRegistry();
    const target = await targetOf(cause, project, registry);
    const tags = await movableTags(cause, project, registry);
    // Before the tags are moved, so that no new release moves them forward again.
    await projects.hold(project.name, { id: build.id, by, at: new Date().toISOString(), reason });
    const repository = repositoryOf(project.name, repositoryPrefix);
    for (const tag of tags) await registry.tag(repository, to, tag);
    await releases.moveTags(project.name, tags, { from, to });
    const immutable = [...target.tags].filter((tag) => tag.startsWith('build-')).sort();
    const { platforms } = target;
    const named = { digest: to, tags: [...tags, ...immutable.slice(-1)], platforms };
    const image = { repository: `${registry.host}/${repository}`, ...named };
    return builds.endStage(build.id, 'release', 'succeeded', { image });
  }

  /** Records where the tags are now, and releases the claim. */
  async function finish(build: Build, { requester: by, reason, to: digest }: Rollback): Promise<Build | undefined> {
    const { id, project: name, image } = build;
    const at = new Date().toISOString();
    await holds.record({ project: name, id, action: 'rolled back', at, by, reason, digest });
    const [project, target] = [await projects.get(name), await releases.get({ project: name, digest })];
    if (project?.released && target && image) {
      // The revision stays that of the newest head that was released: nothing older may take the tags after the hold.
      const { ref, headRevision } = project.released;
      const { tags } = image;
      await projects.finishRollback(name, id, { ref, headRevision, build: target.build, digest, tags, at });
    }
    return builds.close(build, 'released');
  }

  return async function rollBack(input: unknown): Promise<{ status: BuildStatus }> {
    const build = await builds.require(stepInputSchema.parse(input).build);
    const { id, cause } = build;
    if (isTerminal(build.status)) return { status: build.status };
    if (cause.type !== 'rollback') throw new RecordConflictError(`Build ${id} is not a rollback.`);
    const begun = await builds.begin(id, 'release', 'releasing');
    if (!begun) return { status: (await builds.require(id)).status };
    try {
      // An earlier try has moved all tags.
      const moved = begun.image ? begun : await moveBack(begun, cause);
      return { status: ((await finish(moved, cause)) ?? (await builds.require(id))).status };
    } catch (error) {
      if (!(error instanceof RollbackRefusedError)) throw error;
      await projects.yieldRelease(build.project, id);
      const failure = { error: error.name, message: error.message };
      return { status: ((await builds.close(begun, 'cancelled', { failure })) ?? (await builds.require(id))).status };
    }
  };
}

const run = once(() =>
  createRollBack({
    builds: openBuilds(),
    projects: openProjects(),
    releases: openReleases(),
    holds: openHolds(),
    openRegistry,
    repositoryPrefix: variable('REPOSITORY_PREFIX'),
  }),
);

export function handler(input: unknown): Promise<{ status: BuildStatus }> {
  return run()(input);
}
