import {
  describeAuthored,
  describeCause,
  describeDuration,
  describeRef,
  describeSource,
  describeStatus,
  elapsed,
  exactTime,
  shortCommit,
} from '../../core/builds/describe-build.ts';
import { describeUsd, totalUsd } from '../../core/cost/sum-costs.ts';
import { type Build, isTerminal } from '../../core/model/build.ts';
import type { BuildCost } from '../../core/model/build-cost.ts';
import { describeCacheUse } from '../../core/model/cache-use.ts';
import { architectureOf } from '../../core/model/platform.ts';
import type { Project } from '../../core/model/project.ts';
import { immutableTagOf } from '../../core/releases/release.ts';
import { commitLink, sourcePage } from '../../core/sources/source-pages.ts';
import { currentOf, type TargetState } from '../../core/targets/target-state.ts';
import { type Html, html } from '../../core/text/html.ts';
import { oneLine } from '../../core/text/one-line.ts';
import type { BuildRecords } from '../build-records.ts';
import type { LogView } from '../log-view.ts';
import { waiversOf } from '../waivers.ts';
import { changesSection } from './changes.ts';
import { layout } from './layout.ts';
import { logTools } from './log.ts';
import { logLines } from './log-lines.ts';
import { projectPath } from './project-path.ts';
import { scannersSection } from './scanner-reports.ts';
import { buildChip } from './status.ts';
import { tagList } from './tags.ts';
import { targetsSection } from './targets.ts';
import { ageElement } from './times.ts';
import { outcomeNote } from './verdict.ts';
import { vulnerabilitiesSection } from './vulnerabilities.ts';
import { waterfall } from './waterfall.ts';

export interface BuildPage {
  build: Build;
  records: BuildRecords;
  /** With its current index entry. */
  project: Project | undefined;
  /** Of the project. */
  targets: TargetState[];
  log: LogView;
  /** What the log is recorded under: the build's id, or that of its part for one platform. */
  logOf: string;
  now: Date;
}

/** One build with its stages, reports and log. While it runs, the script replaces the parts marked `data-part`. */
export function buildPage({ build, records, project, targets, log, logOf, now }: BuildPage): Html {
  const waiverOf = waiversOf(build, project, now);
  const own = targets.filter((target) => target.wanted.build === build.id || currentOf(target)?.build === build.id);
  const context = { build, project, waiverOf };
  return layout({
    title: `${build.project} ${build.status}`,
    description: oneLine(`${describeCause(build.cause, build.gitHost)}. ${describeStatus(build, now)}`, 300),
    here: '/',
    api: `/api/v1/builds/${build.id}`,
    live: isLive(build, log, now),
    main: html`<div id="build" data-part>
<div class="head title"><h1><a href="${projectPath(build.project)}">${build.project}</a></h1>${buildChip(build)}</div>
<p class="meaning" data-announce="${build.project}: ${build.status}">${describeStatus(build, now)}</p>
<p class="course">${build.authored?.subject && html`<q>${oneLine(build.authored.subject, 200)}</q> · `}${describeCause(build.cause, build.gitHost)} · ${ageElement(build.createdAt, now)} · ${isTerminal(build.status) ? 'took' : 'running for'} ${describeDuration(elapsed(build, now))}</p>
${outcomeNote(build)}
</div>
<div class="columns"><div>
<div id="course" data-part><section><h2>Stages</h2>${waterfall(build, records.steps, now)}</section></div>
<div id="found" data-part>${changesSection(build, records.comparison)}${scannersSection(records.scanners, context)}${vulnerabilitiesSection(build, records.scan, waiverOf)}</div>
</div><div id="facts" data-part>
${image(build)}${targetsSection(own, now)}
<section><h2>Details</h2>${facts(build)}</section>
${recordLinks(build, records)}
</div></div>
${logSection(build, log, logOf)}`,
  });
}

/** The last stage is written after the build has its final state; the page stays live a little longer to show it. */
function isLive(build: Build, log: LogView, now: Date): boolean {
  return (
    !isTerminal(build.status) || !log.atEnd || now.getTime() - Date.parse(build.endedAt ?? build.createdAt) < 20_000
  );
}

function image(build: Build): Html | undefined {
  if (!build.image) return undefined;
  const { repository, digest, tags, signed, platforms = [] } = build.image;
  // The others name a newer image one day.
  const tag = immutableTagOf(tags);
  return html`<section><h2>Image</h2>
<pre class="command" tabindex="0" data-copy><code>docker pull ${repository}${tag ? `:${tag}` : `@${digest}`}</code></pre>
<dl class="facts">
<div><dt>Tags</dt><dd class="tags">${tagList(tags)}</dd></div>
<div><dt>Digest</dt><dd><a href="${projectPath(build.project)}/releases/${digest}"><code class="long">${digest}</code></a></dd></div>
${platforms.map(({ platform, digest: own }) => html`<div><dt>${platform}</dt><dd><code class="long">${own}</code></dd></div>`)}
<div><dt>Signed</dt><dd>${signed ? html`<a href="${projectPath(build.project)}/releases/${digest}#signature">yes, with its provenance</a>` : 'no'}</dd></div>
</dl></section>`;
}

function facts(build: Build): Html {
  const address = { url: build.sourceUrl, gitHost: build.gitHost };
  const source = sourcePage(address);
  const commit = commitLink(address, build.commit);
  const short = html`<code title="${build.commit}">${shortCommit(build.commit)}</code>`;
  return html`<dl class="facts">
${build.cascade && html`<div><dt>Part of</dt><dd><a href="/cascades/${build.cascade}">the cascade ${build.cascade}</a></dd></div>`}
${build.supersededBy && html`<div><dt>Replaced by</dt><dd><a href="/builds/${build.supersededBy}">build ${build.supersededBy}</a></dd></div>`}
<div><dt>Commit</dt><dd>${commit ? html`<a href="${commit}" rel="noopener nofollow">${short}</a>` : html`<code class="long">${build.commit}</code>`}</dd></div>
${build.authored && html`<div><dt>Author</dt><dd>${describeAuthored(build.authored)}</dd></div>`}
<div><dt>Ref</dt><dd>${describeRef(build.ref)}</dd></div>
<div><dt>Source</dt><dd>${source ? html`<a href="${source}" rel="noopener nofollow">${source}</a>` : describeSource(build.sourceUrl)}</dd></div>
${build.cacheUse && html`<div><dt>Built</dt><dd>${describeCacheUse(build.cacheUse)}</dd></div>`}
${build.platforms && html`<div><dt>Platforms</dt><dd>${build.platforms.join(', ')}</dd></div>`}
${build.cost && html`<div><dt>Cost on AWS</dt><dd>${costLine(build.cost)}</dd></div>`}
<div><dt>Accepted</dt><dd>${exactTime(build.createdAt)}</dd></div>
<div><dt>Build</dt><dd><code>${build.id}</code></dd></div>
</dl>`;
}

function costLine(cost: BuildCost): Html {
  const { machineUsd, controlUsd, storageUsdPerMonth, pricesOf } = cost;
  return html`<a href="/costs">${describeUsd(totalUsd(cost))}</a><br><span class="quiet">machine ${describeUsd(machineUsd)}, the rest about ${describeUsd(controlUsd)}; to keep the image, up to ${describeUsd(storageUsdPerMonth)} a month (prices of ${pricesOf})</span>`;
}

/** The records of the build for programs. */
function recordLinks({ id, candidate, platforms }: Build, { scanners, comparison }: BuildRecords): Html | undefined {
  if (!candidate) return undefined;
  const reports = scanners === undefined || scanners === 'unreadable' ? [] : scanners.reports;
  const hasSbom = reports.some(({ scanner, state }) => scanner === 'sbom' && state === 'complete');
  const sboms = (platforms ?? [undefined]).flatMap((platform): [string, string, boolean][] => {
    const [of, folder] = platform ? [`, ${platform}`, `${architectureOf(platform)}/`] : ['', ''];
    return [
      [`SBOM, CycloneDX${of}`, `${folder}sbom.cdx.json`, hasSbom],
      [`SBOM, SPDX${of}`, `${folder}sbom.spdx.json`, hasSbom],
    ];
  });
  const links: [name: string, path: string, isThere: boolean][] = [
    ...sboms,
    ['Packages', 'packages', hasSbom],
    ['Vulnerabilities', 'findings', true],
    ['Scanners', 'scanners', reports.length > 0],
    ['What changed', 'comparison', comparison !== undefined],
  ];
  return html`<section><h2>Records</h2><ul class="links">${links.map(
    ([name, path, isThere]) => isThere && html`<li><a href="/api/v1/builds/${id}/${path}">${name}</a></li>`,
  )}</ul></section>`;
}

function logSection(build: Build, view: LogView, logOf: string): Html {
  const first = view.lines[0]?.number ?? 1;
  return html`<section><div class="head"><h2 id="log-title">Log</h2></div>
${logTools(build, logOf)}
${first > 1 && html`<p class="quiet"><a href="/builds/${logOf}/log?line=${Math.max(1, first - 200)}">${(first - 1).toLocaleString('en')} ${first === 2 ? 'line' : 'lines'} before these</a></p>`}
${logLines({ view, page: `/builds/${logOf}/log`, folds: isTerminal(build.status) })}
</section>`;
}
