import { createHash } from 'node:crypto';

/** The same trigger and project always give the same id, so that a trigger that is delivered twice starts one build. */
export function buildIdOf(triggerId: string, project: string): string {
  return createHash('sha256').update(`${triggerId}\n${project}`).digest('hex').slice(0, 16);
}
