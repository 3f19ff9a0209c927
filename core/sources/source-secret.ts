import { isReleasable } from '../model/build.ts';
import type { Project } from '../model/project.ts';

/**
 * Whether a credential for an address may be sent to another: to the same host and scheme only, and there to the repository or folder that
 * the credential is for.
 */
export function opensUrl(opened: string, url: string): boolean {
  const [one, other] = [URL.parse(opened), URL.parse(url)];
  if (!one || !other || one.origin !== other.origin) return false;
  // A URL keeps an encoded slash, which a host may read as one: the path would then lead elsewhere.
  if (/%(?:2f|5c)/i.test(other.pathname)) return false;
  const pathOf = ({ pathname }: URL) => pathname.replace(/\/+$/, '').replace(/\.git$/, '');
  return pathOf(other) === pathOf(one) || pathOf(other).startsWith(`${pathOf(one)}/`);
}

/**
 * The credential that a project's repository is queried with. Projects of one repository are queried together only if they have the same
 * one: what one of them opens must not be shown to another that only names its address.
 */
export function accessOf({ appId, sourceSecret }: Pick<Project, 'appId' | 'sourceSecret'>): string {
  return sourceSecret === undefined ? '' : `${appId}/${sourceSecret}`;
}

/** The name under which the watch of repositories remembers that of a project. */
export function watchNameOf(project: Pick<Project, 'appId' | 'source' | 'sourceSecret'>): string {
  const access = accessOf(project);
  // No repository's address has such a mark.
  return access ? `${project.source}#${access}` : project.source;
}

/** The name under which it remembers the host of a project's repository: no source has such a name. */
export function watchHostOf({ source }: Pick<Project, 'source'>): string {
  return `//${source.split('/')[0]}`;
}

/** Whether a build fetches its source with the secret of its entry. What a pull request brings does not get it. */
export function usesSourceSecret({ ref }: { ref: string }, { sourceSecret }: Pick<Project, 'sourceSecret'>): boolean {
  return sourceSecret !== undefined && isReleasable(ref);
}
