import * as z from 'zod';
import { deployTargetSchema } from './deploy-target.ts';
import { exceptionSchema } from './exception.ts';
import { gitHostKinds } from './git-host.ts';
import { holdSchema } from './hold.ts';
import { notifiableStatuses } from './notifiable-statuses.ts';
import { notifyUrlSchema } from './notify-url.ts';
import { platformSchema } from './platform.ts';
import { ownPolicySchema } from './policy.ts';
import { projectNameSchema } from './project-name.ts';
import { vexStatementSchema } from './vex.ts';

/** One index entry as the pipeline stores it: paths are relative to the repository's root, the source URL has no credentials. */
export const projectSchema = z.object({
  /** `app-id/job-id:desired-tag` */
  name: projectNameSchema,
  appId: z.string(),
  jobId: z.string(),
  desiredTag: z.string(),
  /** Where the source is cloned from, as written in the index. */
  gitUrl: z.string(),
  /** The kind of its git host, where the configuration names that. */
  gitHost: z.enum(gitHostKinds).optional(),
  gitBranch: z.string(),
  /** `host/owner/repository` in lower case without `.git`: what a push event is matched against. */
  source: z.string(),
  /** The Dockerfile, from the repository's root. */
  dockerfile: z.string(),
  /** The build context, from the repository's root; `.` is the root itself. */
  context: z.string(),
  notifyEmail: z.array(z.string()),
  /** Names (`app/job:tag`) of the images that the entry says it depends on. */
  dependsOn: z.array(z.string()),
  /** Its pages, logs, reports and images are for its viewers alone; absent: they are public. */
  visibility: z.literal('private').optional(),
  /** Who sees a private project: mail addresses, and `group:NAME` of the identity provider. Where it is absent, those who get its mails. */
  viewers: z.array(z.string()).optional(),
  /** The index file that contains the entry. */
  file: z.string(),
  /** Tags that a release of the branch gets beside the desired one. */
  extraTags: z.array(z.string()).optional(),
  /** The platforms to build for; the pipeline's own where it is absent. */
  platforms: z.array(platformSchema).optional(),
  /** Globs from the repository's root: a push that changes no file that they match builds nothing. */
  paths: z.array(z.string()).optional(),
  /** Whether version tags are built and released too. Where it is absent, they are, unless entries share a repository. */
  versionTags: z.boolean().optional(),
  /** Whether pull requests are built and judged; the result becomes a status of the commit. */
  pullRequests: z.boolean().optional(),
  /** The results that are notified by mail; an empty list means none. */
  notify: z.array(z.enum(notifiableStatuses)).optional(),
  /** The addresses that get the project's events. */
  notifyUrls: z.array(notifyUrlSchema).optional(),
  /** `rate(1 day)` or `cron(0 4 ? * MON *)`, in UTC. */
  schedule: z.string().optional(),
  /** A script that generates the Dockerfile or files that it needs, and the folder to run it in; both from the repository's root. */
  prebuild: z.object({ script: z.string(), context: z.string() }).optional(),
  /** The values of ARGs of the Dockerfile, the index's among them. */
  buildArgs: z.record(z.string(), z.string()).optional(),
  /** The stage that is built; the last one where it is absent. */
  target: z.string().optional(),
  /** Secrets that `RUN --mount=type=secret` may mount: the id that the Dockerfile names, and the name in the app-id's folder. */
  buildSecrets: z.record(z.string(), z.string()).optional(),
  /** The secret in the app-id's folder that opens the repository, where it is not public. */
  sourceSecret: z.string().optional(),
  /** Labels of the image, the index's among them. */
  labels: z.record(z.string(), z.string()).optional(),
  /** The keys that override the pipeline's policy. */
  policy: ownPolicySchema.optional(),
  /** Findings that are accepted for this project until an expiry day. */
  exceptions: z.array(exceptionSchema).optional(),
  /** The statements of the index's OpenVEX documents about this project's image. */
  vex: z.array(vexStatementSchema).optional(),
  /** Nothing is released as long as it lasts. */
  hold: holdSchema.optional(),
  /** The manifests that a release is written into, in the order of promotion. */
  deploy: z.array(deployTargetSchema).optional(),
  /** The images in other registries that a release is copied to, `ghcr.io/acme/shop`, or the folders of them, `ghcr.io/acme/`. */
  destinations: z.array(z.string()).optional(),
  /** Other entries release to the same repository under other tags, so that a branch or commit does not identify one image. */
  sharesRepository: z.boolean(),
  /** False once the entry was removed from the index: nothing is built any more, and the images stay. */
  active: z.boolean(),
});

export type Project = z.infer<typeof projectSchema>;

/** Whether a ref is the entry's branch, whose releases are those of the project. */
export function isTracked({ gitBranch }: Pick<Project, 'gitBranch'>, ref: string): boolean {
  return ref === `refs/heads/${gitBranch}`;
}

/** Whether an entry wants mails at all: an empty list of results means none. */
export function getsMails({ notify }: Pick<Project, 'notify'>): boolean {
  return notify === undefined || notify.length > 0;
}

/** The two repositories of a project. Release repositories of the `library` application leave its name out, as on Docker Hub. */
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

/** The repository of the layers that builds of a project share: a build whose image is never released has no access to it. */
export function cacheOf(candidate: string): string {
  return `${candidate}/cache`;
}

/** Whether a repository contains candidates, which wait for a verdict. */
export function isCandidate(repository: string, prefix: string): boolean {
  return repository.startsWith(`${prefix}candidate/`);
}
