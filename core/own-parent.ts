import { projectNameSchema } from './project.ts';

/** `app/job:tag` for a parent that may be an entry of the index. */
export function ownParent(parent: string): string | undefined {
  const tagged = /:[^/]*$/.test(parent) ? parent : `${parent}:latest`;
  const named = tagged.includes('/') ? tagged : `library/${tagged}`;
  return projectNameSchema.safeParse(named).success ? named : undefined;
}
