import type { Build } from '../../core/model/build.ts';
import type { Step } from './layout.ts';

export function projectPath(project: string): string {
  return `/projects/${project.replace(':', '/')}`;
}

/** What is above a page about a project. */
export function projectTrail(project: string): Step[] {
  return [[projectPath(project), project]];
}

/** What is above a page about a part of a build. */
export function buildTrail({ id, project }: Pick<Build, 'id' | 'project'>): Step[] {
  return [...projectTrail(project), [`/builds/${id}`, `Build ${id.slice(0, 8)}`]];
}
