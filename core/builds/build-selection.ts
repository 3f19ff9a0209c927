import type { Build, BuildStatus } from '../model/build.ts';

/** What a list of builds is narrowed to: the builds that have all of it. */
export interface BuildSelection {
  /** A commit, or at least its first seven digits. */
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
    (commit === undefined || build.commit.startsWith(commit)) &&
    (project === undefined || build.project === project) &&
    (status === undefined || build.status === status) &&
    build.createdAt >= since
  );
}
