import { isPinned, type NamedBase, pinnedEdge, watchedName } from '../../core/bases/base-status.ts';
import { missingDigest } from '../../core/bases/base-watch.ts';
import { observedImage } from '../../core/cascade/dependents.ts';
import type { Build } from '../../core/model/build.ts';
import type { BuildResult } from '../../core/model/builder-contract.ts';
import { isTracked } from '../../core/model/project.ts';
import { ownParent } from '../../core/model/project-name.ts';
import { once } from '../../core/once.ts';
import { variable } from '../../services/environment.ts';
import { type Bases, openBases } from '../../services/tables/bases.ts';
import { type Dependents, openDependents } from '../../services/tables/dependents.ts';
import { openProjects, type Projects } from '../../services/tables/projects.ts';

interface Services {
  bases: Pick<Bases, 'used' | 'missed'>;
  dependents: Pick<Dependents, 'observe'>;
  projects: Pick<Projects, 'get' | 'recordBases'>;
  repositoryPrefix: string;
}

/**
 * Records the base images that a build's Dockerfile named, also of a build that failed: on the project's record, as edges of the graph, and
 * for watch-bases. Only the newest build of the project's branch counts.
 */
export function createRecordBases({ bases, dependents, projects, repositoryPrefix }: Services) {
  /** A project's release is an edge by the project's name. Any other image of our registry is watched like one from outside. */
  async function edgesOf(base: NamedBase): Promise<{ image: string; digest: string }[]> {
    const watched = watchedName(base);
    const digest = base.digest ?? missingDigest;
    if (isPinned(base)) return watched === undefined ? [] : [{ image: pinnedEdge(watched), digest }];
    const release = releaseOf(base);
    // A further tag of a project gets both edges: its release moves the tag, and people may move it by hand.
    const isProject = base.own && release !== undefined && (await projects.get(release)) !== undefined;
    const images = [release, isProject ? undefined : watched].filter((image) => image !== undefined);
    return images.map((image) => ({ image, digest }));
  }

  /** A base that does not exist yet may be a project's first release to come. */
  function releaseOf({ image, reference, digest, own }: NamedBase): string | undefined {
    if (own) return observedImage({ image, own }, repositoryPrefix);
    return digest === undefined ? ownParent(reference) : undefined;
  }

  return async function recordBases(build: Build, result: BuildResult): Promise<void> {
    const missing = (result.outcome === 'failed' && result.missingBases) || [];
    const named: NamedBase[] = [...(result.bases ?? []), ...missing];
    // A build that failed before its Dockerfile was read says nothing about its bases.
    if (result.outcome === 'failed' && named.length === 0) return;
    const project = await projects.get(build.project);
    if (!project || !isTracked(project, build.ref)) return;
    if (!(await projects.recordBases(build.project, named, build.sequence))) return;

    const edges = (await Promise.all(named.map(edgesOf))).flat();
    // Edges are written before bases, so that no base ever seems to be without dependents.
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
