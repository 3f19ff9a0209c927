import type { Build } from '../model/build.ts';
import type { Project } from '../model/project.ts';

/** The record of a build that has not begun. */
export function newBuild(
  project: Project,
  {
    id,
    cause,
    commit,
    ref,
    sequence,
    createdAt,
  }: Pick<Build, 'id' | 'cause' | 'commit' | 'ref' | 'sequence' | 'createdAt'>,
): Build {
  return {
    id,
    project: project.name,
    status: 'queued',
    cause,
    commit,
    ref,
    sequence,
    createdAt,
    stages: {},
    // As the entry says now, whatever it says when the build ends.
    sourceUrl: project.gitUrl,
    gitHost: project.gitHost,
    notifyEmail: project.notifyEmail,
    notify: project.notify,
  };
}
