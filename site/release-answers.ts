import type { ApiRelease, ApiReleaseWithFindings } from '../core/api/releases.ts';
import type { Project } from '../core/model/project.ts';
import { currentState, type ReleasedImage } from '../core/releases/release.ts';
import { publicKeyPem } from '../core/signing/public-key.ts';
import { type Answer, json, jsonList, page } from './answer.ts';
import { recorded } from './build-records.ts';
import { releaseListPage, releasePage } from './pages/releases.ts';
import { tagsPage } from './pages/tags.ts';
import { pieceOf } from './paging/bounded-page.ts';
import { type List, sealedPage } from './paging/lists.ts';
import { tagOf } from './paging/query.ts';
import type { SiteParts, SiteRequest } from './parts.ts';
import type { KnownProject, ReleaseReader } from './readers.ts';
import { verifyRelease } from './release-verification.ts';
import { RequestError } from './request-error.ts';

type Parts = Pick<SiteParts, 'builds' | 'releases' | 'seals' | 'signatures' | 'signingKey' | 'siteUrl' | 'targets'>;

/** A project's releases, newest first. */
export async function releaseListAnswer(
  parts: Parts,
  { query, now }: SiteRequest,
  project: KnownProject,
): Promise<Answer> {
  const { items, cursor } = await releasesOf(parts, query, project.name);
  return page(releaseListPage({ project, releases: items, cursor, query, now }));
}

/** The tags that name an image of the project now. */
export async function tagsAnswer(parts: Parts, { query, now }: SiteRequest, project: Project): Promise<Answer> {
  const { items, cursor } = await releasesOf(parts, query, project.name);
  return page(tagsPage({ project, releases: items, cursor, query, now }));
}

export async function releaseAnswer(
  { builds, releases, signatures, signingKey, siteUrl, targets }: Parts,
  { now }: SiteRequest,
  project: KnownProject,
  digest: string,
): Promise<Answer> {
  const release = await releaseWith(releases, project.name, digest);
  const [findings, build, publicKey, ofProject] = await Promise.all([
    recorded(releases.findings(release)),
    builds.get(release.build),
    // A release is shown also while KMS gives no key.
    signingKey.publicKey().then(publicKeyPem, () => undefined),
    targets.ofProject(release.project),
  ]);
  const repository = build?.image?.repository ?? release.repository;
  const verified =
    release.signed && publicKey !== undefined ? await verifyRelease(signatures, release, publicKey) : undefined;
  const verifying = { repository, siteUrl, publicKey, verified };
  return page(releasePage({ release, project, targets: ofProject, findings, verifying, now }));
}

export async function apiReleaseList(parts: Parts, { query }: SiteRequest, project: Project): Promise<Answer> {
  const { items, cursor } = await releasesOf(parts, query, project.name);
  return jsonList({ items: items.map((release) => apiRelease(release, parts.siteUrl)), cursor });
}

/** A release with its current findings, the worst first. */
export async function apiOneRelease(
  { releases, seals, siteUrl }: Parts,
  { query }: SiteRequest,
  project: Project,
  digest: string,
): Promise<Answer> {
  const release = await releaseWith(releases, project.name, digest);
  const known = await recorded(releases.findings(release));
  if (known === 'unreadable') {
    throw new RequestError(500, 'RecordUnreadable', `What is known of the release ${digest} cannot be read.`);
  }
  const all = (known?.findings ?? []).map(({ since, ...finding }) => ({ ...finding, since: since ?? null }));
  const findings = await pieceOf(seals, `release\n${project.name}\n${digest}`, all, query);
  const content: ApiReleaseWithFindings = { ...apiRelease(release, siteUrl), scan: known?.scan ?? null, findings };
  return { ...json(content), next: findings.cursor };
}

function releasesOf({ releases, seals }: Parts, query: URLSearchParams, project: string): Promise<List<ReleasedImage>> {
  const tag = tagOf(query);
  const list = `releases\n${project}\n${tag ?? ''}`;
  return sealedPage(seals, list, query, (request) => releases.ofProject(project, request, tag));
}

async function releaseWith(releases: ReleaseReader, project: string, digest: string): Promise<ReleasedImage> {
  const found = await releases.get({ project, digest });
  if (found) return found;
  throw new RequestError(404, 'ReleaseNotFound', `${project} has released no image ${digest}.`);
}

function apiRelease(release: ReleasedImage, siteUrl: string): ApiRelease {
  const { project, digest, repository, build, releasedAt, tags, floating, reason, counts, appeared } = release;
  const path = `/projects/${project.replace(':', '/')}/releases/${digest}`;
  const state = currentState(release);
  return {
    project,
    repository,
    digest,
    build,
    releasedAt,
    tags: [...tags].sort(),
    /** The moving tags that name it now. */
    currentTags: floating,
    signed: release.signed ?? false,
    sizeBytes: release.sizeBytes ?? null,
    platforms: release.platforms ?? null,
    state,
    // Of an image that is back, what is kept says why it was gone.
    reason: state === 'waiting' ? null : (reason ?? null),
    counts: counts ?? null,
    newSinceRelease: appeared ?? null,
    policyToday: release.outcome ?? null,
    checkedAt: release.checkedAt ?? null,
    nextCheckAt: release.dueAt ?? null,
    url: `${siteUrl}${path}`,
    findingsUrl: `${siteUrl}/api/v1${path}`,
  };
}
