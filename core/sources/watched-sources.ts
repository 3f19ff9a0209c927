import type { Project } from '../model/project.ts';
import { buildsRef } from './plan-push.ts';
import { watchNameOf } from './source-secret.ts';
import { isVersionTag } from './version-tag.ts';

/** A git repository, and the refs in it to watch. */
export interface WatchedSource {
  /** What is remembered of it has this name: it differs for projects that ask with a credential. */
  name: string;
  /** `host/owner/repository` */
  source: string;
  url: string;
  host: string;
  /** The projects that are built from it, and are asked for together. */
  projects: Project[];
  /** The branches to watch, as full refs. */
  branches: Set<string>;
  /** Whether any of the projects builds version tags. */
  tags: boolean;
}

/** The prefixes of `v1.2.3` and `1.2.3`. Hosts then send no other tags, of which some repositories have tens of thousands. */
const versionTagPrefixes = ['v', ...'0123456789'].map((start) => `refs/tags/${start}`);
const anyVersion = 'refs/tags/1.0.0';

/** Each repository once, however many projects use it with the same credential, and the index's own repository. */
export function watchedSources(
  projects: readonly Project[],
  index: { source: string; ref: string; url: string },
): WatchedSource[] {
  const watched = new Map<string, WatchedSource>();
  const at = (name: string, source: string, url: string): WatchedSource => {
    const found = watched.get(name);
    if (found) return found;
    const host = source.split('/')[0] ?? source;
    const made: WatchedSource = { name, source, url, host, projects: [], branches: new Set(), tags: false };
    watched.set(name, made);
    return made;
  };
  at(index.source, index.source, index.url).branches.add(index.ref);
  for (const project of projects) {
    if (!project.active) continue;
    const each = at(watchNameOf(project), project.source, project.gitUrl);
    each.projects.push(project);
    each.branches.add(`refs/heads/${project.gitBranch}`);
    each.tags ||= buildsRef(project, anyVersion);
  }
  return [...watched.values()];
}

/** The prefixes of all refs to watch. */
export function refPrefixes({ branches, tags }: WatchedSource): string[] {
  return [...branches, ...(tags ? versionTagPrefixes : [])];
}

/** The version tags among the refs. */
export function versionTagsOf(refs: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...refs].filter(([ref]) => isVersionTag(ref)));
}

/** Sorted by name, beginning where the last run broke off. */
export function fromNext(watched: readonly WatchedSource[], next = ''): WatchedSource[] {
  const ordered = watched.toSorted((one, other) => (one.name < other.name ? -1 : 1));
  const start = ordered.findIndex(({ name }) => name >= next);
  return start <= 0 ? ordered : [...ordered.slice(start), ...ordered.slice(0, start)];
}
