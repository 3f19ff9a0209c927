import type { ApiFindings, ApiPackages } from '../../core/api/reports.ts';
import { type Build, isTerminal } from '../../core/model/build.ts';
import { bySeverity } from '../../core/model/findings.ts';
import { waivableFindings } from '../../core/policy/scanner-objections.ts';
import { waivableVulnerability } from '../../core/policy/vulnerability-objections.ts';
import { purlText } from '../../core/sbom/purl.ts';
import { type ScannerReport, scannerNames } from '../../core/scanners/report.ts';
import type { Seals } from '../../services/aws/seals.ts';
import { type Answer, caching, json } from '../answer.ts';
import { type Recorded, recorded } from '../build-records.ts';
import { pieceOf } from '../paging/bounded-page.ts';
import type { RecordReader } from '../readers.ts';
import { RequestError } from '../request-error.ts';
import type { WaiverOf } from '../waivers.ts';

/** The answer about all scanners has this many findings of each. */
const findingsOfEach = 100;

/** A request for one of a build's records. */
export interface ReportRequest {
  build: Build;
  records: RecordReader;
  seals: Seals;
  waiverOf: WaiverOf;
  query: URLSearchParams;
}

/** @param kind `findings`, `scanners`, `comparison` or `packages` */
export function recordAnswer(kind: string, request: ReportRequest): Promise<Answer> {
  switch (kind) {
    case 'findings':
      return findingsAnswer(request);
    case 'scanners':
      return scannersAnswer(request);
    case 'comparison':
      return comparisonAnswer(request);
    default:
      return packagesAnswer(request);
  }
}

/** The findings of the registry's scanner, the worst first. */
async function findingsAnswer({ build, records, seals, waiverOf, query }: ReportRequest): Promise<Answer> {
  const { findings, ...scan } = found('findings', build, await recorded(records.scan(build.id)));
  const items = findings.toSorted(bySeverity).map((finding) => ({
    ...finding,
    purl: finding.purl && purlText(finding.purl),
    accepted: waiverOf(waivableVulnerability(finding)).accepted ?? null,
  }));
  const piece = await pieceOf(seals, `findings\n${build.id}`, items, query);
  const content: ApiFindings = { ...scan, ...piece };
  return answer(build, content, piece.cursor);
}

/** The report of each of the builder's scanners, with its first findings. */
async function scannersAnswer({ build, records, waiverOf }: ReportRequest): Promise<Answer> {
  const { reports } = found('report of the scanners', build, await recorded(records.scanners(build.id)));
  const items = reports.map((report) => ({
    ...headOf(report),
    findings: findingsOf(report, waiverOf).slice(0, findingsOfEach),
  }));
  return answer(build, { items });
}

/** All findings of one of the builder's scanners. */
export async function scannerAnswer(
  name: string,
  { build, records, seals, waiverOf, query }: ReportRequest,
): Promise<Answer> {
  if (!scannerNames.some((known) => known === name)) {
    const message = `There is no scanner of this name. There are ${scannerNames.join(', ')}.`;
    throw new RequestError(404, 'ScannerNotFound', message);
  }
  const { reports } = found('report of the scanners', build, await recorded(records.scanners(build.id)));
  const report = reports.find(({ scanner }) => scanner === name);
  if (!report) throw absent(`report of the scanner ${name}`, build);
  const piece = await pieceOf(seals, `${name}\n${build.id}`, findingsOf(report, waiverOf), query, report.total);
  return answer(build, { ...headOf(report), ...piece }, piece.cursor);
}

/** What differs from the release before. */
async function comparisonAnswer({ build, records }: ReportRequest): Promise<Answer> {
  return answer(build, found('comparison with a release', build, await recorded(records.comparison(build.id))));
}

/** The installed packages, from the image's own database. */
async function packagesAnswer({ build, records, seals, query }: ReportRequest): Promise<Answer> {
  const { distribution, contents } = found('list of packages', build, await recorded(records.packages(build.id)));
  const known = { state: contents.state, distribution: distribution ?? null };
  if (contents.state !== 'read') {
    const reason = contents.state === 'unreadable' ? contents.reason : undefined;
    const content: ApiPackages = { ...known, reason, items: [], total: 0, cursor: null };
    return answer(build, content);
  }
  const { manager, architecture, packages } = contents;
  const piece = await pieceOf(seals, `packages\n${build.id}`, packages, query);
  const content: ApiPackages = { ...known, manager, architecture, ...piece };
  return answer(build, content, piece.cursor);
}

function headOf({ scanner, state, reason, tool, total, seconds }: ScannerReport) {
  return { scanner, state, reason: reason ?? null, tool: tool ?? null, total, seconds };
}

/** Each finding with its text. */
function findingsOf(report: ScannerReport, waiverOf: WaiverOf) {
  return waivableFindings(report).map(({ text, finding }, at) => ({
    ...text,
    finding: report.findings[at],
    accepted: waiverOf(finding).accepted ?? null,
  }));
}

function answer(build: Build, content: object, next: string | null = null): Answer {
  return { ...json(content, isTerminal(build.status) ? caching.revalidated : caching.never), next };
}

function found<Value>(what: string, build: Build, value: Recorded<Value>): Value {
  if (value === undefined) throw absent(what, build);
  if (value !== 'unreadable') return value;
  throw new RequestError(500, 'RecordUnreadable', `The ${what} of build ${build.id} cannot be read.`);
}

function absent(what: string, build: Build): RequestError {
  return new RequestError(
    404,
    'RecordNotFound',
    `Build ${build.id} has no ${what}: it has not been made, or was removed.`,
  );
}
