import { z } from 'zod';
import { notifiableStatuses } from './build.ts';
import { exceptionSchema } from './exception.ts';
import { ownPolicySchema } from './policy.ts';
import { vexStatementSchema } from './vex.ts';

/**
 * `app-id/job-id:desired-tag`, as the index names a project: the ids are parts of repository names as ECR takes them.
 * https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
 */
export const projectNameSchema = z
  .string()
  .regex(/^[a-z0-9]+(?:[._-][a-z0-9]+)*\/[a-z0-9]+(?:[._-][a-z0-9]+)*:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/)
  // Candidates have the namespace for themselves: the builder may push there.
  .refine((name) => !name.startsWith('candidate/'));

/** One index entry as the pipeline keeps it: paths are relative to the repository's root, the source URL has no credentials. */
export const projectSchema = z.object({
  /** `app-id/job-id:desired-tag` */
  name: projectNameSchema,
  appId: z.string(),
  jobId: z.string(),
  desiredTag: z.string(),
  /** Where the source is cloned from, as written in the index. */
  gitUrl: z.string(),
  gitBranch: z.string(),
  /** `host/owner/repository` in lower case without `.git`: what a push event is matched against. */
  source: z.string(),
  /** The Dockerfile, from the repository's root. */
  dockerfile: z.string(),
  /** The build context, from the repository's root; `.` is the root itself. */
  context: z.string(),
  notifyEmail: z.array(z.string()),
  /** Names (`app/job:tag`) of the images that the entry says it is built on. */
  dependsOn: z.array(z.string()),
  /** The index file that the entry stands in. */
  file: z.string(),
  /** Tags that a release of the branch gets beside the desired one. */
  extraTags: z.array(z.string()).optional(),
  /** `linux/amd64`: what the image is built for; the pipeline's own platform where it is absent. */
  platforms: z.array(z.string()).optional(),
  /** Globs from the repository's root: a push that touches none of them builds nothing. */
  paths: z.array(z.string()).optional(),
  /** Tags that look like versions are built and released too; where it is absent, unless entries share a repository. */
  versionTags: z.boolean().optional(),
  /** Pull requests are built and judged, and the commit is told of it. */
  pullRequests: z.boolean().optional(),
  /** Which ends are told by mail; an empty list is none. */
  notify: z.array(z.enum(notifiableStatuses)).optional(),
  /** `rate(1 day)` or `cron(0 4 ? * MON *)`, in UTC. */
  schedule: z.string().optional(),
  /** A script that makes the Dockerfile or what it needs, and the folder that it runs in; both from the repository's root. */
  prebuild: z.object({ script: z.string(), context: z.string() }).optional(),
  /** What differs from the pipeline's policy. */
  policy: ownPolicySchema.optional(),
  /** Findings that are accepted for this project until a day. */
  exceptions: z.array(exceptionSchema).optional(),
  /** What the index's OpenVEX documents say of this project's image. */
  vex: z.array(vexStatementSchema).optional(),
  /** The repository with manifests that a release is to be written to. */
  deploy: z.object({ repository: z.string(), path: z.string(), branch: z.string().optional() }).optional(),
  /** Other entries release to the same repository under other tags, so that the branch and the commit do not name one image. */
  sharesRepository: z.boolean(),
  /** False once the entry has left the index: nothing is built, the images stay. */
  active: z.boolean(),
});

export type Project = z.infer<typeof projectSchema>;

/** Whether a ref is the branch of the entry: its releases are those of the project. */
export function isTracked({ gitBranch }: Pick<Project, 'gitBranch'>, ref: string): boolean {
  return ref === `refs/heads/${gitBranch}`;
}

/** The two repositories of a project. The `library` application's releases stand without its name, as on Docker Hub. */
export function repositoriesOf(
  project: Pick<Project, 'appId' | 'jobId'>,
  prefix: string,
): { release: string; candidate: string } {
  const { appId, jobId } = project;
  return {
    release: `${prefix}${appId === 'library' ? jobId : `${appId}/${jobId}`}`,
    candidate: `${prefix}candidate/${appId}/${jobId}`,
  };
}

/** Whether a repository holds what waits for a verdict. */
export function isCandidate(repository: string, prefix: string): boolean {
  return repository.startsWith(`${prefix}candidate/`);
}

/** The parts of `app/job:tag`. */
export function parseProjectName(name: string): Pick<Project, 'appId' | 'jobId' | 'desiredTag'> {
  const [, appId = '', jobId = '', desiredTag = ''] =
    /^([^/:]+)\/([^/:]+):(.+)$/.exec(projectNameSchema.parse(name)) ?? [];
  return { appId, jobId, desiredTag };
}

/** `app/job:tag` for a parent that may be an entry of the index. */
export function ownParent(parent: string): string | undefined {
  const tagged = /:[^/]*$/.test(parent) ? parent : `${parent}:latest`;
  const named = tagged.includes('/') ? tagged : `library/${tagged}`;
  return projectNameSchema.safeParse(named).success ? named : undefined;
}
