import { type Build, isTerminal } from '../core/build.ts';
import { bySeverity } from '../core/findings.ts';
import { findingsInWords, type ScannerReport, scannerNames } from '../core/scanner-report.ts';
import { type Answer, caching, json } from './answer.ts';
import { type Recorded, recorded } from './build-records.ts';
import { type Piece, pieceOf } from './pieces.ts';
import type { RecordReader } from './readers.ts';
import { RequestError } from './request-error.ts';

/** So many findings of each scanner stand in the answer about all scanners. */
const findingsOfEach = 100;

/** @param kind `findings`, `scanners`, `comparison` or `packages` */
export function recordAnswer(
  kind: string,
  build: Build,
  records: RecordReader,
  query: URLSearchParams,
): Promise<Answer> {
  switch (kind) {
    case 'findings':
      return findingsAnswer(build, records, query);
    case 'scanners':
      return scannersAnswer(build, records);
    case 'comparison':
      return comparisonAnswer(build, records);
    default:
      return packagesAnswer(build, records, query);
  }
}

/** What the registry's scanner found, the worst first. */
async function findingsAnswer(build: Build, records: RecordReader, query: URLSearchParams): Promise<Answer> {
  const { findings, ...scan } = found('findings', build, await recorded(records.scan(build.id)));
  return answer(build, { ...scan, ...pieceOf(`findings\n${build.id}`, findings.toSorted(bySeverity), query) });
}

/** What each of the builder's scanners says, with the first of its findings. */
async function scannersAnswer(build: Build, records: RecordReader): Promise<Answer> {
  const { reports } = found('scanner reports', build, await recorded(records.scanners(build.id)));
  return answer(build, {
    items: reports.map((report) => ({ ...headOf(report), findings: findingsOf(report).slice(0, findingsOfEach) })),
  });
}

/** All findings of one of the builder's scanners. */
export async function scannerAnswer(
  build: Build,
  records: RecordReader,
  query: URLSearchParams,
  name: string,
): Promise<Answer> {
  if (!scannerNames.some((known) => known === name)) {
    throw new RequestError(
      404,
      'ScannerNotFound',
      `There is no scanner of this name. There are ${scannerNames.join(', ')}.`,
    );
  }
  const { reports } = found('scanner reports', build, await recorded(records.scanners(build.id)));
  const report = reports.find(({ scanner }) => scanner === name);
  if (!report) throw absent(`report of the scanner ${name}`, build);
  const piece: Piece<unknown> = pieceOf(`${name}\n${build.id}`, findingsOf(report), query, report.total);
  return answer(build, { ...headOf(report), ...piece });
}

/** What differs from the release before. */
async function comparisonAnswer(build: Build, records: RecordReader): Promise<Answer> {
  return answer(build, found('comparison with a release', build, await recorded(records.comparison(build.id))));
}

/** What the image's own database says is installed. */
async function packagesAnswer(build: Build, records: RecordReader, query: URLSearchParams): Promise<Answer> {
  const { distribution, contents } = found('list of packages', build, await recorded(records.packages(build.id)));
  const known = { state: contents.state, distribution: distribution ?? null };
  if (contents.state !== 'read') {
    const reason = contents.state === 'unreadable' ? { reason: contents.reason } : {};
    return answer(build, { ...known, ...reason, items: [], total: 0, cursor: null });
  }
  const { manager, architecture, packages } = contents;
  return answer(build, { ...known, manager, architecture, ...pieceOf(`packages\n${build.id}`, packages, query) });
}

function headOf({ scanner, state, reason, tool, total, seconds }: ScannerReport) {
  return { scanner, state, reason: reason ?? null, tool: tool ?? null, total, seconds };
}

/** Each with its words. */
function findingsOf(report: ScannerReport) {
  const words = findingsInWords(report);
  return report.findings.map((finding, at) => ({ ...words[at], finding }));
}

function answer(build: Build, content: object): Answer {
  return json(content, isTerminal(build.status) ? caching.revalidated : caching.never);
}

function found<Value>(what: string, build: Build, value: Recorded<Value>): Value {
  if (value === undefined) throw absent(what, build);
  if (value !== 'unreadable') return value;
  throw new RequestError(500, 'RecordUnreadable', `The ${what} of build ${build.id} cannot be read.`);
}

function absent(what: string, build: Build): RequestError {
  return new RequestError(404, 'RecordNotFound', `Build ${build.id} has no ${what}, or none any more or none yet.`);
}
