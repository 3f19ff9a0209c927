import { isTerminal } from '../core/model/build.ts';
import type { BillFormat } from '../core/model/builder-contract.ts';
import { type Project, projectNameSchema } from '../core/model/project.ts';
import { type Answer, caching, json, page, redirect, tagged } from './answer.ts';
import { type Asked, recordAnswer, scannerAnswer } from './api/build-reports.ts';
import { apiBuild, apiCascade, apiCascadeMember, apiProject } from './api/json.ts';
import { billOf } from './api/sbom.ts';
import { asset } from './assets/assets.ts';
import { badge } from './badge.ts';
import { recordsOf } from './build-records.ts';
import { logText, logView } from './log.ts';
import { buildPage } from './pages/build.ts';
import { buildListPage } from './pages/build-list.ts';
import { cascadeListPage, cascadePage } from './pages/cascades.ts';
import { projectListPage, projectPage } from './pages/projects.ts';
import { buildsOf, cascadesOf, lastBuildOf, membersOf, projectsOf } from './paging/lists.ts';
import { fromOf } from './paging/query.ts';
import type {
  BillReader,
  BuildReader,
  CascadeReader,
  LogReader,
  ProjectReader,
  RecordReader,
  RelationReader,
  ReleaseReader,
} from './readers.ts';
import { apiOneRelease, apiReleaseList, releaseAnswer, releaseListAnswer } from './release-answers.ts';
import { RequestError } from './request-error.ts';
import { standingsOf } from './standings.ts';

/** What the site reads from, and where it stands. */
export interface SiteParts {
  builds: BuildReader;
  projects: ProjectReader;
  cascades: CascadeReader;
  relations: RelationReader;
  log: LogReader;
  records: RecordReader;
  releases: ReleaseReader;
  bills: BillReader;
  /** `https://slipway.example.org`, without a slash at the end. */
  siteUrl: string;
}

export interface SiteRequest {
  path: string;
  query: URLSearchParams;
  /** Their names in lower case. */
  headers: Record<string, string | undefined>;
  now: Date;
}

/** So many of the newest are on a project's own page. */
const releasesShown = 3;

type Route = (parts: SiteParts, request: SiteRequest, names: string[]) => Answer | Promise<Answer>;

const name = '([a-z0-9][a-z0-9._-]*)';
const tag = '([A-Za-z0-9_][A-Za-z0-9._-]{0,127})';
const id = '([0-9a-f]{16})';
const digest = '(sha256:[0-9a-f]{64})';
const cascadeId = '(\\d{8}T\\d{6}Z-[0-9a-f]{6})';

const routes: [RegExp, Route][] = [
  [/^\/$/, buildList],
  [new RegExp(`^/builds/${id}$`), build],
  [new RegExp(`^/builds/${id}/log$`), (_parts, _request, [build]) => redirect(`/api/v1/builds/${build}/log`)],
  [/^\/builds$/, () => redirect('/')],
  [/^\/cascades$/, cascadeList],
  [new RegExp(`^/cascades/${cascadeId}$`), cascade],
  [/^\/projects$/, projectList],
  [new RegExp(`^/projects/${name}/${name}$`), projectList],
  [new RegExp(`^/projects/${name}/${name}/${tag}$`), project],
  [new RegExp(`^/projects/${name}/${name}/${tag}/releases$`), ofProject(releaseListAnswer)],
  [new RegExp(`^/projects/${name}/${name}/${tag}/releases/${digest}$`), ofProject(releaseAnswer)],
  [/^\/api\/v1\/builds$/, apiBuildList],
  [new RegExp(`^/api/v1/builds/${id}$`), apiOneBuild],
  [new RegExp(`^/api/v1/builds/${id}/log$`), apiLog],
  [new RegExp(`^/api/v1/builds/${id}/(findings|scanners|comparison|packages)$`), apiRecord],
  [new RegExp(`^/api/v1/builds/${id}/scanners/([a-z-]+)$`), apiScanner],
  [
    new RegExp(`^/api/v1/builds/${id}/sbom\\.cdx\\.json$`),
    (parts, _request, names) => apiBill(parts, names, 'cyclonedx'),
  ],
  [new RegExp(`^/api/v1/builds/${id}/sbom\\.spdx\\.json$`), (parts, _request, names) => apiBill(parts, names, 'spdx')],
  [/^\/api\/v1\/cascades$/, apiCascadeList],
  [new RegExp(`^/api/v1/cascades/${cascadeId}$`), apiOneCascade],
  [new RegExp(`^/api/v1/cascades/${cascadeId}/projects$`), apiCascadeProjects],
  [/^\/api\/v1\/projects$/, apiProjectList],
  [new RegExp(`^/api/v1/projects/${name}/${name}$`), apiProjectList],
  [new RegExp(`^/api/v1/projects/${name}/${name}/${tag}$`), apiOneProject],
  [new RegExp(`^/api/v1/projects/${name}/${name}/${tag}/releases$`), ofProject(apiReleaseList)],
  [new RegExp(`^/api/v1/projects/${name}/${name}/${tag}/releases/${digest}$`), ofProject(apiOneRelease)],
  [new RegExp(`^/badges/${name}/${name}\\.svg$`), badgeOf],
  [
    /^\/healthz$/,
    () => ({
      status: 200,
      headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': caching.never },
      body: 'ok\n',
    }),
  ],
];

/** @throws RequestError for what cannot be answered as it was asked */
export async function route(parts: SiteParts, request: SiteRequest): Promise<Answer> {
  const path = request.path.length > 1 ? request.path.replace(/\/$/, '') : request.path;
  const file = asset(path);
  if (file) return tagged(file, request.headers['if-none-match']);
  for (const [pattern, answer] of routes) {
    const match = pattern.exec(path);
    if (match) return answer(parts, { ...request, path }, match.slice(1));
  }
  throw new RequestError(
    404,
    'NotFound',
    'There is nothing at this address. Check it, or start from the list of builds.',
  );
}

async function buildList({ builds }: SiteParts, { query, now }: SiteRequest): Promise<Answer> {
  const { items, cursor } = await buildsOf(builds, query);
  return page(buildListPage({ builds: items, cursor, query, now }));
}

async function build(parts: SiteParts, { query, now }: SiteRequest, [id = '']: string[]): Promise<Answer> {
  const found = await buildWith(parts, id);
  const [log, records, project] = await Promise.all([
    logView(found, parts.log, fromOf(query)),
    recordsOf(parts.records, found),
    parts.projects.get(found.project),
  ]);
  return page(buildPage({ build: found, records, project, log, now }));
}

async function cascadeList({ cascades }: SiteParts, { query, now }: SiteRequest): Promise<Answer> {
  const { items, cursor } = await cascadesOf(cascades, query);
  const withCauses = items.map(async (cascade) => ({
    cascade,
    causes: (await cascades.causes(cascade.id)).map(({ cause }) => cause),
  }));
  return page(cascadeListPage({ cascades: await Promise.all(withCauses), cursor, query, now }));
}

async function cascade(parts: SiteParts, { query, now }: SiteRequest, [id = '']: string[]): Promise<Answer> {
  const found = await cascadeWith(parts, id);
  const { items, cursor } = await membersOf(parts.cascades, id, query);
  return page(cascadePage({ cascade: found, members: items, cursor, query, now }));
}

async function projectList(
  { builds, projects }: SiteParts,
  { path, query, now }: SiteRequest,
  names: string[],
): Promise<Answer> {
  const { items, cursor } = await projectsOf(projects, builds, query, names);
  if (names.length > 0 && items.length === 0 && !query.has('cursor')) throw projectNotFound(names);
  return page(projectListPage({ title: names.join('/') || 'Projects', path, states: items, cursor, query, now }));
}

async function project(parts: SiteParts, { query, now }: SiteRequest, names: string[]): Promise<Answer> {
  const found = await projectWith(parts, names);
  const { items, cursor } = await buildsOf(parts.builds, query, found.name);
  const { relations } = parts;
  const [bases, dependents, pending, released] = await Promise.all([
    relations.standings(found.bases ?? []),
    relations.dependents(found),
    relations.pending(found.name),
    query.has('cursor') ? { items: [] } : parts.releases.ofProject(found.name, { limit: releasesShown }),
  ]);
  const shown = { dependsOn: found.dependsOn, bases, dependents, pending };
  return page(
    projectPage({
      project: found,
      relations: shown,
      releases: released.items,
      builds: items,
      cursor,
      query,
      siteUrl: parts.siteUrl,
      now,
    }),
  );
}

async function apiBuildList({ builds, siteUrl }: SiteParts, { query }: SiteRequest): Promise<Answer> {
  const { items, cursor } = await buildsOf(builds, query);
  return json({ items: items.map((build) => apiBuild(build, siteUrl)), cursor });
}

async function apiOneBuild(parts: SiteParts, _request: SiteRequest, [id = '']: string[]): Promise<Answer> {
  const found = await buildWith(parts, id);
  return json(apiBuild(found, parts.siteUrl), isTerminal(found.status) ? caching.revalidated : caching.never);
}

async function apiLog(parts: SiteParts, { query, headers }: SiteRequest, [id = '']: string[]): Promise<Answer> {
  return logText(await buildWith(parts, id), parts.log, parts.siteUrl, fromOf(query), headers.range);
}

async function apiBill(parts: SiteParts, [id = '']: string[], format: BillFormat): Promise<Answer> {
  return billOf(await buildWith(parts, id), format, parts.bills);
}

async function apiRecord(parts: SiteParts, request: SiteRequest, [id = '', kind = '']: string[]): Promise<Answer> {
  return recordAnswer(kind, await askedOf(parts, request, id));
}

async function apiScanner(parts: SiteParts, request: SiteRequest, [id = '', name = '']: string[]): Promise<Answer> {
  return scannerAnswer(name, await askedOf(parts, request, id));
}

async function askedOf(parts: SiteParts, { query, now }: SiteRequest, id: string): Promise<Asked> {
  const build = await buildWith(parts, id);
  const project = await parts.projects.get(build.project);
  return { build, records: parts.records, standingOf: standingsOf(build, project, now), query };
}

async function apiCascadeList({ cascades, siteUrl }: SiteParts, { query }: SiteRequest): Promise<Answer> {
  const { items, cursor } = await cascadesOf(cascades, query);
  return json({ items: items.map((cascade) => ({ ...cascade, url: `${siteUrl}/cascades/${cascade.id}` })), cursor });
}

async function apiOneCascade(parts: SiteParts, _request: SiteRequest, [id = '']: string[]): Promise<Answer> {
  return json(apiCascade(await cascadeWith(parts, id), parts.siteUrl));
}

async function apiCascadeProjects(parts: SiteParts, { query }: SiteRequest, [id = '']: string[]): Promise<Answer> {
  await cascadeWith(parts, id);
  const { items, cursor } = await membersOf(parts.cascades, id, query);
  return json({ items: items.map(apiCascadeMember), cursor });
}

async function apiProjectList(
  { builds, projects, siteUrl }: SiteParts,
  { query }: SiteRequest,
  names: string[],
): Promise<Answer> {
  const { items, cursor } = await projectsOf(projects, builds, query, names);
  if (names.length > 0 && items.length === 0 && !query.has('cursor')) throw projectNotFound(names);
  return json({ items: items.map(({ project, lastBuild }) => apiProject(project, lastBuild, siteUrl)), cursor });
}

async function apiOneProject(parts: SiteParts, _request: SiteRequest, names: string[]): Promise<Answer> {
  const found = await projectWith(parts, names);
  return json(apiProject(found, await lastBuildOf(parts.builds, found.name), parts.siteUrl));
}

/** The desired tag `latest`, or the one that `?tag=` names; a job that has one tag only needs not to name it. */
async function badgeOf(
  { builds, projects }: SiteParts,
  { query, headers }: SiteRequest,
  [app = '', job = '']: string[],
): Promise<Answer> {
  const named = projectNameSchema.safeParse(`${app}/${job}:${query.get('tag') || 'latest'}`);
  const chosen =
    (named.success ? await projects.get(named.data) : undefined) ??
    (query.get('tag') ? undefined : await onlyTagOf(projects, app, job));
  const state = chosen ? ((await lastBuildOf(builds, chosen.name))?.status ?? 'no build') : 'unknown';
  const answer: Answer = {
    status: chosen ? 200 : 404,
    headers: {
      'content-type': 'image/svg+xml',
      'cache-control': caching.revalidated,
      'access-control-allow-origin': '*',
    },
    body: badge(state).toString(),
  };
  return chosen ? tagged(answer, headers['if-none-match']) : answer;
}

async function onlyTagOf(projects: ProjectReader, app: string, job: string): Promise<Project | undefined> {
  const tags = (await projects.all()).filter(({ appId, jobId }) => appId === app && jobId === job);
  return tags.length === 1 ? tags[0] : undefined;
}

/** What is answered about a project that there is; what its address names after the project is handed on. */
function ofProject(
  answer: (parts: SiteParts, request: SiteRequest, project: Project, rest: string) => Promise<Answer>,
): Route {
  return async (parts, request, names) =>
    answer(parts, request, await projectWith(parts, names.slice(0, 3)), names[3] ?? '');
}

async function buildWith({ builds }: SiteParts, id: string) {
  const found = await builds.get(id);
  if (!found)
    throw new RequestError(
      404,
      'BuildNotFound',
      `There is no build ${id}. It may have been removed, or the address is not whole.`,
    );
  return found;
}

async function cascadeWith({ cascades }: SiteParts, id: string) {
  const found = await cascades.summary(id);
  if (!found)
    throw new RequestError(404, 'CascadeNotFound', `There is no cascade ${id}. The address may not be whole.`);
  return found;
}

async function projectWith({ projects }: SiteParts, names: string[]) {
  const [app, job, tag] = names;
  const name = projectNameSchema.safeParse(`${app}/${job}:${tag}`);
  const found = name.success ? await projects.get(name.data) : undefined;
  if (!found) throw projectNotFound(names);
  return found;
}

function projectNotFound([app, job, tag]: string[]): RequestError {
  const name = tag ? `${app}/${job}:${tag}` : `${app}/${job}`;
  return new RequestError(
    404,
    'ProjectNotFound',
    `There is no project ${name}. Projects come from the index: add an entry there.`,
  );
}
