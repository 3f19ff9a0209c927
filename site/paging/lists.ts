import { type Build, type BuildStatus, isReleasable } from '../../core/model/build.ts';
import type { Project } from '../../core/model/project.ts';
import type { Page, PageRequest } from '../../services/tables/page.ts';
import type { BuildReader, Cascade, CascadeMember, CascadeReader, ProjectReader } from '../readers.ts';
import { openCursor, sealCursor } from './cursor.ts';
import { limitOf, projectOf, statusOf } from './query.ts';

/** The lists that the pages and the API share, with their parameters checked. */

export interface List<Item> {
  items: Item[];
  /** Null on the last page. */
  cursor: string | null;
}

/** @param ofProject a project whose builds alone are meant, whatever the query says */
export async function buildsOf(builds: BuildReader, query: URLSearchParams, ofProject?: string): Promise<List<Build>> {
  const status = statusOf(query);
  const project = ofProject ?? projectOf(query);
  const list = `builds\n${project ?? ''}\n${status ?? ''}`;
  const request = { limit: limitOf(query), cursor: cursorOf(list, query) };
  const { items, cursor } = await choose(builds, request, project, status);
  return { items, cursor: cursor ? sealCursor(list, cursor) : null };
}

function choose(
  builds: BuildReader,
  request: PageRequest,
  project?: string,
  status?: BuildStatus,
): Promise<Page<Build>> {
  if (project) return builds.ofProject(project, request, status);
  return status ? builds.withStatus(status, request) : builds.recent(request);
}

/** Projects by name: all, or those of one app and job. */
export async function projectsOf(
  projects: ProjectReader,
  builds: BuildReader,
  query: URLSearchParams,
  { app, job }: { app?: string | undefined; job?: string | undefined },
): Promise<List<{ project: Project; lastBuild: Build | undefined }>> {
  const limit = limitOf(query);
  const list = `projects\n${app ?? ''}\n${job ?? ''}`;
  const after = cursorOf(list, query) ?? '';
  const following = (await projects.all())
    .filter(({ name, appId, jobId }) => name > after && (app === undefined || (appId === app && jobId === job)))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
  const shown = following.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: await Promise.all(
      shown.map(async (project) => ({ project, lastBuild: await lastBuildOf(builds, project.name) })),
    ),
    cursor: last && following.length > limit ? sealCursor(list, last.name) : null,
  };
}

export async function cascadesOf(cascades: CascadeReader, query: URLSearchParams): Promise<List<Cascade>> {
  const request = { limit: limitOf(query), cursor: cursorOf('cascades', query) };
  const { items, cursor } = await cascades.list(request);
  return { items, cursor: cursor ? sealCursor('cascades', cursor) : null };
}

/** A cascade's projects by name. */
export async function membersOf(
  cascades: CascadeReader,
  id: string,
  query: URLSearchParams,
): Promise<List<CascadeMember>> {
  const list = `cascade\n${id}`;
  const { items, cursor } = await cascades.members(id, { limit: limitOf(query), cursor: cursorOf(list, query) });
  return { items, cursor: cursor ? sealCursor(list, cursor) : null };
}

function cursorOf(list: string, query: URLSearchParams): string | undefined {
  const cursor = query.get('cursor');
  return cursor ? openCursor(list, cursor) : undefined;
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
