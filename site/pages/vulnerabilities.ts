import { exactTime } from '../../core/builds/describe-build.ts';
import type { Build } from '../../core/model/build.ts';
import { bySeverity, type Finding, type Scan } from '../../core/model/findings.ts';
import { waivableVulnerability } from '../../core/policy/vulnerability-objections.ts';
import { type Html, html } from '../../core/text/html.ts';
import { oneLine, webLink } from '../../core/text/one-line.ts';
import type { Recorded } from '../build-records.ts';
import type { WaiverOf } from '../waivers.ts';
import { acceptedNote } from './accepted.ts';
import { fixedIn } from './fixed-in.ts';

/** The page shows this many; the JSON has all. */
const shown = 100;
/** A longer table is folded, so that the sections after it can be found. */
const unfolded = 20;

/** The findings of the registry's scanner, the worst first. */
export function vulnerabilitiesSection(build: Build, scan: Recorded<Scan>, waiverOf: WaiverOf): Html | undefined {
  if (scan === undefined) return undefined;
  if (scan === 'unreadable')
    return section(undefined, html`<p class="quiet">The record of the scan cannot be read.</p>`);
  const all = `/api/v1/builds/${build.id}/findings`;
  const findings = scan.findings.toSorted(bySeverity);
  const said = scan.state === 'complete' ? undefined : html`<p>${describeState(scan)}</p>`;
  if (findings.length === 0) {
    return section(all, html`${said ?? html`<p class="quiet">The scan found none.</p>`}${source(scan)}`);
  }
  const more = findings.length - shown;
  const table = html`<table class="findings"><thead><tr><th scope="col">Severity</th><th scope="col">Id</th><th scope="col">Package</th><th scope="col">Installed</th><th scope="col">Fixed in</th></tr></thead>
<tbody>${findings.slice(0, shown).map((finding) => row(finding, waiverOf))}</tbody></table>
${more > 0 && html`<p class="quiet">These are the first ${shown} of ${findings.length.toLocaleString('en')}, the worst first. <a href="${all}">All as JSON</a></p>`}`;
  const folded = html`<details id="findings"><summary>${findings.length.toLocaleString('en')} findings, the worst first</summary>
${table}</details>`;
  return section(
    all,
    html`${said}${findings.length > unfolded ? folded : table}
${source(scan)}`,
  );
}

function section(all: string | undefined, content: Html): Html {
  return html`<section id="vulnerabilities"><div class="head"><h2>Vulnerabilities</h2>${all && html`<a href="${all}">All as JSON</a>`}</div>
${content}</section>`;
}

function row(finding: Finding, waiverOf: WaiverOf): Html {
  const { severity, id, package: name, installed, url, title, exploitAvailable } = finding;
  const { accepted } = waiverOf(waivableVulnerability(finding));
  const link = url && webLink(url);
  const label = oneLine(id, 100);
  return html`<tr${accepted && html` class="accepted"`}>
<td data-label="Severity"><span class="severity ${severity.toLowerCase()}">${severity.toLowerCase()}</span></td>
<td data-label="Id">${link ? html`<a href="${link}" rel="noopener nofollow">${label}</a>` : label}${title && title !== id && html`<span class="why">${oneLine(title, 200)}</span>`}${exploitAvailable && html`<span class="why">An exploit is known.</span>`}${accepted && acceptedNote(accepted)}</td>
<td data-label="Package">${oneLine(name, 200)}</td>
<td data-label="Installed">${oneLine(installed, 100)}</td>
<td data-label="Fixed in">${fixedIn(finding)}</td>
</tr>`;
}

function describeState({ state, reason }: Scan): string {
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

function source({ scanner, completedAt, sourceUpdatedAt }: Scan): Html | undefined {
  const by = scanner === 'enhanced' ? 'Amazon Inspector' : "the registry's basic scanning";
  const parts = [
    scanner && `Scanned by ${by}`,
    completedAt && `completed ${exactTime(completedAt)}`,
    sourceUpdatedAt && `with data of ${exactTime(sourceUpdatedAt)}`,
  ].filter(Boolean);
  return parts.length > 0 ? html`<p class="quiet small">${parts.join(', ')}.</p>` : undefined;
}
