import type { Project } from '../model/project.ts';
import type { ReleasedImage } from './release.ts';
import type { ReleaseFindings } from './rescan-findings.ts';

/**
 * Whether people need a mail about changes of a released image: if one of its tags names it or, for an image that is gone, if one of its tags
 * names no image any more.
 * @param isThere for each of its floating tags, whether the tag names an image; needed for an image that is gone
 */
export function isWorthMail(
  { state }: Pick<ReleaseFindings, 'state'>,
  { floating }: Pick<ReleasedImage, 'floating'>,
  isThere: ReadonlyMap<string, boolean>,
): boolean {
  return state === 'gone' ? floating.some((tag) => isThere.get(tag) === false) : floating.length > 0;
}

/** Whether a project's people get mails about findings: its entry may leave them out. */
export function getsFindings({ active, notify }: Pick<Project, 'active' | 'notify'>): boolean {
  return active && (notify?.includes('findings') ?? true);
}
