import type { Finding } from '../../core/model/findings.ts';
import type { Waiver } from '../../core/policy/waivers.ts';
import { type Html, html } from '../../core/text/html.ts';
import { oneLine, webLink } from '../../core/text/one-line.ts';
import { acceptedNote } from './accepted.ts';
import { fixedIn } from './fixed-in.ts';

export type ShownFinding = Omit<Finding, 'description' | 'paths'> & {
  accepted?: Waiver | undefined;
  /** The rescan that found it first. */
  since?: string | undefined;
};

/** Vulnerabilities with links to their advisories. */
export function findingsTable(findings: readonly ShownFinding[]): Html {
  return html`<table class="findings" aria-label="Vulnerabilities"><thead><tr><th scope="col">Severity</th><th scope="col">Id</th><th scope="col">Package</th><th scope="col">Installed</th><th scope="col">Fixed in</th></tr></thead>
<tbody>${findings.map(row)}</tbody></table>`;
}

function row(finding: ShownFinding): Html {
  const { severity, id, package: name, installed, url, title, exploitAvailable, since, platforms, accepted } = finding;
  const link = url && webLink(url);
  const label = oneLine(id, 100);
  return html`<tr${accepted && html` class="accepted"`}>
<td data-label="Severity"><span class="severity ${severity.toLowerCase()}">${severity.toLowerCase()}</span></td>
<td data-label="Id">${link ? html`<a href="${link}" rel="noopener nofollow">${label}</a>` : label}${title && title !== id && html`<span class="why">${oneLine(title, 200)}</span>`}${exploitAvailable && html`<span class="why">An exploit is known.</span>`}${since && html`<span class="why">since ${since.slice(0, 10)}</span>`}${accepted && acceptedNote(accepted)}</td>
<td data-label="Package">${oneLine(name, 200)}${platforms && html`<span class="why">on ${platforms.join(' and ')}</span>`}</td>
<td data-label="Installed">${oneLine(installed, 100)}</td>
<td data-label="Fixed in">${fixedIn(finding)}</td>
</tr>`;
}
