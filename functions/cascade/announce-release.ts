import { concernedBy, dependentsAfter, isWaitingFor, wasSkipped } from '../../core/cascade/announcement.ts';
import { releasedImages } from '../../core/cascade/dependents.ts';
import { buildEndedEvent, type Rebuild } from '../../core/cascade/rebuild-state.ts';
import type { Build } from '../../core/model/build.ts';
import { parseProjectName } from '../../core/model/project-name.ts';
import type { Rebuilds } from '../../services/tables/rebuilds.ts';
import type { Announce, Announced } from './announce.ts';
import { allowedDependents, dependentsOfBranch, type GraphServices, graphBelow } from './graph.ts';

interface Services extends GraphServices {
  rebuilds: Pick<Rebuilds, 'getMany'>;
  announce: Announce;
}

/** Dependents by name, each with the released images that it depends on. */
type DependentsByName = Map<string, string[]>;

/** Announces the end of a project's build to its dependents, if it concerns them. */
export function createAnnounceEnd(services: Services) {
  const { rebuilds, announce } = services;

  async function dependentsOfRelease(build: Build): Promise<DependentsByName> {
    const images = releasedImages(parseProjectName(build.project), build.image?.tags ?? []);
    const dependents: DependentsByName = new Map();
    for (const [image, names] of await services.dependents.ofMany(images)) {
      for (const name of names)
        if (name !== build.project) dependents.set(name, [...(dependents.get(name) ?? []), image]);
    }
    return dependents;
  }

  async function statesOf(dependents: DependentsByName): Promise<[Rebuild, string[]][]> {
    const states = await rebuilds.getMany([...dependents.keys()]);
    return [...states.values()].map((state) => [state, dependents.get(state.project) ?? []]);
  }

  async function notWaitingFor(project: string, dependents: DependentsByName): Promise<DependentsByName> {
    const left = (await statesOf(dependents)).filter(([state]) => !isWaitingFor(state, project));
    return new Map(left.map(([state, images]) => [state.project, images]));
  }

  async function notBefore(project: string, dependents: DependentsByName): Promise<DependentsByName> {
    if (dependents.size === 0) return dependents;
    const graph = await graphBelow([project], services);
    const after = dependentsAfter(project, (name) => graph.get(name) ?? []);
    return new Map([...dependents].filter(([name]) => after.has(name)));
  }

  async function skippedDependents(project: string): Promise<DependentsByName> {
    const children = await dependentsOfBranch(project, services);
    const states = await statesOf(new Map(children.map((name) => [name, [project]])));
    const left = states.filter(([state]) => wasSkipped(state));
    return new Map(left.map(([state, images]) => [state.project, images]));
  }

  async function concerned(build: Build, isMember: boolean): Promise<DependentsByName> {
    const kind = concernedBy(build);
    if (kind === 'none') return new Map();
    if (kind === 'skipped') return skippedDependents(build.project);
    const dependents = await dependentsOfRelease(build);
    const free = isMember ? await notWaitingFor(build.project, dependents) : dependents;
    return isMember || build.cascade !== undefined ? notBefore(build.project, free) : free;
  }

  /** @param waiting the cascade that waits for this very build, if one does */
  return async function announceEnd(build: Build, waiting?: string): Promise<Announced> {
    const found = await concerned(build, waiting !== undefined);
    const allowed = await allowedDependents(build.project, found.keys(), services);
    const dependents = [...found].filter(([name]) => allowed.has(name));
    if (dependents.length === 0) return { members: 0, unfinished: false };
    return announce({
      id: buildEndedEvent(build.id),
      cause: { type: 'parent-released', parents: [build.project] },
      roots: dependents.map(([project, parents]) => ({ project, cause: { type: 'parent-released', parents } })),
      joins: waiting,
    });
  };
}

export type AnnounceEnd = ReturnType<typeof createAnnounceEnd>;
