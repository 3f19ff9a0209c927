import type { Project } from '../model/project.ts';

/** Who asks for a page or calls the API. */
export interface Viewer {
  /** A mail address whose owner the identity provider has checked, in lower case. */
  email?: string | undefined;
  /** The groups that the identity provider names. */
  groups: readonly string[];
  /** For operators, and for callers that the account's IAM allows to read everything. */
  seesAll: boolean;
}

export const stranger: Viewer = { groups: [], seesAll: false };

/** The prefix of a group's name in `viewers` of an entry. */
export const groupPrefix = 'group:';

/**
 * Whether somebody may see a project, its builds, logs and releases. A public one everybody may; a private one those whom the entry names
 * in `viewers`, and where it has no such key, those who get its mails.
 */
export function maySee(
  viewer: Viewer,
  { visibility, viewers, notifyEmail }: Pick<Project, 'visibility' | 'viewers' | 'notifyEmail'>,
): boolean {
  if (visibility !== 'private' || viewer.seesAll) return true;
  const named = (viewers ?? notifyEmail).map((each) => each.toLowerCase());
  return (
    (viewer.email !== undefined && named.includes(viewer.email)) ||
    viewer.groups.some((group) => named.includes(`${groupPrefix}${group.toLowerCase()}`))
  );
}
