import { type Build, isReleasable } from '../../core/model/build.ts';
import { InvalidInputError } from '../../core/model/errors.ts';
import type { Project } from '../../core/model/project.ts';
import type { Seals } from '../../services/aws/seals.ts';
import type { Page, PageRequest } from '../../services/tables/page.ts';
import type { SiteParts } from '../parts.ts';
import type { BuildReader, Cascade, CascadeMember } from '../readers.ts';
import { invalidCursor, openCursor, sealCursor } from './cursor.ts';
import { limitOf, projectOf, statusOf } from './query.ts';

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
  { builds, seals }: Pick<SiteParts, 'builds' | 'seals'>,
  query: URLSearchParams,
  ofProject?: string,
): Promise<List<Build>> {
  const status = statusOf(query);
  const project = ofProject ?? projectOf(query);
  return sealedPage(seals, `builds\n${project ?? ''}\n${status ?? ''}`, query, (request) => {
    if (project) return builds.ofProject(project, request, status);
    return status ? builds.withStatus(status, request) : builds.recent(request);
  });
}

/** Projects by name: all, or those of one app and job. */
export async function projectsOf(
  { builds, projects, seals }: Pick<SiteParts, 'builds' | 'projects' | 'seals'>,
  query: URLSearchParams,
  { app, job }: { app?: string | undefined; job?: string | undefined },
): Promise<List<{ project: Project; lastBuild: Build | undefined }>> {
  const start = app && job ? `${app}/${job}:` : '';
  const { items, cursor } = await sealedPage(seals, `projects\n${start}`, query, (request) =>
    projects.list(start, request),
  );
  return {
    items: await Promise.all(
      items.map(async (project) => ({ project, lastBuild: await lastBuildOf(builds, project.name) })),
    ),
    cursor,
  };
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

/** The last build of a releasable ref: pull requests, which anyone may open, say nothing about the project. */
export async function lastBuildOf(builds: BuildReader, project: string): Promise<Build | undefined> {
  let cursor: string | undefined;
  for (const limit of [1, 25, 100]) {
    const page = await builds.ofProject(project, { limit, cursor });
    const found = page.items.find(({ ref }) => isReleasable(ref));
    if (found || !page.cursor) return found;
    cursor = page.cursor;
  }
  return undefined;
}
