import type { Project } from '../core/model/project.ts';
import { currentState, type ReleasedImage } from '../core/releases/release.ts';
import { type Answer, json, page } from './answer.ts';
import { recorded } from './build-records.ts';
import { releaseListPage, releasePage } from './pages/releases.ts';
import { pieceOf } from './paging/bounded-page.ts';
import { openCursor, sealCursor } from './paging/cursor.ts';
import type { List } from './paging/lists.ts';
import { limitOf } from './paging/query.ts';
import type { SiteParts, SiteRequest } from './parts.ts';
import type { ReleaseReader } from './readers.ts';
import { RequestError } from './request-error.ts';

type Parts = Pick<SiteParts, 'releases' | 'siteUrl'>;

/** A project's releases, newest first. */
export async function releaseListAnswer(
  { releases }: Parts,
  { query, now }: SiteRequest,
  project: Project,
): Promise<Answer> {
  const { items, cursor } = await releasesOf(releases, query, project.name);
  return page(releaseListPage({ project, releases: items, cursor, query, now }));
}

export async function releaseAnswer(
  { releases }: Parts,
  { now }: SiteRequest,
  project: Project,
  digest: string,
): Promise<Answer> {
  const release = await releaseWith(releases, project.name, digest);
  return page(releasePage({ release, findings: await recorded(releases.findings(release)), now }));
}

export async function apiReleaseList(
  { releases, siteUrl }: Parts,
  { query }: SiteRequest,
  project: Project,
): Promise<Answer> {
  const { items, cursor } = await releasesOf(releases, query, project.name);
  return json({ items: items.map((release) => apiRelease(release, siteUrl)), cursor });
}

/** A release with its current findings, the worst first. */
export async function apiOneRelease(
  { releases, siteUrl }: Parts,
  { query }: SiteRequest,
  project: Project,
  digest: string,
): Promise<Answer> {
  const release = await releaseWith(releases, project.name, digest);
  const known = await recorded(releases.findings(release));
  if (known === 'unreadable') {
    throw new RequestError(500, 'RecordUnreadable', `What is known of the release ${digest} cannot be read.`);
  }
  const findings = (known?.findings ?? []).map(({ since, ...finding }) => ({ ...finding, since: since ?? null }));
  return json({
    ...apiRelease(release, siteUrl),
    scan: known?.scan ?? null,
    findings: pieceOf(`release\n${project.name}\n${digest}`, findings, query),
  });
}

async function releasesOf(
  releases: ReleaseReader,
  query: URLSearchParams,
  project: string,
): Promise<List<ReleasedImage>> {
  const list = `releases\n${project}`;
  const sealed = query.get('cursor');
  const { items, cursor } = await releases.ofProject(project, {
    limit: limitOf(query),
    cursor: sealed ? openCursor(list, sealed) : undefined,
  });
  return { items, cursor: cursor ? sealCursor(list, cursor) : null };
}

async function releaseWith(releases: ReleaseReader, project: string, digest: string): Promise<ReleasedImage> {
  const found = await releases.get({ project, digest });
  if (found) return found;
  throw new RequestError(404, 'ReleaseNotFound', `${project} has released no image ${digest}.`);
}

function apiRelease(release: ReleasedImage, siteUrl: string) {
  const { project, digest, repository, build, releasedAt, tags, floating, reason, counts, appeared } = release;
  const path = `/projects/${project.replace(':', '/')}/releases/${digest}`;
  return {
    project,
    repository,
    digest,
    build,
    releasedAt,
    tags: [...tags].sort(),
    /** The moving tags that name it now. */
    currentTags: floating,
    state: currentState(release),
    reason: reason ?? null,
    counts: counts ?? null,
    newSinceRelease: appeared ?? null,
    policyToday: release.outcome ?? null,
    checkedAt: release.checkedAt ?? null,
    nextCheckAt: release.dueAt ?? null,
    url: `${siteUrl}${path}`,
    findingsUrl: `${siteUrl}/api/v1${path}`,
  };
}
