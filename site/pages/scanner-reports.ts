import type { Build } from '../../core/model/build.ts';
import type { Project } from '../../core/model/project.ts';
import { waivableFindings } from '../../core/policy/scanner-objections.ts';
import type { ReportOf, ScannerName, ScannerReport, ScannerReports } from '../../core/scanners/report.ts';
import { sourceLine } from '../../core/sources/source-pages.ts';
import { type Html, html } from '../../core/text/html.ts';
import { oneLine, webLink } from '../../core/text/one-line.ts';
import type { Recorded } from '../build-records.ts';
import type { Tone } from '../tone.ts';
import type { WaiverOf } from '../waivers.ts';
import { acceptedNote } from './accepted.ts';
import { layout, pager } from './layout.ts';
import { buildTrail } from './project-path.ts';
import { icon } from './status.ts';

/** The build's page shows this many findings of each scanner; a page of its own and the JSON have all. */
const shown = 10;

/** What a scanner checks, in a few words. */
const titles: Readonly<Record<ScannerName, string>> = {
  'user-test': 'Test of the project',
  'package-updates': 'Updates of packages',
  'language-updates': 'Updates of pip, npm and gem packages',
  capabilities: 'Access to the host by labels',
  'file-integrity': 'Files that differ from their packages',
  'dockerfile-lint': 'Dockerfile',
  sbom: 'SBOM',
};

export interface ScannerContext {
  build: Build;
  /** With its current index entry. */
  project: Project | undefined;
  waiverOf: WaiverOf;
}

/** The report of each of the builder's scanners. */
export function scannersSection(reports: Recorded<ScannerReports>, context: ScannerContext): Html | undefined {
  if (reports === undefined) return undefined;
  const all = `/api/v1/builds/${context.build.id}/scanners`;
  const content =
    reports === 'unreadable'
      ? html`<p class="quiet">What the scanners left cannot be read.</p>`
      : html`<div class="scanners">${groups(inOrder(reports), context)}</div>`;
  return html`<section id="scanners"><div class="head"><h2>Scanners</h2><a href="${all}">All as JSON</a></div>
${content}</section>`;
}

/** Those that found nothing take one line together. */
function groups(reports: ScannerReport[], context: ScannerContext): Html {
  const quiet = reports.filter(({ findings, state }) => findings.length === 0 && isWell(state));
  const names = (state: ScannerReport['state']) =>
    quiet.filter((report) => report.state === state).map((report) => titles[report.scanner]);
  const said = [
    ['Nothing found', names('complete')],
    ['Nothing to scan', names('not-applicable')],
  ] as const;
  return html`${reports.filter((report) => !quiet.includes(report)).map((report) => scanner(report, context))}
${
  quiet.length > 0 &&
  html`<details class="scanner" id="scanners-quiet"><summary>${icon('good')}${said.map(
    ([what, by]) => by.length > 0 && html`<b>${what}</b> <span class="result">${by.join(', ')}</span> `,
  )}</summary>${quiet.map((report) => scanner(report, context))}</details>`
}`;
}

const isWell = (state: ScannerReport['state']) => state === 'complete' || state === 'not-applicable';

function inOrder({ reports }: ScannerReports): ScannerReport[] {
  const names = Object.keys(titles);
  return reports.toSorted((one, other) => names.indexOf(one.scanner) - names.indexOf(other.scanner));
}

function scanner(report: ScannerReport, context: ScannerContext): Html {
  const { scanner: name, reason, tool, total, seconds } = report;
  const tone = toneOf(report);
  const head = html`${icon(tone)}<b>${titles[name]}</b> <span class="result">${describeResult(report)}</span>
<span class="quiet small">${tool && `${oneLine(tool, 200)}, `}${seconds.toFixed(1)} s</span>`;
  const why = reason && html`<p class="reason">${oneLine(reason, 500)}</p>`;
  if (report.findings.length === 0) return html`<div class="scanner">${head}${why}</div>`;
  const more = total - Math.min(report.findings.length, shown);
  return html`<details class="scanner" id="scanner-${name}"><summary>${head}</summary>${why}
<ul class="reasons">${items({ ...report, findings: report.findings.slice(0, shown) } as ScannerReport, context)}</ul>
${more > 0 && html`<p class="quiet">and ${more.toLocaleString('en')} more. <a href="/builds/${context.build.id}/scanners/${name}">All findings</a></p>`}</details>`;
}

function toneOf({ state, scanner: name, total }: ScannerReport): Tone {
  if (state === 'not-applicable') return 'quiet';
  if (state !== 'complete') return 'warning';
  if (total === 0) return 'good';
  return name === 'user-test' ? 'bad' : 'warning';
}

function describeResult({ scanner: name, state, total }: ScannerReport): string {
  if (state === 'not-applicable') return 'nothing to scan';
  if (state === 'timed-out') return 'did not end in time';
  if (state === 'failed') return 'could not scan';
  if (name === 'sbom') return 'made';
  if (name === 'user-test') return total === 0 ? 'passed' : 'failed';
  return total === 0 ? 'nothing found' : total === 1 ? '1 finding' : `${total.toLocaleString('en')} findings`;
}

function items(report: ScannerReport, context: ScannerContext): Html[] {
  return waivableFindings(report).map(({ text, finding }, at) => {
    const { accepted } = context.waiverOf(finding);
    return html`<li>${oneLine(text.sentence, 1_300)}${detail(report, at, context)}${accepted && acceptedNote(accepted)}</li>`;
  });
}

/** Details that only this scanner's findings have. */
function detail(report: ScannerReport, at: number, context: ScannerContext): Html | undefined {
  switch (report.scanner) {
    case 'dockerfile-lint':
      return lintLinks(report.findings[at], context);
    case 'file-integrity':
      return fileFacts(report.findings[at]);
    case 'user-test':
      return lastLines(report.findings[at]);
    default:
      return undefined;
  }
}

type FindingOf<Name extends ScannerName> = ReportOf<Name>['findings'][number] | undefined;

function lintLinks(finding: FindingOf<'dockerfile-lint'>, { build, project }: ScannerContext): Html | undefined {
  if (!finding) return undefined;
  // If a prebuild script wrote the Dockerfile, the repository has none, or another one.
  const source =
    project &&
    !project.prebuild &&
    sourceLine({ url: build.sourceUrl, gitHost: build.gitHost }, build.commit, project.dockerfile, finding.line);
  const rule = finding.url && webLink(finding.url);
  if (!source && !rule) return undefined;
  return html` <span class="small">${source && html`<a href="${source}" rel="noopener nofollow">Show the line</a>`}${source && rule && ' · '}${rule && html`<a href="${rule}" rel="noopener nofollow">About the rule</a>`}</span>`;
}

function fileFacts(finding: FindingOf<'file-integrity'>): Html | undefined {
  const facts = [finding?.kind, finding?.vendor, finding?.signature].filter((fact) => fact !== undefined);
  return facts.length > 0
    ? html` <span class="quiet small">${facts.map((fact) => oneLine(fact, 300)).join(', ')}</span>`
    : undefined;
}

function lastLines(finding: FindingOf<'user-test'>): Html | undefined {
  if (!finding || finding.lastLines.length === 0) return undefined;
  return html`<pre class="command" tabindex="0">${finding.lastLines.map((line) => `${oneLine(line, 300)}\n`)}</pre>`;
}

export interface ScannerPage extends ScannerContext {
  /** With the findings of this page. */
  report: ScannerReport;
  cursor: string | null;
  query: URLSearchParams;
}

/** All findings of one scanner. */
export function scannerPage({ report, cursor, query, ...context }: ScannerPage): Html {
  const path = `/builds/${context.build.id}/scanners/${report.scanner}`;
  return layout({
    title: `${titles[report.scanner]}: ${context.build.project}`,
    here: '/',
    trail: buildTrail(context.build),
    api: `/api/v1${path}`,
    main: html`<div class="head"><h1>${titles[report.scanner]}</h1></div>
<p class="meaning">${describeResult(report)}${report.tool && `, by ${oneLine(report.tool, 200)}`}</p>
<section class="scanners"><div class="scanner"><ul class="reasons">${items(report, context)}</ul></div></section>
${pager(path, query, cursor)}`,
  });
}
