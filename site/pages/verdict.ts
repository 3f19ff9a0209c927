import { describeCounts } from '../../core/builds/describe-build.ts';
import { isPassing } from '../../core/builds/failure.ts';
import { exceptionExample } from '../../core/mail/verdict-sections.ts';
import type { Build, Verdict } from '../../core/model/build.ts';
import { severities } from '../../core/model/findings.ts';
import { type Html, html } from '../../core/text/html.ts';
import { oneLine } from '../../core/text/one-line.ts';

/** More warnings than this are folded. */
const warningsShown = 5;
/** The JSON has the rest. */
const mostShown = 30;

/** Why a build failed, or the policy's verdict on its image. */
export function outcomeNote(build: Build): Html {
  return html`${failureNote(build)}${verdictNote(build)}`;
}

function failureNote({ failure, status }: Build): Html | undefined {
  if (!failure) return undefined;
  if (status === 'cancelled')
    return html`<section class="note warning"><h2>Why not</h2><p>${oneLine(failure.message, 2000)}</p></section>`;
  return html`<section class="note bad"><h2>What went wrong</h2>
<p>${oneLine(failure.message, 2000)}</p>
<p class="quiet">${oneLine(failure.error, 100)}. <a href="#log-title">The log has the details.</a> ${
    // The message of another failure says that the project is not at fault, and what to do.
    !isPassing(failure.error) && 'Push a commit that fixes it, and the project is built again.'
  }</p></section>`;
}

function verdictNote(build: Build): Html | undefined {
  const { verdict } = build;
  if (!verdict) return undefined;
  const passed = verdict.outcome === 'pass';
  return html`<section class="note ${passed ? 'good' : 'warning'}"><h2>Verdict: ${passed ? 'passed' : 'blocked'}</h2>
${counts(verdict, passed)}
${verdict.reasons.length > 0 && sentences(verdict.reasons)}
${warnings(verdict)}
${verdict.accepted !== undefined && html`<p class="quiet">${verdict.accepted === 1 ? '1 finding is' : `${verdict.accepted.toLocaleString('en')} findings are`} accepted by the index.</p>`}
${!passed && html`<p class="quiet">The image stays a candidate: it has no release tag. Push a commit that removes the reasons, and it is judged again.</p>`}
${exception(build)}
</section>`;
}

function counts({ counts }: Verdict, passed: boolean): Html {
  const shown = severities.filter((severity) => (counts[severity] ?? 0) > 0);
  if (shown.length === 0) return html`<p>${passed ? `The scan has ${describeCounts(counts)}.` : ''}</p>`;
  return html`<ul class="counts" aria-label="Findings">${shown.map(
    (severity) =>
      html`<li class="${severity.toLowerCase()}"><b>${counts[severity]?.toLocaleString('en')}</b> ${severity.toLowerCase()}</li>`,
  )}</ul>`;
}

/** The exception to add to the index, for those who may change it. */
function exception(build: Build): Html | undefined {
  const example = exceptionExample(build);
  return (
    example &&
    html`<details id="exception"><summary>How a finding is accepted</summary><p>${example.title}</p><pre class="command" tabindex="0" data-copy>${example.text}</pre></details>`
  );
}

/** A few warnings are shown at once; of many only the number. */
function warnings({ warnings = [] }: Verdict): Html | undefined {
  if (warnings.length === 0) return undefined;
  const count = warnings.length === 1 ? '1 warning' : `${warnings.length} warnings`;
  return warnings.length <= warningsShown
    ? html`<h3>${count}</h3>${sentences(warnings)}`
    : html`<details id="warnings"><summary>${count}</summary>${sentences(warnings)}</details>`;
}

function sentences(all: readonly string[]): Html {
  const more = all.length - mostShown;
  return html`<ul class="reasons">${all.slice(0, mostShown).map((each) => html`<li>${oneLine(each, 600)}</li>`)}${more > 0 && html`<li class="quiet">and ${more.toLocaleString('en')} more</li>`}</ul>`;
}
