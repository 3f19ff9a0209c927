import type { Build, BuildStatus } from '../core/build.ts';
import type { Project } from '../core/project.ts';
import type { LogSlice } from '../services/build-log.ts';
import type { Page, PageRequest } from '../services/page.ts';

/** What the site needs of the stores in `services/`, and no more. All of it reads. */

/** Each list has the newest first. */
export interface BuildReader {
  get(id: string): Promise<Build | undefined>;
  recent(request: PageRequest): Promise<Page<Build>>;
  /** Of one project `app/job:tag`, all or those with one status. */
  ofProject(project: string, request: PageRequest, status?: BuildStatus): Promise<Page<Build>>;
  withStatus(status: BuildStatus, request: PageRequest): Promise<Page<Build>>;
}

export interface ProjectReader {
  get(name: string): Promise<Project | undefined>;
  /** Every project, the inactive too, in any order: an index has hundreds of them, not millions. */
  all(): Promise<Project[]>;
}

export interface LogReader {
  /** The bytes from `from` (negative: that many before the end), at most `limit`. A log that nothing was written to has none. */
  slice(build: string, from: number, limit: number): Promise<LogSlice>;
}
