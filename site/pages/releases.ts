import { describeCounts, exactTime, shortDigest } from '../../core/builds/describe-build.ts';
import { describeSize } from '../../core/releases/describe-diff.ts';
import { currentState, isTakenBack, type ReleasedImage } from '../../core/releases/release.ts';
import type { CurrentFinding, ReleaseFindings } from '../../core/releases/rescan-findings.ts';
import { currentOf, type TargetState } from '../../core/targets/target-state.ts';
import { type Html, html } from '../../core/text/html.ts';
import { oneLine } from '../../core/text/one-line.ts';
import type { Recorded } from '../build-records.ts';
import type { KnownProject } from '../readers.ts';
import type { Tone } from '../tone.ts';
import { findingsTable } from './findings-table.ts';
import { layout, pager } from './layout.ts';
import { projectPath, projectTrail } from './project-path.ts';
import { icon } from './status.ts';
import { tagList } from './tags.ts';
import { targetsSection } from './targets.ts';
import { ageElement } from './times.ts';
import { type Verifying, verifyingSection } from './verifying.ts';

/** The page shows this many findings; the JSON has all. */
const shown = 50;

/** Tags have versions and times. */
const highestFirst = (one: string, other: string) => other.localeCompare(one, 'en', { numeric: true });

/** The path of a project's releases. */
export const releasesPath = (project: string): string => `${projectPath(project)}/releases`;

export interface ReleaseListPage {
  project: KnownProject;
  releases: ReleasedImage[];
  cursor: string | null;
  query: URLSearchParams;
  now: Date;
}

export function releaseListPage({ project, releases, cursor, query, now }: ReleaseListPage): Html {
  const path = releasesPath(project.name);
  return layout({
    title: `Releases of ${project.name}`,
    here: '/projects',
    trail: projectTrail(project.name),
    api: `/api/v1${path}`,
    main: html`<div class="head"><h1>Releases</h1></div>
<p class="meaning">Each released image is scanned again once a week, and when a scanner sends an event for it. Whatever is found, its tags stay. <a href="${projectPath(project.name)}/retention">Which images are kept, and why</a></p>
<section>${releases.length > 0 ? releaseRows(project, releases, now) : html`<p class="empty">No releases${query.has('cursor') ? ' before these' : ' yet'}.</p>`}</section>
${pager(path, query, cursor)}`,
  });
}

/** The newest releases, for the project's own page; nothing where there are none. */
export function releasesSection(project: KnownProject, releases: ReleasedImage[], now: Date): Html | undefined {
  if (releases.length === 0) return undefined;
  return html`<section id="releases"><div class="head"><h2>Releases</h2><a href="${releasesPath(project.name)}">All releases</a></div>
${releaseRows(project, releases, now)}</section>`;
}

function releaseRows({ released }: KnownProject, releases: ReleasedImage[], now: Date): Html {
  return html`<ol class="rows">${releases.map((release) => row(release, released, now))}</ol>`;
}

function row(release: ReleasedImage, current: KnownProject['released'], now: Date): Html {
  const { project, digest, floating, signed, releasedAt, checkedAt } = release;
  return html`<li>
${statusChip(release, current)}
<div class="what"><a href="${releasesPath(project)}/${digest}"><code>${shortDigest(digest)}</code></a> <span class="tags">${tagList(floating, 8)}</span><span class="why">${describeFindings(release)}</span></div>
<div class="where"><span>${signed && html`signed, `}${checkedAt ? html`scanned ${ageElement(checkedAt, now)}` : 'not scanned again yet'}</span></div>
<div class="when"><span>released</span><span>${ageElement(releasedAt, now)}</span></div>
</li>`;
}

/** A release's current findings in one line. */
function describeFindings({ counts, appeared = 0 }: ReleasedImage): string {
  if (!counts) return 'Passed the policy at its release';
  const since = appeared > 0 ? `; ${appeared.toLocaleString('en')} not known at the release` : '';
  return `${describeCounts(counts)}${since}`;
}

function statusOf(release: ReleasedImage, current: KnownProject['released']): [Tone, string] {
  if (isTakenBack(release, current)) return ['warning', 'rolled back'];
  switch (currentState(release)) {
    case 'waiting':
      return release.digest === current?.digest ? ['good', 'current'] : ['quiet', 'earlier'];
    case 'gone':
      return ['bad', 'gone'];
    case 'failed':
      return ['bad', 'scan failed'];
    case 'unsupported':
      return ['quiet', 'not scannable'];
    case 'complete':
      return release.outcome === 'block' ? ['warning', 'would block'] : ['good', 'would pass'];
  }
}

function statusChip(release: ReleasedImage, current: KnownProject['released']): Html {
  const [tone, text] = statusOf(release, current);
  return html`<span class="chip ${tone}">${icon(tone)}${text}</span>`;
}

function meaning(release: ReleasedImage): string {
  switch (currentState(release)) {
    case 'waiting':
      return 'The image passed the policy at its release. It has not been scanned again since.';
    case 'gone':
      return 'The image is no longer in the registry.';
    case 'failed':
      return 'The last rescan of the image failed.';
    case 'unsupported':
      return 'The scanner of the registry cannot read the image.';
    case 'complete':
      return release.outcome === 'block'
        ? 'With the findings of the last scan, the policy would not let the image be released today. It stays released.'
        : 'With the findings of the last scan, the policy would let the image be released today.';
  }
}

export interface ReleasePage {
  release: ReleasedImage;
  project: KnownProject;
  /** Of the project. */
  targets: TargetState[];
  findings: Recorded<ReleaseFindings>;
  verifying: Omit<Verifying, 'release'>;
  now: Date;
}

export function releasePage({ release, project: entry, targets, findings, verifying, now }: ReleasePage): Html {
  const { project, digest, repository, build, tags, floating, releasedAt, checkedAt, dueAt, reason, notifiedAt } =
    release;
  const { sizeBytes, platforms = [] } = release;
  const path = `${releasesPath(project)}/${digest}`;
  const others = [...tags].filter((tag) => !floating.includes(tag)).sort(highestFirst);
  return layout({
    title: `${project} ${shortDigest(digest)}`,
    here: '/projects',
    trail: [...projectTrail(project), [releasesPath(project), 'Releases']],
    api: `/api/v1${path}`,
    main: html`<div class="head title"><h1>${shortDigest(digest)}</h1>${statusChip(release, entry.released)}</div>
<p class="meaning">${isTakenBack(release, entry.released) && html`It was rolled back: the project has an earlier release. <a href="${projectPath(project)}/holds">Who did it, and why</a>. `}${meaning(release)}${reason && ` ${oneLine(reason, 600)}`}</p>
${currentState(release) !== 'gone' && html`<pre class="command" tabindex="0" data-copy><code>docker pull ${verifying.repository}@${digest}</code></pre>`}
<div class="columns"><div>
${deployedSection(release, targets, now)}
${rollbackSection(release, entry)}
${verifyingSection({ release, ...verifying })}
${findingsSection(findings, path)}
</div><div>
<section><h2>Details</h2><dl class="facts">
<div><dt>Digest</dt><dd><code class="long">${digest}</code></dd></div>
${platforms.map((each) => html`<div><dt>${each.platform}</dt><dd><code class="long">${each.digest}</code></dd></div>`)}
${sizeBytes !== undefined && html`<div><dt>Size</dt><dd>${describeSize(sizeBytes)}</dd></div>`}
<div><dt>Repository</dt><dd><code>${oneLine(repository, 300)}</code></dd></div>
<div><dt>Tags now</dt><dd class="tags">${floating.length > 0 ? tagList(floating) : html`<span class="quiet">no moving tag</span>`}</dd></div>
${others.length > 0 && html`<div><dt>Other tags</dt><dd class="tags">${tagList(others)}</dd></div>`}
<div><dt>Released</dt><dd>${ageElement(releasedAt, now)} by <a href="/builds/${build}">build ${build}</a></dd></div>
<div><dt>Last scan</dt><dd>${checkedAt ? ageElement(checkedAt, now) : 'not yet'}</dd></div>
<div><dt>Next scan</dt><dd>${dueAt ? exactTime(dueAt) : 'none'}</dd></div>
<div><dt>Findings</dt><dd>${describeFindings(release)}</dd></div>
${notifiedAt && html`<div><dt>Last mail</dt><dd>${exactTime(notifiedAt)}</dd></div>`}
</dl></section>
</div></div>`,
  });
}

/** Where the image is now, as far as the targets of its project say it. */
function deployedSection({ digest }: ReleasedImage, targets: readonly TargetState[], now: Date): Html | undefined {
  const here = targets.filter((target) => currentOf(target)?.digest === digest || target.wanted.digest === digest);
  return targetsSection(here, now);
}

/** How the project goes back to this image; nothing for the one that it has. */
function rollbackSection({ project, digest, floating }: ReleasedImage, { released }: KnownProject): Html | undefined {
  if (!released || released.digest === digest || floating.length > 0) return undefined;
  return html`<section id="rollback"><h2>Go back to it</h2><p class="quiet small">Moves the floating tags to this image and holds them there. With AWS credentials that may do it.</p>
<pre class="command" tabindex="0" data-copy><code>npx slipway rollback ${project} --to ${digest}</code></pre></section>`;
}

function findingsSection(findings: Recorded<ReleaseFindings>, path: string): Html | undefined {
  if (findings === undefined) return undefined;
  if (findings === 'unreadable')
    return html`<section><h2>Findings</h2><p class="quiet">The record of the last scan cannot be read.</p></section>`;
  const appeared = findings.findings.filter(({ since }) => since);
  const known = findings.findings.filter(({ since }) => !since);
  return html`${appeared.length > 0 && html`<section id="appeared"><h2>Not known at the release</h2>${table(appeared, path)}</section>`}
<section id="known"><div class="head"><h2>${appeared.length > 0 ? 'Known at the release' : 'Findings'}</h2><a href="/api/v1${path}">All as JSON</a></div>
${known.length > 0 ? table(known, path) : html`<p class="quiet">None.</p>`}</section>`;
}

function table(findings: CurrentFinding[], path: string): Html {
  const more = findings.length - shown;
  return html`${findingsTable(findings.slice(0, shown))}
${more > 0 && html`<p class="quiet">These are the first ${shown} of ${findings.length.toLocaleString('en')}, the worst first. <a href="/api/v1${path}">All as JSON</a></p>`}`;
}
