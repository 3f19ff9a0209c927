import type { Project } from '../model/project.ts';

type Kept = Pick<Project, 'appId' | 'visibility'>;

/** Whether a project's image may be built on one of another's: what is in a private image, only private projects of its app-id may show. */
export function mayBuildOn(project: Kept, base: Kept): boolean {
  return base.visibility !== 'private' || (project.visibility === 'private' && project.appId === base.appId);
}
