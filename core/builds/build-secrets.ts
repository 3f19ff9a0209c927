import { isReleasable } from '../model/build.ts';
import type { Project } from '../model/project.ts';
import { parseProjectName } from '../model/project-name.ts';

/**
 * The secrets of a build: id to name. A pull request is code that nobody has merged yet, and would print them: its build gets none, whoever
 * approved it.
 */
export function secretsOf(
  { ref }: { ref: string },
  { buildSecrets }: Pick<Project, 'buildSecrets'>,
): Project['buildSecrets'] {
  return isReleasable(ref) ? buildSecrets : undefined;
}

/** The name in Secrets Manager. The operators have put it into the folder of the app-id, whose entries may use it, and no other's. */
export function storedSecret(project: string, name: string, prefix: string): string {
  return `${prefix}${parseProjectName(project).appId}/${name}`;
}
