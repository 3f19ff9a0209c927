import type { ApiProjectWithTargets } from '../core/api/projects.ts';
import { projectNameSchema } from '../core/model/project-name.ts';
import { watchHostOf, watchNameOf } from '../core/sources/source-secret.ts';
import { publicTarget } from '../core/targets/describe-target.ts';
import { type Answer, json, jsonList, page } from './answer.ts';
import { apiProject } from './api/json.ts';
import { type ProjectNames, projectNotFound, projectWith } from './named-records.ts';
import { projectPage } from './pages/project.ts';
import { projectListPage } from './pages/projects.ts';
import { buildsOf, lastBuildOf, projectsOf } from './paging/lists.ts';
import type { SiteParts, SiteRequest } from './parts.ts';
import type { BaseStatus, KnownProject } from './readers.ts';

/** Of a project's newest releases and builds its own page shows these. */
const releasesRead = 20;
const urlNotificationsShown = 8;
/** They are charted, too. */
const buildsShown = '30';
const ownBasesRead = 10;

export async function projectList(
  parts: SiteParts,
  { path, query, now }: SiteRequest,
  { app, job }: Partial<ProjectNames>,
): Promise<Answer> {
  const { items, cursor } = await projectsOf(parts, query, { app, job });
  const title = app && job ? `${app}/${job}` : undefined;
  if (title && items.length === 0 && !query.has('cursor')) throw projectNotFound(title);
  return page(projectListPage({ title: title ?? 'Projects', path, states: items, cursor, query, now }));
}

export async function project(parts: SiteParts, { query, now }: SiteRequest, names: ProjectNames): Promise<Answer> {
  const found = await projectWith(parts, names);
  const wanted = new URLSearchParams({ limit: buildsShown, cursor: query.get('cursor') ?? '' });
  const { items, cursor } = await buildsOf(parts, wanted, found.name);
  const { relations } = parts;
  const isFirst = !query.has('cursor');
  const [ownSource, host, bases, dependents, pending, recipients, targets, urlNotifications, ...rest] =
    await Promise.all([
      parts.sources.get(watchNameOf(found)),
      parts.sources.get(watchHostOf(found)),
      basesOf(parts, found),
      relations.dependents(found),
      relations.pending(found.name),
      parts.addresses.summary(found.notifyEmail),
      parts.targets.ofProject(found.name),
      parts.urlNotifications.ofProject(found.name, { limit: urlNotificationsShown }),
      isFirst ? parts.releases.ofProject(found.name, { limit: releasesRead }) : { items: [] },
      found.released && parts.builds.get(found.released.build),
    ]);
  const [released, releasedBy] = rest;
  const shown = { dependsOn: found.dependsOn, bases, dependents, pending };
  return page(
    projectPage({
      project: found,
      // While its host is not asked, nothing newer is known of the repository.
      source: host ?? ownSource,
      relations: shown,
      recipients,
      targets,
      urlNotifications: urlNotifications.items,
      releases: released.items,
      releasedBy,
      builds: items,
      cursor,
      query,
      siteUrl: parts.siteUrl,
      now,
    }),
  );
}

/** Of a base image that is a release, its project knows since when there is which. */
async function basesOf({ relations, projects }: SiteParts, { bases = [] }: KnownProject): Promise<BaseStatus[]> {
  const statuses = await relations.statuses(bases);
  return Promise.all(
    statuses.map(async (base, at) => {
      const isProject = base.own && at < ownBasesRead && projectNameSchema.safeParse(base.reference).success;
      const released = isProject ? (await projects.get(base.reference))?.released : undefined;
      if (!released) return base;
      return { ...base, newer: released.digest === base.digest ? undefined : released.digest, since: released.at };
    }),
  );
}

export async function apiProjectList(
  parts: SiteParts,
  { query, now }: SiteRequest,
  { app, job }: Partial<ProjectNames>,
): Promise<Answer> {
  const { items, cursor } = await projectsOf(parts, query, { app, job });
  if (app && job && items.length === 0 && !query.has('cursor')) throw projectNotFound(`${app}/${job}`);
  const shown = items.map(({ project, lastBuild }) => apiProject(project, lastBuild, parts.siteUrl, now));
  return jsonList({ items: shown, cursor });
}

export async function apiOneProject(parts: SiteParts, { now }: SiteRequest, names: ProjectNames): Promise<Answer> {
  const found = await projectWith(parts, names);
  const targets = (await parts.targets.ofProject(found.name)).map(publicTarget);
  const lastBuild = await lastBuildOf(parts.builds, found);
  const content: ApiProjectWithTargets = { ...apiProject(found, lastBuild, parts.siteUrl, now), targets };
  return json(content);
}
