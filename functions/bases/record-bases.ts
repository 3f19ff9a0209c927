import { isPinned, type NamedBase, pinnedEdge, watchedName } from '../../core/bases/base-status.ts';
import { missingDigest } from '../../core/bases/base-watch.ts';
import { observedImage } from '../../core/cascade/dependents.ts';
import type { Build } from '../../core/model/build.ts';
import type { BuildResult } from '../../core/model/builder-contract.ts';
import { isTracked, ownParent } from '../../core/model/project.ts';
import { once } from '../../core/once.ts';
import { variable } from '../../services/environment.ts';
import { type Bases, openBases } from '../../services/tables/bases.ts';
import { type Dependents, openDependents } from '../../services/tables/dependents.ts';
import { openProjects, type Projects } from '../../services/tables/projects.ts';

interface Services {
  bases: Pick<Bases, 'used' | 'missed'>;
  dependents: Pick<Dependents, 'observe'>;
  projects: Pick<Projects, 'get' | 'noteBases'>;
  repositoryPrefix: string;
}

/**
 * Keeps what a build's Dockerfile was seen to stand on, also of a build that failed: on the project's record, as edges of the graph, and
 * for the watch. Only builds of the project's branch count, and of those the newest.
 */
export function createRecordBases({ bases, dependents, projects, repositoryPrefix }: Services) {
  /** A release of a project is known by the project's name; anything else in our registry is watched like an image from outside. */
  async function edgesOf(base: NamedBase): Promise<{ image: string; digest: string }[]> {
    const watched = watchedName(base);
    const digest = base.digest ?? missingDigest;
    if (isPinned(base)) return watched === undefined ? [] : [{ image: pinnedEdge(watched), digest }];
    const release = releaseOf(base);
    // Of a project's further tags both are true: its release moves them, and so may somebody by hand.
    const isProject = base.own && release !== undefined && (await projects.get(release)) !== undefined;
    const images = [release, isProject ? undefined : watched].filter((image) => image !== undefined);
    return images.map((image) => ({ image, digest }));
  }

  /** What is nowhere may yet be released. */
  function releaseOf({ image, reference, digest, own }: NamedBase): string | undefined {
    if (own) return observedImage({ image, own }, repositoryPrefix);
    return digest === undefined ? ownParent(reference) : undefined;
  }

  return async function recordBases(build: Build, result: BuildResult): Promise<void> {
    const missing = (result.outcome === 'failed' && result.missingBases) || [];
    const named: NamedBase[] = [...(result.bases ?? []), ...missing];
    // A build that came to its end before its Dockerfile was read says nothing of it.
    if (result.outcome === 'failed' && named.length === 0) return;
    const project = await projects.get(build.project);
    if (!project || !isTracked(project, build.ref)) return;
    if (!(await projects.noteBases(build.project, named, build.sequence))) return;

    const edges = (await Promise.all(named.map(edgesOf))).flat();
    // Before the bases, so that nobody takes a base for one that no project stands on.
    await dependents.observe(build.project, edges);
    const seenAt = new Date().toISOString();
    const watched = new Set(edges.map(({ image }) => image));
    for (const base of named) {
      const image = watchedName(base);
      if (isPinned(base) || image === undefined || !watched.has(image)) continue;
      await (base.digest === undefined ? bases.missed(image) : bases.used(image, base.digest, seenAt));
    }
  };
}

export type RecordBases = ReturnType<typeof createRecordBases>;

export const openRecordBases = once(() =>
  createRecordBases({
    bases: openBases(),
    dependents: openDependents(),
    projects: openProjects(),
    repositoryPrefix: variable('REPOSITORY_PREFIX'),
  }),
);
