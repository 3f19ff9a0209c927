import type { Build, BuildStatus } from '../model/build.ts';

/** What a list of builds is narrowed to: the builds that have all of it. */
export interface BuildSelection {
  commit?: string | undefined;
  /** `app/job:tag` */
  project?: string | undefined;
  status?: BuildStatus | undefined;
  /** Created then or later: a time as builds have it. */
  since?: string | undefined;
}

export function isSelected(
  build: Pick<Build, 'commit' | 'project' | 'status' | 'createdAt'>,
  { commit, project, status, since = '' }: BuildSelection,
): boolean {
  return (
    (commit === undefined || build.commit === commit) &&
    (project === undefined || build.project === project) &&
    (status === undefined || build.status === status) &&
    build.createdAt >= since
  );
}
