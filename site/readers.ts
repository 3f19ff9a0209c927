import type { Build, BuildStatus } from '../core/build.ts';
import type { Project } from '../core/project.ts';

/** What the site needs of the stores in `services/`, and no more. All of it reads. */

/** Where a list of builds goes on: after this build, towards the older ones. */
export interface BuildPosition {
  createdAt: string;
  id: string;
}

export interface BuildQuery {
  /** `app/job:tag` */
  project?: string;
  status?: BuildStatus;
  /** At most this many builds; fewer only where the list ends. */
  limit: number;
  after?: BuildPosition;
}

export interface BuildPage {
  items: Build[];
  /** Absent on the last page. */
  next?: BuildPosition;
}

export interface BuildReader {
  get(id: string): Promise<Build | undefined>;
  /** The newest first, by `createdAt` and then `id`. */
  list(query: BuildQuery): Promise<BuildPage>;
}

export interface ProjectReader {
  get(name: string): Promise<Project | undefined>;
  /** Every project, the inactive too, in any order: an index has hundreds of them, not millions. */
  all(): Promise<Project[]>;
}

/** A part of a log. `total` is the log's length when it was read: a running build adds to it. */
export interface LogSlice {
  bytes: Uint8Array;
  from: number;
  total: number;
}

export interface LogReader {
  /** The bytes from `from` (negative: that many before the end), at most `limit`. A log that nothing was written to has none. */
  slice(build: string, from: number, limit: number): Promise<LogSlice>;
}
