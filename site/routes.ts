import { type Build, isTerminal } from '../core/model/build.ts';
import type { SbomFormat } from '../core/model/builder-contract.ts';
import type { Project } from '../core/model/project.ts';
import { allowedSignersPath, publicKeyPath } from '../core/signing/public-key.ts';
import { type Answer, caching, json, jsonList, page, redirect } from './answer.ts';
import { type ReportRequest, recordAnswer, scannerAnswer } from './api/build-reports.ts';
import { apiBuild } from './api/json.ts';
import { sbomRedirect } from './api/sbom.ts';
import { stateBadge, versionBadge, vulnerabilityBadge } from './badges/badge-answers.ts';
import { buildAnswer, findingsAnswer, logAnswer, scannerPageAnswer } from './build-answers.ts';
import { apiCascadeList, apiCascadeProjects, apiOneCascade, cascade, cascadeList } from './cascade-answers.ts';
import { apiCosts, costsAnswer } from './cost-answers.ts';
import { feedAnswer } from './feed.ts';
import { apiHoldList, holdListAnswer } from './hold-answers.ts';
import { allowedSigners, publicKey } from './key-answers.ts';
import { logText } from './log.ts';
import { answerAddress, showAddress } from './mail-addresses.ts';
import { buildWith, type ProjectNames, projectWith } from './named-records.ts';
import { apiNotificationList, notificationListAnswer } from './notification-answers.ts';
import { readOverview } from './overview.ts';
import { buildListPage } from './pages/build-list.ts';
import { buildsOf } from './paging/lists.ts';
import { fromOf } from './paging/query.ts';
import type { SiteParts, SiteRequest } from './parts.ts';
import { apiOneProject, apiProjectList, project, projectList } from './project-answers.ts';
import { recordedAs } from './recorded-as.ts';
import { apiOneRelease, apiReleaseList, releaseAnswer, releaseListAnswer, tagsAnswer } from './release-answers.ts';
import { methodNotAllowed, RequestError } from './request-error.ts';
import { apiRetention, retentionAnswer } from './retention-answers.ts';
import { at, type Route } from './router.ts';
import { apiSearch, searchAnswer } from './search-answers.ts';
import { waiversOf } from './waivers.ts';

interface BuildNames {
  build: string;
  /** The one of a build's platforms that is meant. */
  architecture?: string;
}

export const routes: Route[] = [
  at('/', buildList),
  at('/builds/:build', ofBuild(buildAnswer)),
  at('/builds/:build/log', ofBuild(logAnswer)),
  at('/builds/:build/:architecture/log', ofBuild(logAnswer)),
  at('/builds/:build/findings', ofBuild(findingsAnswer)),
  at('/builds/:build/scanners/:scanner', scannerFindings),
  at('/builds', () => redirect('/')),
  at('/search', searchAnswer),
  at('/api/v1/search', apiSearch),
  at('/cascades', cascadeList),
  at('/cascades/:cascade', cascade),
  at('/costs', costsAnswer),
  at('/api/v1/costs', apiCosts),
  at('/projects', projectList),
  at('/projects/:app/:job', projectList),
  at('/projects/:app/:job/:tag', project),
  at('/projects/:app/:job/:tag/builds.atom', ofProject(feedAnswer)),
  at('/projects/:app/:job/:tag/holds', ofProject(holdListAnswer)),
  at('/projects/:app/:job/:tag/notifications', ofProject(notificationListAnswer)),
  at('/projects/:app/:job/:tag/retention', ofProject(retentionAnswer)),
  at('/projects/:app/:job/:tag/tags', ofProject(tagsAnswer)),
  at('/projects/:app/:job/:tag/releases', ofProject(releaseListAnswer)),
  at('/projects/:app/:job/:tag/releases/:digest', ofRelease(releaseAnswer)),
  at('/api/v1', () => redirect('/api/v1/openapi.json')),
  at('/api/v1/openapi.json', apiDocument),
  at('/api/v1/builds', apiBuildList),
  at('/api/v1/builds/:build', apiOneBuild),
  at('/api/v1/builds/:build/log', apiLog),
  at('/api/v1/builds/:build/:architecture/log', apiLog),
  at('/api/v1/builds/:build/:record', apiRecord),
  at('/api/v1/builds/:build/scanners/:scanner', apiScanner),
  at('/api/v1/builds/:build/sbom.cdx.json', apiSbom('cyclonedx')),
  at('/api/v1/builds/:build/sbom.spdx.json', apiSbom('spdx')),
  at('/api/v1/builds/:build/:architecture/sbom.cdx.json', apiSbom('cyclonedx')),
  at('/api/v1/builds/:build/:architecture/sbom.spdx.json', apiSbom('spdx')),
  at('/api/v1/cascades', apiCascadeList),
  at('/api/v1/cascades/:cascade', apiOneCascade),
  at('/api/v1/cascades/:cascade/projects', apiCascadeProjects),
  at('/api/v1/projects', apiProjectList),
  at('/api/v1/projects/:app/:job', apiProjectList),
  at('/api/v1/projects/:app/:job/:tag', apiOneProject),
  at('/api/v1/projects/:app/:job/:tag/holds', ofProject(apiHoldList)),
  at('/api/v1/projects/:app/:job/:tag/notifications', ofProject(apiNotificationList)),
  at('/api/v1/projects/:app/:job/:tag/retention', ofProject(apiRetention)),
  at('/api/v1/projects/:app/:job/:tag/releases', ofProject(apiReleaseList)),
  at('/api/v1/projects/:app/:job/:tag/releases/:digest', ofRelease(apiOneRelease)),
  at('/badges/:app/:job.svg', stateBadge),
  at('/badges/:app/:job/version.svg', versionBadge),
  at('/badges/:app/:job/vulnerability.svg', vulnerabilityBadge),
  at('/addresses/:link', showAddress),
  at(publicKeyPath, publicKey),
  at(allowedSignersPath, allowedSigners),
  at('/healthz', () => ({
    status: 200,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': caching.never },
    body: 'ok\n',
  })),
];

const postedTo: Route[] = [at('/addresses/:link', answerAddress)];

/** The answer to what a form sends; undefined for an address that takes nothing. */
export function posted(parts: SiteParts, request: SiteRequest): ReturnType<Route> {
  for (const answer of postedTo) {
    const answered = answer(parts, request);
    if (answered) return answered;
  }
  return undefined;
}

/** @throws RequestError if the request cannot be answered */
export async function route(parts: SiteParts, request: SiteRequest): Promise<Answer> {
  const path = request.path.length > 1 ? request.path.replace(/\/$/, '') : request.path;
  for (const answer of routes) {
    const answered = answer(parts, { ...request, path });
    if (answered) return answered;
  }
  await refuseCommandPath(path);
  const list = path.startsWith('/api/') ? '/api/v1/openapi.json, which has all addresses' : 'the list of builds';
  throw new RequestError(404, 'NotFound', `There is nothing at this address. Check it, or start from ${list}.`);
}

/**
 * Loaded where an address has nothing to read: the schemas of commands take a while.
 * @throws RequestError if the path takes a command
 */
export async function refuseCommandPath(path: string): Promise<void> {
  if (!path.startsWith('/api/v1/')) return;
  const { takesCommand } = await import('./api/command-paths.ts');
  if (takesCommand(path)) throw methodNotAllowed('POST', 'This address takes commands: use POST, signed for AWS.');
}

async function buildList(parts: SiteParts, { query, now }: SiteRequest): Promise<Answer> {
  // Whoever narrows the list, or goes on in it, looks for something else.
  const isWhole = [...query.values()].every((value) => value === '');
  const [{ items, cursor }, overview] = await Promise.all([
    buildsOf(parts, query),
    isWhole ? readOverview(parts) : undefined,
  ]);
  return page(buildListPage({ builds: items, overview, buildsInFlight: parts.buildsInFlight, cursor, query, now }));
}

/** By the address of the site, of which a process has one. */
const apiDocuments = new Map<string, Answer>();

/** Made at the first request for it, and kept: its schemas take a while, and few ask. */
async function apiDocument({ siteUrl }: SiteParts): Promise<Answer> {
  const kept = apiDocuments.get(siteUrl);
  if (kept) return kept;
  const { openApi } = await import('./api/openapi.ts');
  const answer = json(openApi(siteUrl), caching.briefly);
  apiDocuments.set(siteUrl, answer);
  return answer;
}

async function apiBuildList(parts: SiteParts, { query }: SiteRequest): Promise<Answer> {
  const { items, cursor } = await buildsOf(parts, query);
  return jsonList({ items: items.map((build) => apiBuild(build, parts.siteUrl)), cursor });
}

async function apiOneBuild(parts: SiteParts, _request: SiteRequest, names: { build: string }): Promise<Answer> {
  const found = await buildWith(parts, names.build);
  return json(apiBuild(found, parts.siteUrl), isTerminal(found.status) ? caching.revalidated : caching.never);
}

async function apiLog(parts: SiteParts, { query, headers }: SiteRequest, names: BuildNames): Promise<Answer> {
  const build = await buildWith(parts, names.build);
  const log = { build, recordedAs: recordedAs(build, names.architecture) };
  return logText(log, parts.log, parts.siteUrl, fromOf(query), headers.range);
}

function apiSbom(format: SbomFormat) {
  return async (parts: SiteParts, _request: SiteRequest, names: BuildNames): Promise<Answer> => {
    const build = await buildWith(parts, names.build);
    return sbomRedirect(build, { recordedAs: recordedAs(build, names.architecture), format }, parts.sboms);
  };
}

async function apiRecord(
  parts: SiteParts,
  request: SiteRequest,
  names: { build: string; record: string },
): Promise<Answer> {
  return recordAnswer(names.record, await reportRequestOf(parts, request, names.build));
}

async function apiScanner(
  parts: SiteParts,
  request: SiteRequest,
  names: { build: string; scanner: string },
): Promise<Answer> {
  return scannerAnswer(names.scanner, await reportRequestOf(parts, request, names.build));
}

async function reportRequestOf(parts: SiteParts, { query, now }: SiteRequest, id: string): Promise<ReportRequest> {
  const build = await buildWith(parts, id);
  const project = await parts.projects.get(build.project);
  return { build, records: parts.records, seals: parts.seals, waiverOf: waiversOf(build, project, now), query };
}

/** An answer about an existing build. */
function ofBuild(
  answer: (parts: SiteParts, request: SiteRequest, build: Build, architecture?: string) => Promise<Answer>,
) {
  return async (parts: SiteParts, request: SiteRequest, { build, architecture }: BuildNames) =>
    answer(parts, request, await buildWith(parts, build), architecture);
}

async function scannerFindings(
  parts: SiteParts,
  request: SiteRequest,
  { build, scanner }: { build: string; scanner: string },
): Promise<Answer> {
  return scannerPageAnswer(parts, request, await buildWith(parts, build), scanner);
}

/** An answer about an existing project. */
function ofProject(answer: (parts: SiteParts, request: SiteRequest, project: Project) => Promise<Answer>) {
  return async (parts: SiteParts, request: SiteRequest, names: ProjectNames) =>
    answer(parts, request, await projectWith(parts, names));
}

/** An answer about an existing image of a project. */
function ofRelease(
  answer: (parts: SiteParts, request: SiteRequest, project: Project, digest: string) => Promise<Answer>,
) {
  return async (parts: SiteParts, request: SiteRequest, names: ProjectNames & { digest: string }) =>
    answer(parts, request, await projectWith(parts, names), names.digest);
}
