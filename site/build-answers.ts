import type { Build } from '../core/model/build.ts';
import { bySeverity } from '../core/model/findings.ts';
import { waivableVulnerability } from '../core/policy/vulnerability-objections.ts';
import type { ScannerReport } from '../core/scanners/report.ts';
import { type Answer, page } from './answer.ts';
import { recorded, recordsOf } from './build-records.ts';
import type { BuildLog } from './log.ts';
import { lastLines, linesAfter, linesAround, searchLog } from './log-view.ts';
import { buildPage } from './pages/build.ts';
import { logPage } from './pages/log.ts';
import { scannerPage } from './pages/scanner-reports.ts';
import { findingsPage } from './pages/vulnerabilities.ts';
import { pieceOf } from './paging/bounded-page.ts';
import { findingFilterOf, passes } from './paging/finding-filter.ts';
import { fromOf, lineOf } from './paging/query.ts';
import type { SiteParts, SiteRequest } from './parts.ts';
import { recordedAs } from './recorded-as.ts';
import { RequestError } from './request-error.ts';
import { waiversOf } from './waivers.ts';

/** A page of a list of findings has this many. */
const findingsOfPage = '50';

export async function buildAnswer(parts: SiteParts, { query, now }: SiteRequest, build: Build): Promise<Answer> {
  const own = recordedAs(build);
  const [log, records, project, targets] = await Promise.all([
    logView(parts, query, { build, recordedAs: own }),
    recordsOf(parts.records, build, own),
    parts.projects.get(build.project),
    build.image ? parts.targets.ofProject(build.project) : [],
  ]);
  return page(buildPage({ build, records, project, targets, log, logOf: own, now }));
}

export async function logAnswer(
  parts: SiteParts,
  { query }: SiteRequest,
  build: Build,
  architecture?: string,
): Promise<Answer> {
  const own = { build, recordedAs: recordedAs(build, architecture) };
  const text = (query.get('q') ?? '').slice(0, 200);
  const line = lineOf(query);
  if (text && line !== 'last') {
    const found = await searchLog(own, parts.log, text, line ?? 1);
    return page(logPage({ ...own, view: { lines: [], next: { byte: 0, line: 1 }, atEnd: true }, text, found }));
  }
  const isFollowed = fromOf(query) !== undefined;
  const view =
    isFollowed || line === 'last' ? await logView(parts, query, own) : await linesAround(own, parts.log, line ?? 1);
  return page(logPage({ ...own, view, text: '', found: undefined }));
}

/** The log's end or, for a page that follows it, what came after a byte. */
function logView({ log }: SiteParts, query: URLSearchParams, own: BuildLog) {
  const byte = fromOf(query);
  const line = lineOf(query);
  return byte === undefined
    ? lastLines(own, log)
    : linesAfter(own, log, { byte, line: line === undefined || line === 'last' ? 1 : line });
}

/** The vulnerabilities of a build's image that pass the filter. */
export async function findingsAnswer(parts: SiteParts, { query, now }: SiteRequest, build: Build): Promise<Answer> {
  const [record, project] = await Promise.all([
    recorded(parts.records.scan(build.id)),
    parts.projects.get(build.project),
  ]);
  if (record === undefined || record === 'unreadable') throw noRecord(build, 'scan');
  const { findings: all, ...scan } = record;
  const filter = findingFilterOf(query);
  const passing = all.filter((finding) => passes(finding, filter)).sort(bySeverity);
  const list = `findings page\n${build.id}\n${JSON.stringify(filter)}`;
  const { items, total, cursor } = await pieceOf(parts.seals, list, passing, withLimit(query));
  const waiverOf = waiversOf(build, project, now);
  const findings = items.map((each) => ({ ...each, accepted: waiverOf(waivableVulnerability(each)).accepted }));
  return page(findingsPage({ build, findings, total, all: all.length, filter, scan, cursor, query }));
}

/** The findings of one of the builder's scanners. */
export async function scannerPageAnswer(
  parts: SiteParts,
  { query, now }: SiteRequest,
  build: Build,
  name: string,
): Promise<Answer> {
  const [record, project] = await Promise.all([
    recorded(parts.records.scanners(build.id)),
    parts.projects.get(build.project),
  ]);
  const report = record === 'unreadable' ? undefined : record?.reports.find(({ scanner }) => scanner === name);
  if (!report) throw noRecord(build, 'report of this scanner');
  const list = `scanner page\n${build.id}\n${name}`;
  const all: readonly unknown[] = report.findings;
  const { items, cursor } = await pieceOf(parts.seals, list, all, withLimit(query));
  const shown = { ...report, findings: items } as ScannerReport;
  return page(scannerPage({ report: shown, build, project, waiverOf: waiversOf(build, project, now), cursor, query }));
}

function withLimit(query: URLSearchParams): URLSearchParams {
  const limited = new URLSearchParams(query);
  limited.set('limit', findingsOfPage);
  return limited;
}

function noRecord({ id }: Build, what: string): RequestError {
  return new RequestError(404, 'RecordNotFound', `Build ${id} has no ${what}: it has not been made, or was removed.`);
}
