import * as z from 'zod';

/**
 * `app-id/job-id:desired-tag`, as the index names a project: the ids are parts of repository names as ECR takes them.
 * https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
 */
export const projectNameSchema = z
  .string()
  .regex(/^[a-z0-9]+(?:[._-][a-z0-9]+)*\/[a-z0-9]+(?:[._-][a-z0-9]+)*:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/)
  // The namespace is reserved for candidates, because the builder may push there.
  .refine((name) => !name.startsWith('candidate/'));

/** The parts of `app/job:tag`. */
export function parseProjectName(name: string): { appId: string; jobId: string; desiredTag: string } {
  const [, appId = '', jobId = '', desiredTag = ''] =
    /^([^/:]+)\/([^/:]+):(.+)$/.exec(projectNameSchema.parse(name)) ?? [];
  return { appId, jobId, desiredTag };
}

/** The `app/job:tag` of a parent; undefined if its name cannot be that of an index entry. */
export function ownParent(parent: string): string | undefined {
  const tagged = /:[^/]*$/.test(parent) ? parent : `${parent}:latest`;
  const named = tagged.includes('/') ? tagged : `library/${tagged}`;
  return projectNameSchema.safeParse(named).success ? named : undefined;
}
