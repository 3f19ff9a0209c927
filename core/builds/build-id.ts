import { createHash } from 'node:crypto';

/** The same trigger and project always give the same id, so that a trigger that is delivered twice starts one build. */
export function buildIdOf(triggerId: string, project: string): string {
  return createHash('sha256').update(`${triggerId}\n${project}`).digest('hex').slice(0, 16);
}

/**
 * In place of a trigger's id, for the build of a new head: whichever triggers report the head, and however often, it is built once. A ref
 * that returns to an earlier commit has a new revision, and so a new build.
 */
export function headEvent({ ref, commit, revision }: { ref: string; commit: string; revision: number }): string {
  return `head:${ref} ${commit} ${revision}`;
}
