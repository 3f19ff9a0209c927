import {
  commitLink,
  describeCause,
  describeCounts,
  describeDuration,
  describeRef,
  describeSource,
  describeStatus,
  elapsed,
  exactTime,
  pullTag,
  sourcePage,
} from '../../core/builds/describe-build.ts';
import { isPassing } from '../../core/builds/failure.ts';
import { exceptionExample } from '../../core/mail/verdict-sections.ts';
import { type Build, isTerminal, type StageName, stageNames, type Verdict } from '../../core/model/build.ts';
import { severities } from '../../core/model/findings.ts';
import type { Project } from '../../core/model/project.ts';
import { currentOf, type TargetState } from '../../core/targets/target-state.ts';
import { type Html, html } from '../../core/text/html.ts';
import { oneLine } from '../../core/text/one-line.ts';
import type { BuildRecords } from '../build-records.ts';
import type { LogView } from '../log.ts';
import { waiversOf } from '../waivers.ts';
import { changesSection } from './changes.ts';
import { layout } from './layout.ts';
import { scannersSection } from './scanner-reports.ts';
import { buildChip, icon, stageTone } from './status.ts';
import { targetsSection } from './targets.ts';
import { ageElement } from './times.ts';
import { vulnerabilitiesSection } from './vulnerabilities.ts';

/** More warnings than this are folded. */
const warningsShown = 5;

export interface BuildPage {
  build: Build;
  records: BuildRecords;
  /** With its current index entry. */
  project: Project | undefined;
  /** Of the project. */
  targets: TargetState[];
  log: LogView;
  now: Date;
}

/** One build with its stages, reports and log. While it runs, the script replaces the parts marked `data-part`. */
export function buildPage({ build, records, project, targets, log, now }: BuildPage): Html {
  const waiverOf = waiversOf(build, project, now);
  const own = targets.filter((target) => target.wanted.build === build.id || currentOf(target)?.build === build.id);
  return layout({
    title: `${build.project} ${build.status}`,
    api: `/api/v1/builds/${build.id}`,
    live: isLive(build, log, now),
    main: html`<div id="build" data-part>
<div class="head"><h1><a href="${projectPath(build.project)}">${build.project}</a></h1>${buildChip(build)}</div>
<p class="meaning" data-announce="${build.project}: ${build.status}">${describeStatus(build, now)}</p>
${failure(build)}${verdict(build)}${image(build)}${targetsSection(own, now)}
</div>
<div id="found" data-part>${changesSection(build, records.comparison)}${scannersSection(records.scanners, { build, project, waiverOf })}${vulnerabilitiesSection(build, records.scan, waiverOf)}</div>
<div id="course" data-part>
<section><h2>Stages</h2>${timeline(build, now)}</section>
<section><h2>Details</h2>${facts(build, now)}</section>
</div>
${logSection(build, log)}`,
  });
}

/** The last stage is written after the build has its final state; the page stays live a little longer to show it. */
function isLive(build: Build, log: LogView, now: Date): boolean {
  return (
    !isTerminal(build.status) || !log.atEnd || now.getTime() - Date.parse(build.endedAt ?? build.createdAt) < 20_000
  );
}

export function projectPath(project: string): string {
  return `/projects/${project.replace(':', '/')}`;
}

function failure({ failure, status }: Build): Html | undefined {
  if (!failure) return undefined;
  if (status === 'cancelled')
    return html`<section class="note warning"><h2>Why not</h2><p>${oneLine(failure.message, 2000)}</p></section>`;
  return html`<section class="note bad"><h2>What went wrong</h2>
<p>${oneLine(failure.message, 2000)}</p>
<p class="quiet">${oneLine(failure.error, 100)}. The log has the details. ${
    isPassing(failure.error)
      ? 'Nothing in the project needs to be corrected: have the build started again.'
      : 'Push a commit that fixes it, and the project is built again.'
  }</p></section>`;
}

function verdict(build: Build): Html | undefined {
  const { verdict } = build;
  if (!verdict) return undefined;
  const passed = verdict.outcome === 'pass';
  const shown = severities.filter((severity) => (verdict.counts[severity] ?? 0) > 0);
  return html`<section class="note ${passed ? 'good' : 'warning'}"><h2>Verdict: ${passed ? 'passed' : 'blocked'}</h2>
${
  shown.length > 0
    ? html`<ul class="counts" aria-label="Findings">${shown.map(
        (severity) =>
          html`<li class="${severity.toLowerCase()}"><b>${verdict.counts[severity]}</b> ${severity.toLowerCase()}</li>`,
      )}</ul>`
    : html`<p>${passed ? `The scan has ${describeCounts(verdict.counts)}.` : ''}</p>`
}
${verdict.reasons.length > 0 && html`<ul class="reasons">${verdict.reasons.map((reason) => html`<li>${oneLine(reason, 600)}</li>`)}</ul>`}
${warnings(verdict)}
${verdict.accepted !== undefined && html`<p class="quiet">${verdict.accepted === 1 ? '1 finding is' : `${verdict.accepted.toLocaleString('en')} findings are`} accepted by the index.</p>`}
${!passed && html`<p class="quiet">The image stays a candidate: it has no release tag. Push a commit that removes the reasons, and it is judged anew.</p>`}
${exception(build)}
</section>`;
}

/** The exception to add to the index, for those who may change it. */
function exception(build: Build): Html | undefined {
  const example = exceptionExample(build);
  return (
    example &&
    html`<details id="exception"><summary>How a finding is accepted</summary><p>${example.title}</p><pre class="command" tabindex="0">${example.text}</pre></details>`
  );
}

/** A few warnings are shown at once; of many only the number. */
function warnings({ warnings = [] }: Verdict): Html | undefined {
  if (warnings.length === 0) return undefined;
  const list = html`<ul class="reasons">${warnings.map((warning) => html`<li>${oneLine(warning, 600)}</li>`)}</ul>`;
  const count = warnings.length === 1 ? '1 warning' : `${warnings.length} warnings`;
  return warnings.length <= warningsShown
    ? html`<h3>${count}</h3>${list}`
    : html`<details id="warnings"><summary>${count}</summary>${list}</details>`;
}

function image(build: Build): Html | undefined {
  if (!build.image) return undefined;
  const { repository, digest, tags } = build.image;
  const tag = pullTag(build.project, tags);
  return html`<section><h2>Image</h2>
<pre class="command" tabindex="0"><code>docker pull ${repository}${tag ? `:${tag}` : `@${digest}`}</code></pre>
<dl class="facts">
<div><dt>Tags</dt><dd class="tags">${tags.map((name) => html`<code>${name}</code> `)}</dd></div>
<div><dt>Digest</dt><dd><code class="long">${digest}</code></dd></div>
</dl></section>`;
}

function timeline(build: Build, now: Date): Html {
  const start = Date.parse(build.createdAt);
  const span = Math.max(1, elapsed(build, now));
  return html`<ol class="stages">${stageNames.map((name) => stageRow(build, name, start, span, now))}</ol>`;
}

function stageRow(build: Build, name: StageName, start: number, span: number, now: Date): Html {
  const stage = build.stages[name];
  if (!stage) {
    return html`<li class="absent">${icon('quiet')}<span>${name}</span><span></span><span>${isTerminal(build.status) ? 'not run' : 'to come'}</span></li>`;
  }
  const began = Date.parse(stage.startedAt);
  const took = Date.parse(stage.endedAt ?? now.toISOString()) - began;
  const x = Math.min(99, Math.max(0, ((began - start) / span) * 100));
  const width = Math.min(100 - x, Math.max(1, (took / span) * 100));
  const tone = stageTone(stage.status);
  const times = `${exactTime(stage.startedAt)}${stage.endedAt ? ` to ${exactTime(stage.endedAt)}` : ''}`;
  return html`<li>${icon(tone)}<span>${name}<span class="unseen"> ${stage.status}</span></span>
<svg class="bar" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true"><rect class="${tone}" x="${x.toFixed(2)}" width="${width.toFixed(2)}" height="1"/></svg>
<span title="${times}">${describeDuration(took)}</span></li>`;
}

function facts(build: Build, now: Date): Html {
  const source = sourcePage(build.sourceUrl);
  const commit = commitLink(build.sourceUrl, build.commit);
  const duration = describeDuration(elapsed(build, now));
  return html`<dl class="facts">
<div><dt>Why</dt><dd>${describeCause(build.cause)}</dd></div>
${build.cascade && html`<div><dt>Part of</dt><dd><a href="/cascades/${build.cascade}">the cascade ${build.cascade}</a></dd></div>`}
${build.supersededBy && html`<div><dt>Replaced by</dt><dd><a href="/builds/${build.supersededBy}">build ${build.supersededBy}</a></dd></div>`}
<div><dt>Commit</dt><dd>${commit ? html`<a href="${commit}" rel="noopener nofollow"><code class="long">${build.commit}</code></a>` : html`<code class="long">${build.commit}</code>`}</dd></div>
<div><dt>Ref</dt><dd>${describeRef(build.ref)}</dd></div>
<div><dt>Source</dt><dd>${source ? html`<a href="${source}" rel="noopener nofollow">${source}</a>` : describeSource(build.sourceUrl)}</dd></div>
<div><dt>Accepted</dt><dd>${ageElement(build.createdAt, now)} <span class="quiet">${exactTime(build.createdAt)}</span></dd></div>
<div><dt>${isTerminal(build.status) ? 'Took' : 'Running for'}</dt><dd>${duration}</dd></div>
<div><dt>Build</dt><dd><code>${build.id}</code></dd></div>
</dl>`;
}

function logSection(build: Build, log: LogView): Html {
  const whole = `/api/v1/builds/${build.id}/log`;
  return html`<section><div class="head"><h2 id="log-title">Log</h2><a href="${whole}">Whole log</a></div>
${log.skipped > 0 && html`<p id="log-skipped" class="quiet">${log.skipped.toLocaleString('en')} bytes came before this.</p>`}
<pre class="log" id="log" data-next="${log.next}" tabindex="0" role="log" aria-live="off" aria-labelledby="log-title">${log.text}</pre>
</section>`;
}
