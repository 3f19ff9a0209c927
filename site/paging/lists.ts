import { type BuildSelection, isSelected } from '../../core/builds/build-selection.ts';
import type { Build } from '../../core/model/build.ts';
import { InvalidInputError } from '../../core/model/errors.ts';
import type { Project } from '../../core/model/project.ts';
import type { ReleasedImage } from '../../core/releases/release.ts';
import type { Seals } from '../../services/aws/seals.ts';
import type { Page, PageRequest } from '../../services/tables/page.ts';
import type { SiteParts } from '../parts.ts';
import type { BuildReader, Cascade, CascadeMember, KnownProject } from '../readers.ts';
import { RequestError } from '../request-error.ts';
import { invalidCursor, openCursor, sealCursor } from './cursor.ts';
import { digestOf, limitOf, prefixOf, selectionOf, tagOf } from './query.ts';

/** The lists that the pages and the API share, with their parameters checked. */

export interface List<Item> {
  items: Item[];
  /** Null on the last page. */
  cursor: string | null;
}

/**
 * One page of a store's list, from the request's cursor on.
 * @param list names the list with everything that selects its items
 */
export async function sealedPage<Item>(
  seals: Seals,
  list: string,
  query: URLSearchParams,
  read: (request: PageRequest) => Promise<Page<Item>>,
): Promise<List<Item>> {
  const request = { limit: limitOf(query), cursor: await openCursor(seals, list, query) };
  const { items, cursor } = await read(request).catch((error: unknown) => {
    // The list gave this cursor before a new version of Slipway changed the form of its positions.
    throw request.cursor !== undefined && error instanceof InvalidInputError ? invalidCursor() : error;
  });
  return { items, cursor: await sealCursor(seals, list, cursor) };
}

/** @param ofProject a project whose builds alone are meant, whatever the query says */
export function buildsOf(
  { builds, releases, seals }: Pick<SiteParts, 'builds' | 'releases' | 'seals'>,
  query: URLSearchParams,
  ofProject?: string,
): Promise<List<Build>> {
  const selected = selectionOf(query);
  const selection = { ...selected, project: ofProject ?? selected.project };
  const image = { digest: digestOf(query), tag: tagOf(query) };
  const readImages = imagesOf(releases, image, selection);
  const list = `builds\n${JSON.stringify({ ...selection, ...image })}`;
  return sealedPage(seals, list, query, (request) =>
    readImages ? buildsOfImages(builds, readImages, selection, request) : builds.list(selection, request),
  );
}

type ReadImages = (request: PageRequest) => Promise<Page<ReleasedImage>>;

/** The released images with a digest, or with a tag, which says something within its project only; undefined if neither is asked for. */
function imagesOf(
  releases: SiteParts['releases'],
  { digest, tag }: { digest: string | undefined; tag: string | undefined },
  { project }: BuildSelection,
): ReadImages | undefined {
  if (digest === undefined && tag === undefined) return undefined;
  if (digest === undefined) {
    if (project !== undefined) return (request) => releases.ofProject(project, request, tag);
    throw new RequestError(400, 'InvalidTag', 'The parameter "tag" needs "project" or "digest" beside it.');
  }
  return async (request) => {
    const { items, cursor } = await releases.withDigest(digest, request);
    return { items: items.filter(({ tags }) => tag === undefined || tags.has(tag)), cursor };
  };
}

/** The builds that released images last, at most one of each project for each image. */
async function buildsOfImages(
  builds: BuildReader,
  readImages: ReadImages,
  selection: BuildSelection,
  request: PageRequest,
): Promise<Page<Build>> {
  const { items, cursor } = await readImages(request);
  const found = await Promise.all(items.map(({ build }) => builds.get(build)));
  const known = found.filter((build) => build !== undefined);
  return { items: known.filter((build) => isSelected(build, selection)), cursor };
}

/** Projects by name: all, those whose name begins as the query says, or those of one app and job. */
export async function projectsOf(
  { builds, projects, seals }: Pick<SiteParts, 'builds' | 'projects' | 'seals'>,
  query: URLSearchParams,
  { app, job }: { app?: string | undefined; job?: string | undefined },
): Promise<List<{ project: Project; lastBuild: Build | undefined }>> {
  const start = app && job ? `${app}/${job}:` : prefixOf(query);
  const { items, cursor } = await sealedPage(seals, `projects\n${start}`, query, (request) =>
    projects.list(start, request),
  );
  const last = await builds.getMany(items.flatMap(({ lastBuild }) => lastBuild ?? []));
  const byId = new Map(last.map((build) => [build.id, build]));
  return { items: items.map((project) => ({ project, lastBuild: byId.get(project.lastBuild ?? '') })), cursor };
}

export function cascadesOf(
  { cascades, seals }: Pick<SiteParts, 'cascades' | 'seals'>,
  query: URLSearchParams,
): Promise<List<Cascade>> {
  return sealedPage(seals, 'cascades', query, cascades.list);
}

/** A cascade's projects by name. */
export function membersOf(
  { cascades, seals }: Pick<SiteParts, 'cascades' | 'seals'>,
  id: string,
  query: URLSearchParams,
): Promise<List<CascadeMember>> {
  return sealedPage(seals, `cascade\n${id}`, query, (request) => cascades.members(id, request));
}

export async function lastBuildOf(
  builds: Pick<BuildReader, 'get'>,
  { lastBuild }: KnownProject,
): Promise<Build | undefined> {
  return lastBuild === undefined ? undefined : builds.get(lastBuild);
}
