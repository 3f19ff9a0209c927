import { exactTime } from '../../core/builds/describe-build.ts';
import type { Build } from '../../core/model/build.ts';
import { bySeverity, type Scan, severities } from '../../core/model/findings.ts';
import { waivableVulnerability } from '../../core/policy/vulnerability-objections.ts';
import { type Html, html } from '../../core/text/html.ts';
import { oneLine } from '../../core/text/one-line.ts';
import type { Recorded } from '../build-records.ts';
import { type FindingFilter, fixes } from '../paging/finding-filter.ts';
import type { WaiverOf } from '../waivers.ts';
import { findingsTable, type ShownFinding } from './findings-table.ts';
import { layout, pager } from './layout.ts';
import { buildTrail } from './project-path.ts';

/** The build's page shows this many; a page of its own has all. */
const shown = 15;

/** The worst findings of the registry's scanner. */
export function vulnerabilitiesSection(build: Build, scan: Recorded<Scan>, waiverOf: WaiverOf): Html | undefined {
  if (scan === undefined) return undefined;
  if (scan === 'unreadable')
    return section(undefined, html`<p class="quiet">The record of the scan cannot be read.</p>`);
  const findings = scan.findings.toSorted(bySeverity);
  const said = scan.state === 'complete' ? undefined : html`<p>${describeState(scan)}</p>`;
  if (findings.length === 0) {
    return section(undefined, html`${said ?? html`<p class="quiet">The scan found none.</p>`}${source(scan)}`);
  }
  const all = `/builds/${build.id}/findings`;
  const more = findings.length - shown;
  return section(
    all,
    html`${said}${findingsTable(findings.slice(0, shown).map((finding) => ({ ...finding, accepted: waiverOf(waivableVulnerability(finding)).accepted })))}
${more > 0 && html`<p class="quiet">These are the first ${shown} of ${findings.length.toLocaleString('en')}, the worst first. <a href="${all}">All, with a filter</a></p>`}
${source(scan)}`,
  );
}

function section(all: string | undefined, content: Html): Html {
  return html`<section id="vulnerabilities"><div class="head"><h2>Vulnerabilities</h2>${all && html`<a href="${all}">All findings</a>`}</div>
${content}</section>`;
}

export interface FindingsPage {
  build: Build;
  /** Those of this page. */
  findings: ShownFinding[];
  /** How many pass the filter, and how many there are. */
  total: number;
  all: number;
  filter: FindingFilter;
  scan: Omit<Scan, 'findings'>;
  cursor: string | null;
  query: URLSearchParams;
}

/** All findings of the registry's scanner, the worst first. */
export function findingsPage({ build, findings, total, all, filter, scan, cursor, query }: FindingsPage): Html {
  const path = `/builds/${build.id}/findings`;
  const isFiltered = total < all;
  return layout({
    title: `Vulnerabilities of ${build.project}`,
    here: '/',
    trail: buildTrail(build),
    api: `/api/v1${path}`,
    main: html`<div class="head"><h1>Vulnerabilities</h1></div>
${scan.state !== 'complete' && html`<p>${describeState(scan)}</p>`}
<form class="tools" action="${path}">
<label>Severity <select name="severity"><option value="">all</option>${severities.map((severity) => html`<option${filter.severity === severity && html` selected`}>${severity}</option>`)}</select></label>
<label>Fix <select name="fix"><option value="">all</option>${fixes.map((fix) => html`<option${filter.fix === fix && html` selected`}>${fix}</option>`)}</select></label>
<label>Id or package <input type="search" name="q" value="${filter.text}" maxlength="100"></label>
<button>Filter</button>${isFiltered && html` <a href="${path}">Show all</a>`}
</form>
<p role="status" class="quiet">${isFiltered ? `${total.toLocaleString('en')} of ${all.toLocaleString('en')}` : all.toLocaleString('en')} ${all === 1 ? 'finding' : 'findings'}, the worst first.</p>
${findings.length > 0 ? findingsTable(findings) : html`<p class="empty">No finding passes the filter.</p>`}
${pager(path, query, cursor)}
${source(scan)}`,
  });
}

function describeState({ state, reason }: Pick<Scan, 'state' | 'reason'>): string {
  const why = reason ? ` ${oneLine(reason, 600)}` : '';
  switch (state) {
    case 'unsupported':
      return `The scanner of the registry cannot read this image.${why}`;
    case 'timed-out':
      return `The scan did not end in time.${why}`;
    default:
      return `The scan failed.${why}`;
  }
}

function source({ scanner, completedAt, sourceUpdatedAt }: Omit<Scan, 'findings'>): Html | undefined {
  const by = scanner === 'enhanced' ? 'Amazon Inspector' : "the registry's basic scanning";
  const parts = [
    scanner && `Scanned by ${by}`,
    completedAt && `completed ${exactTime(completedAt)}`,
    sourceUpdatedAt && `with data of ${exactTime(sourceUpdatedAt)}`,
  ].filter(Boolean);
  return parts.length > 0 ? html`<p class="quiet small">${parts.join(', ')}.</p>` : undefined;
}
