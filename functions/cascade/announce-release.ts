import { releasedImages } from '../../core/cascade/dependents.ts';
import { planCascade } from '../../core/cascade/rebuild-order.ts';
import { buildEndedEvent, type Rebuild } from '../../core/cascade/rebuild-state.ts';
import type { Build } from '../../core/model/build.ts';
import { parseProjectName } from '../../core/model/project.ts';
import type { Rebuilds } from '../../services/tables/rebuilds.ts';
import type { Announce, Announced } from './announce.ts';
import { dependentsOfBranch, type GraphServices, graphBelow } from './graph.ts';

interface Services extends GraphServices {
  rebuilds: Pick<Rebuilds, 'getMany'>;
  announce: Announce;
}

/** Projects, and the images that each of them stands on. */
type Standing = Map<string, string[]>;

/** Tells those who stand on a project of the end of its build, as far as it is news to them. */
export function createAnnounceEnd(services: Services) {
  const { dependents, rebuilds, announce } = services;

  async function standingOnRelease(build: Build): Promise<Standing> {
    const images = releasedImages(parseProjectName(build.project), build.image?.tags ?? []);
    const standing: Standing = new Map();
    for (const [image, names] of await dependents.ofMany(images)) {
      for (const name of names) if (name !== build.project) standing.set(name, [...(standing.get(name) ?? []), image]);
    }
    return standing;
  }

  async function statesOf(standing: Standing): Promise<[Rebuild, string[]][]> {
    const states = await rebuilds.getMany([...standing.keys()]);
    return [...states.values()].map((state) => [state, standing.get(state.project) ?? []]);
  }

  /** Those of a cascade that wait for the project know what to do when it is through. */
  async function notWaitingFor(project: string, standing: Standing): Promise<Standing> {
    const isWaiting = ({ pending }: Rebuild) => pending?.state === 'waiting' && pending.parents[project] !== undefined;
    const left = (await statesOf(standing)).filter(([state]) => !isWaiting(state));
    return new Map(left.map(([state, images]) => [state.project, images]));
  }

  /** A cycle is gone through once: what a cascade has released is no news for those before it. */
  async function notBefore(project: string, standing: Standing): Promise<Standing> {
    if (standing.size === 0) return standing;
    const graph = await graphBelow([project], services);
    const plan = planCascade([project], (name) => graph.get(name) ?? []);
    const after = new Set(plan.members.filter(({ parents }) => parents.includes(project)).map((each) => each.project));
    return new Map([...standing].filter(([name]) => after.has(name)));
  }

  /** Projects that were left out because this one had come to no good end. It has now, if with the image that is released already. */
  async function leftOut(project: string): Promise<Standing> {
    const children = await dependentsOfBranch(project, services);
    const states = await statesOf(new Map(children.map((name) => [name, [project]])));
    return new Map(
      states
        .filter(([{ last, pending }]) => last?.outcome === 'skipped' && !pending)
        .map(([state, images]) => [state.project, images]),
    );
  }

  async function concerned(build: Build, isMember: boolean): Promise<Standing> {
    if (build.status === 'unchanged') return isOfBranch(build) ? leftOut(build.project) : new Map();
    if (build.status !== 'released') return new Map();
    const standing = await standingOnRelease(build);
    const waiting = isMember ? await notWaitingFor(build.project, standing) : standing;
    return isMember || build.cascade !== undefined ? notBefore(build.project, waiting) : waiting;
  }

  /** @param waiting the cascade that waits for this very build, if one does */
  return async function announceEnd(build: Build, waiting?: string): Promise<Announced> {
    const standing = await concerned(build, waiting !== undefined);
    if (standing.size === 0) return { members: 0, unfinished: false };
    return announce({
      id: buildEndedEvent(build.id),
      cause: { type: 'parent-released', parents: [build.project] },
      roots: [...standing].map(([project, parents]) => ({ project, cause: { type: 'parent-released', parents } })),
      joins: waiting,
    });
  };
}

export type AnnounceEnd = ReturnType<typeof createAnnounceEnd>;

/** The builds of pull requests end as unchanged too. */
function isOfBranch({ ref, cause }: Build): boolean {
  return ref.startsWith('refs/heads/') && cause.type !== 'pull-request';
}
