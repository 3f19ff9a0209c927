import { destinationsOf, destinationTarget } from '../../core/destinations/destination.ts';
import type { DeployTarget } from '../../core/model/deploy-target.ts';
import type { Project } from '../../core/model/project.ts';
import { parseProjectName } from '../../core/model/project-name.ts';
import { type Call, type Deliverable, isCalledBy } from '../../core/targets/deliverable.ts';
import { kindOf, type TargetState } from '../../core/targets/target-state.ts';
import type { TrackTargets } from './track-targets.ts';

export type Owner = Pick<Project, 'name' | 'gitBranch' | 'deploy' | 'destinations'>;
type Named = Pick<TargetState, 'target' | 'kind'>;

export interface RequestOptions {
  call: Call;
  /** Only these targets; those that get the releases of its ref by themselves, and every registry, where it is absent. */
  only?: readonly string[];
}

/** The targets that a release goes to: those that are named, or else those of its ref and all registries. */
export function targetsOf(project: Owner, { ref }: Deliverable, only: RequestOptions['only']): Named[] {
  const isCalled = (target: DeployTarget) => only === undefined && isCalledBy(target, project, ref);
  const { deploy = [], destinations } = project;
  const copies = destinationsOf({ ...parseProjectName(project.name), destinations });
  return [
    ...deploy
      .filter((target) => isCalled(target) || only?.includes(target.name))
      .map((target): Named => ({ target: target.name, kind: kindOf(target) })),
    ...copies
      .filter((destination) => only === undefined || only.includes(destination))
      .map((destination): Named => ({ target: destinationTarget(destination, ref), kind: 'registry' })),
  ];
}

/** Stores, for each target that a release goes to, that it wants the release. */
export async function requestTargets(
  track: Pick<TrackTargets, 'request'>,
  project: Owner,
  release: Deliverable,
  { call, only }: RequestOptions,
): Promise<TargetState[]> {
  const states: TargetState[] = [];
  for (const each of targetsOf(project, release, only)) {
    const state = await track.request(project.name, each, release, { call });
    if (state) states.push(state);
  }
  return states;
}
