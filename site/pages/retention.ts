import { shortDigest } from '../../core/builds/describe-build.ts';
import type { Project } from '../../core/model/project.ts';
import { describeReason, type RetentionDecision, type RetentionReport } from '../../core/retention/retention-plan.ts';
import { type Html, html } from '../../core/text/html.ts';
import { oneLine } from '../../core/text/one-line.ts';
import { layout } from './layout.ts';
import { projectPath, projectTrail } from './project-path.ts';
import { releasesPath } from './releases.ts';
import { ageElement } from './times.ts';

/** The page shows this many images; the JSON has all. */
const shown = 100;

/** The path of what is kept of a project's repository. */
export const retentionPath = (project: string): string => `${projectPath(project)}/retention`;

export interface RetentionPage {
  project: Project;
  /** Undefined until the first run. */
  report: RetentionReport | undefined;
  now: Date;
}

/** Which released images of the project's repository stay, and why. */
export function retentionPage({ project, report, now }: RetentionPage): Html {
  const path = retentionPath(project.name);
  return layout({
    title: `Images kept for ${project.name}`,
    here: '/projects',
    trail: projectTrail(project.name),
    api: `/api/v1${path}`,
    main: html`<div class="head"><h1>Images kept</h1></div>
${report ? decided(report, project, now) : html`<p class="empty">Nothing was decided yet: Slipway looks at each repository once a day.</p>`}`,
  });
}

function decided({ repository, at, days, newest, decisions }: RetentionReport, project: Project, now: Date): Html {
  const more = decisions.length - shown;
  return html`<p class="meaning">${describeRule(days, newest)} Decided ${ageElement(at, now)} about <code>${repository}</code>.</p>
<section>${decisions.length > 0 ? html`<ol class="rows">${decisions.slice(0, shown).map((decision) => row(decision, project, now))}</ol>` : html`<p class="empty">No released images.</p>`}</section>
${more > 0 && html`<p>${more.toLocaleString('en')} older images are in the JSON.</p>`}`;
}

function describeRule(days: number | undefined, newest: number): string {
  if (days === undefined) return 'Released images are kept for ever.';
  return `An image expires that nothing names and that was neither released nor pulled for ${days} days; the newest ${newest} of each project stay.`;
}

function row({ digest, releasedAt, bytes, reasons }: RetentionDecision, project: Project, now: Date): Html {
  const [why, chip] =
    reasons.length > 0
      ? [
          `It stays: ${oneLine(reasons.map(describeReason).join('; '), 600)}.`,
          html`<span class="chip good">kept</span>`,
        ]
      : ['Nothing names it any more.', html`<span class="chip quiet">expired</span>`];
  return html`<li>
${chip}
<div class="what"><a href="${releasesPath(project.name)}/${digest}"><code>${shortDigest(digest)}</code></a><span class="why">${why}</span></div>
<div class="where"><span>${(bytes / 1e6).toFixed(1)} MB</span></div>
<div class="when"><span>released</span><span>${ageElement(releasedAt, now)}</span></div>
</li>`;
}
