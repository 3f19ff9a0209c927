import { destinationOf, destinationsOf } from '../destinations/destination.ts';
import { isService } from '../model/deploy-target.ts';
import { InvalidInputError } from '../model/errors.ts';
import type { Project } from '../model/project.ts';

type Owner = Pick<Project, 'name' | 'appId' | 'jobId' | 'deploy' | 'destinations'>;

/**
 * The name of the target that a promotion is for: the one that it names, or else the entry's only service.
 * @throws InvalidInputError if the entry has no such target, or not one service
 */
export function promotedTarget(project: Owner, to: string | undefined): string {
  const { name, deploy = [] } = project;
  const services = deploy.filter(isService).map((target) => target.name);
  const all = [...deploy.map((target) => target.name), ...destinationsOf(project)];
  const wanted = to ?? (services.length === 1 ? services[0] : undefined);
  if (wanted !== undefined && all.includes(wanted)) return wanted;
  const known = `The targets of its entry are: ${all.join(', ') || 'none'}.`;
  if (to !== undefined) throw new InvalidInputError(`${name} has no target ${to}. ${known}`);
  const count = services.length === 0 ? 'no service' : 'several services';
  throw new InvalidInputError(`${name} has ${count}: name the target with "to". ${known}`);
}

/** The target that the entry names before another. */
export function targetBefore({ deploy = [] }: Pick<Project, 'deploy'>, name: string): string | undefined {
  return deploy[deploy.findIndex((target) => target.name === name) - 1]?.name;
}

/** The target that another gets its releases from; undefined for one that gets them from the project itself. */
export function sourceTarget(project: Pick<Project, 'deploy'>, name: string): string | undefined {
  const isPromoted = project.deploy?.some((target) => target.name === name && target.on === 'promotion');
  return isPromoted ? targetBefore(project, name) : undefined;
}

/** Whether the entry still has a target: one that it deploys to, or a copy. */
export function hasTarget(project: Omit<Owner, 'name'>, name: string): boolean {
  return project.deploy?.some((target) => target.name === name) || destinationOf(project, name) !== undefined;
}
