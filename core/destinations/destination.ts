import type { Project } from '../model/project.ts';
import { versionOf } from '../sources/version-tag.ts';

type Owner = Pick<Project, 'appId' | 'jobId' | 'destinations'>;

/**
 * The images outside that are copies of a project's: `ghcr.io/acme/shop`. What ends with `/` is a folder of images, `ghcr.io/acme/`; those of
 * the whole index may have the image's name in another form, `ghcr.io/acme/{app-id}-{job-id}`.
 */
export function destinationsOf({ appId, jobId, destinations = [] }: Owner): string[] {
  const own = appId === 'library' ? jobId : `${appId}/${jobId}`;
  const named = (written: string) => written.replaceAll('{app-id}', appId).replaceAll('{job-id}', jobId);
  return [...new Set(destinations.map((written) => (written.endsWith('/') ? `${written}${own}` : named(written))))];
}

/**
 * The target that gets a release at a destination. Each version is one of its own, so that none is left out where several are released
 * while the registry is down; of a branch the newest release is enough.
 */
export function destinationTarget(destination: string, ref: string): string {
  const version = versionOf(ref)?.version;
  return version === undefined ? destination : `${destination}:${version}`;
}

/** The destination that a target belongs to; undefined if the entry does not have it any more. */
export function destinationOf(owner: Owner, target: string): string | undefined {
  return destinationsOf(owner).find((each) => target === each || target.startsWith(`${each}:`));
}
