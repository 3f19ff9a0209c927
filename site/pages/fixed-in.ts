import { type Finding, isFixable } from '../../core/model/findings.ts';
import { type Html, html } from '../../core/text/html.ts';
import { oneLine } from '../../core/text/one-line.ts';

/** The version that fixes a finding; Inspector may know that there is one and not which. */
export function fixedIn(finding: Pick<Finding, 'fixed' | 'fixAvailable'>): string | Html {
  if (finding.fixed) return oneLine(finding.fixed, 100);
  return isFixable(finding) ? 'a newer version' : html`<span class="quiet">none yet</span>`;
}
