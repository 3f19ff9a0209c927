import { projectNameSchema } from '../core/model/project-name.ts';
import { findSource } from '../core/sources/source.ts';
import type { SiteParts } from './parts.ts';
import type { KnownProject } from './readers.ts';

/** What a search reads of each kind at most. */
const limit = 20;

/** What a text asks for. Each is looked up in an index: nothing goes through all projects or builds. */
export interface Wanted {
  build?: string;
  cascade?: string;
  /** A commit, or its first digits. */
  commit?: string;
  digest?: string;
  /** The start of the name of a project, or of its job. */
  name?: string;
  tag?: string | undefined;
  /** `host/owner/repository` */
  source?: string;
}

/** Reads what people paste: names and ids, an image with its registry and tag, the address of a repository. */
export function readWanted(text: string): Wanted {
  if (/^\d{8}T\d{6}Z-[0-9a-f]{6}$/.test(text)) return { cascade: text };
  const digest = /sha256:[0-9a-f]{64}$/.exec(text)?.[0];
  if (digest) return { digest };
  const hex = /^(?:sha-|commit |#)?([0-9a-f]{7,64})$/i.exec(text)?.[1]?.toLowerCase();
  if (hex) {
    const build = hex.length === 16 ? { build: hex } : {};
    const ofImage = hex.length === 64 ? { digest: `sha256:${hex}` } : {};
    // A name may look like a commit.
    return { ...build, ...ofImage, commit: hex, name: hex };
  }
  const commit = /(?:^|:)build-\d{8}T\d{6}Z-([0-9a-f]{7})$/.exec(text)?.[1];
  if (commit) return { commit };
  const source = findSource(text) ?? findSource(`https://${text}`);
  return { ...(source?.includes('/') ? { source } : {}), ...image(text) };
}

/** `registry.example.org/demo/app:1.2.3`, `demo/app`, `app:1.2.3` or the start of one. */
function image(text: string): Pick<Wanted, 'name' | 'tag'> {
  const [, host = '', name = '', tag] =
    /^((?:[^/\s]*[.:][^/\s]*\/)?)([a-z0-9][a-z0-9._/-]*)(?::([\w.-]*))?$/.exec(text) ?? [];
  if (!name) return {};
  // In ECR the names of repositories have a prefix, which is not known to whoever reads an image's name.
  const parts = name.split('/');
  return { name: host && parts.length > 2 ? parts.slice(-2).join('/') : name, tag: tag || undefined };
}

/** What a search found. */
export type Found =
  | { kind: 'project'; project: KnownProject }
  | { kind: 'build'; id: string; project: string; commit: string; status: string; createdAt: string }
  | { kind: 'release'; digest: string; project: string; tags: string[]; releasedAt: string }
  | { kind: 'cascade'; id: string };

type Parts = Pick<SiteParts, 'builds' | 'projects' | 'releases' | 'cascades'>;

export async function search(parts: Parts, text: string): Promise<Found[]> {
  const wanted = readWanted(text);
  const { build, cascade, commit, digest } = wanted;
  const [found, builds, ofDigest, projects, summary] = await Promise.all([
    build === undefined ? undefined : parts.builds.get(build),
    commit === undefined ? [] : parts.builds.list({ commit }, { limit }).then(({ items }) => items),
    digest === undefined ? [] : parts.releases.withDigest(digest, { limit }).then(({ items }) => items),
    projectsOf(parts, wanted),
    cascade === undefined ? undefined : parts.cascades.summary(cascade),
  ]);
  const tagged = await releasesWithTag(parts, projects, wanted);
  return [
    ...(summary ? [{ kind: 'cascade' as const, id: summary.id }] : []),
    ...projects.map((project) => ({ kind: 'project' as const, project })),
    ...[...ofDigest, ...tagged].map((release) => ({
      kind: 'release' as const,
      digest: release.digest,
      project: release.project,
      tags: release.floating,
      releasedAt: release.releasedAt,
    })),
    ...[...(found ? [found] : []), ...builds].map((each) => ({
      kind: 'build' as const,
      id: each.id,
      project: each.project,
      commit: each.commit,
      status: each.status,
      createdAt: each.createdAt,
    })),
  ];
}

async function projectsOf({ projects }: Parts, { name, tag, source }: Wanted): Promise<KnownProject[]> {
  const exact = name !== undefined && tag !== undefined ? projectNameSchema.safeParse(`${name}:${tag}`) : undefined;
  const [byName, byJob, bySource, one] = await Promise.all([
    name === undefined ? [] : projects.list(name, { limit }).then(({ items }) => items),
    name === undefined || name.includes('/') ? [] : projects.listJobs(name, { limit }).then(({ items }) => items),
    source === undefined ? [] : projects.bySource(source),
    exact?.success ? projects.get(exact.data) : undefined,
  ]);
  const all = [...(one ? [one] : []), ...byName, ...byJob, ...bySource];
  return [...new Map(all.map((project) => [project.name, project])).values()].slice(0, limit);
}

/** A tag says something within its project only: of the first projects, the releases that ever had it. */
async function releasesWithTag({ releases }: Parts, projects: readonly KnownProject[], { tag }: Wanted) {
  if (tag === undefined) return [];
  const found = await Promise.all(projects.slice(0, 4).map(({ name }) => releases.ofProject(name, { limit: 5 }, tag)));
  return found.flatMap(({ items }) => items);
}
