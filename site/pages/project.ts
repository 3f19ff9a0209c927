import { describeSource, exactTime, shortCommit, shortDigest } from '../../core/builds/describe-build.ts';
import type { AddressSummary } from '../../core/mail/mail-address.ts';
import { type Build, isReleasable, isTerminal } from '../../core/model/build.ts';
import type { Project } from '../../core/model/project.ts';
import { currentState, type ReleasedImage } from '../../core/releases/release.ts';
import { sourceLine, sourcePage } from '../../core/sources/source-pages.ts';
import type { TargetState } from '../../core/targets/target-state.ts';
import { type Html, html } from '../../core/text/html.ts';
import { oneLine } from '../../core/text/one-line.ts';
import type { UrlNotification } from '../../core/url-notifications/url-notification.ts';
import type { KnownProject, SourceState } from '../readers.ts';
import { buildRows } from './build-list.ts';
import { historySection } from './history.ts';
import { holdNote } from './holds.ts';
import { layout, pager } from './layout.ts';
import { projectPath } from './project-path.ts';
import { type ProjectRelations, pendingNote, relationFacts, relationPicture } from './project-relations.ts';
import { ruleRows } from './project-rules.ts';
import { describeRecipients } from './recipients.ts';
import { releasesSection } from './releases.ts';
import { buildChip } from './status.ts';
import { tagsSection } from './tags.ts';
import { targetsSection } from './targets.ts';
import { ageElement } from './times.ts';
import { urlNotificationsSection } from './url-notifications.ts';

export interface ProjectPage {
  project: KnownProject;
  /** What the regular check of its repository has recorded. */
  source: SourceState | undefined;
  relations: ProjectRelations;
  recipients: AddressSummary;
  targets: TargetState[];
  urlNotifications: UrlNotification[];
  /** The newest. */
  releases: ReleasedImage[];
  /** The build that made the current release. */
  releasedBy: Build | undefined;
  builds: Build[];
  cursor: string | null;
  query: URLSearchParams;
  siteUrl: string;
  now: Date;
}

/** More releases than these are on a page of their own. */
const releasesShown = 3;

/** One project: how to get its image, how it is, and all that it depends on; below that its builds. */
export function projectPage(shown: ProjectPage): Html {
  const { project, source, relations, targets, urlNotifications, releases, releasedBy, builds, cursor, query, now } =
    shown;
  const path = projectPath(project.name);
  const isFirst = !query.has('cursor');
  return layout({
    title: project.name,
    here: '/projects',
    api: `/api/v1${path}`,
    feed: `${path}/builds.atom`,
    live: isFirst && builds.some(({ status }) => !isTerminal(status)),
    main: html`<div class="head title"><h1>${project.name}</h1><span id="state" data-part>${isFirst && lastState(builds)}</span></div>
${releaseLine(project, releases, now)}
${!project.active && html`<p class="note warning">This project has left the index. Nothing is built any more; its images stay.</p>`}
${project.active && sourceNote(project, source)}
${holdNote(project, now)}
${pendingNote(relations)}
${pullLine(project, releasedBy)}
<div class="columns"><div>
${isFirst && historySection(builds, now)}
${isFirst && tagsSection(project, releases, now)}
${releasesSection(project, releases.slice(0, releasesShown), now)}
${relationPicture(project.name, relations)}
<section><h2>Builds</h2>
<div id="builds" data-part>${builds.length > 0 ? buildRows(builds, now, { ofProject: true }) : html`<p class="empty">No builds yet. Push to branch ${oneLine(project.gitBranch, 120)}, and one appears here.</p>`}</div>
${pager(path, query, cursor)}</section>
</div><div>
${targetsSection(targets, now)}
${urlNotificationsSection(project.name, urlNotifications, now)}
<section><h2>About</h2>${facts(shown)}</section>
${commands(project)}
${badgeSection(shown)}
</div></div>`,
  });
}

/** How the last build is, or ended, that says something about the project. */
function lastState(builds: readonly Build[]): Html | undefined {
  const last = builds.find(({ ref }) => isReleasable(ref));
  return last && html`<a href="/builds/${last.id}" title="The last build">${buildChip(last)}</a>`;
}

/** What is released, and what is known of it today. */
function releaseLine({ name, released }: KnownProject, releases: readonly ReleasedImage[], now: Date): Html {
  if (!released) return html`<p class="meaning">Nothing is released yet.</p>`;
  const release = releases.find(({ digest }) => digest === released.digest);
  const isBlocked = release && currentState(release) === 'complete' && release.outcome === 'block';
  return html`<p class="meaning">Released ${ageElement(released.at, now)}: <a href="${projectPath(name)}/releases/${released.digest}"><code>${shortDigest(released.digest)}</code></a>${isBlocked && '. With what is known today, the policy would not let it be released'}</p>`;
}

/** How to get the current release; nothing until there is one. */
function pullLine({ desiredTag, released }: KnownProject, releasedBy: Build | undefined): Html | undefined {
  // A build's image names the registry's host, too.
  const repository = releasedBy?.image?.repository;
  if (!released || repository === undefined) return undefined;
  return html`<pre class="command" tabindex="0" data-copy><code>docker pull ${oneLine(repository, 300)}:${oneLine(desiredTag, 128)}</code></pre>`;
}

function facts({ project, relations, recipients, releasedBy, now }: ProjectPage): Html {
  const link = sourcePage({ url: project.gitUrl, gitHost: project.gitHost });
  return html`<dl class="facts">
<div><dt>Source</dt><dd>${link ? html`<a href="${link}" rel="noopener nofollow">${link}</a>` : describeSource(project.gitUrl)}, branch ${oneLine(project.gitBranch, 120)}</dd></div>
<div><dt>Dockerfile</dt><dd>${dockerfile(project, releasedBy)}, context <code>${oneLine(project.context, 300)}</code></dd></div>
${relationFacts(relations, now)}
<div><dt>Mails</dt><dd>${describeRecipients(recipients)}</dd></div>
${settings(project, now).map(([label, value]) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`)}
</dl>`;
}

/** As it was for the current release, where the git host is known. */
function dockerfile({ dockerfile, prebuild, gitUrl, gitHost }: Project, releasedBy: Build | undefined): Html {
  const name = html`<code>${oneLine(dockerfile, 300)}</code>`;
  if (!releasedBy || prebuild) return name;
  const page = sourceLine({ url: gitUrl, gitHost }, releasedBy.commit, dockerfile, 1);
  const at = html` at the released commit ${shortCommit(releasedBy.commit)}`;
  return page ? html`<a href="${page}" rel="noopener nofollow">${name}</a>${at}` : html`${name}${at}`;
}

/** What those may do who have credentials for it; the pages can only read. */
function commands({ name, active }: Project): Html | undefined {
  if (!active) return undefined;
  return html`<section id="commands"><h2>Commands</h2><p class="quiet small">With AWS credentials that may do it.</p>
<pre class="command" tabindex="0" data-copy><code>npx slipway build ${name}</code></pre>
<pre class="command" tabindex="0" data-copy><code>npx slipway hold ${name}</code></pre>
<pre class="command" tabindex="0" data-copy><code>npx slipway rollback ${name}</code></pre></section>`;
}

const badgeNames = ['State', 'Version', 'Age of the oldest fixable vulnerability'];

function badgeSection({ project, siteUrl }: ProjectPage): Html {
  const own = `/badges/${project.appId}/${project.jobId}`;
  const path = `${siteUrl}${own}`;
  const tag = `?tag=${project.desiredTag}`;
  const shown = ['', '/version', '/vulnerability'].map((kind) => `${own}${kind}.svg${tag}`);
  const snippet = [
    `[![image](${path}.svg${tag})](${siteUrl}${projectPath(project.name)})`,
    `![version](${path}/version.svg${tag})`,
    `![fixable vulnerability](${path}/vulnerability.svg${tag})`,
  ].join('\n');
  return html`<section id="badges"><h2>Badges</h2><p class="links">${shown.map((address, at) => html`<img src="${address}" alt="${badgeNames[at]}" height="20">`)}</p>
<details><summary>Markdown for a README</summary><pre class="command" tabindex="0" data-copy><code>${snippet}</code></pre></details></section>`;
}

/** What is wrong with the project's repository. */
function sourceNote({ gitBranch }: Project, source: SourceState | undefined): Html | undefined {
  if (source?.error !== undefined)
    return html`<p class="note warning">The repository could not be read: ${oneLine(source.error, 400)}${source.retryAt && html` It is asked again at <time datetime="${source.retryAt}">${exactTime(source.retryAt)}</time>.`}</p>`;
  if (source?.missing?.includes(`refs/heads/${gitBranch}`))
    return html`<p class="note warning">The repository has no branch <code>${oneLine(gitBranch, 120)}</code>. Its first push is built; if the branch has another name, correct git-branch in the index.</p>`;
  if (source?.movedTo === undefined) return undefined;
  return html`<p class="note warning">The repository was renamed or transferred to <code>${oneLine(source.movedTo, 300)}</code>. Its webhook no longer counts, so that pushes are noticed some minutes later. Write the new address into the index, and set the webhook up again.</p>`;
}

/** What the entry sets besides the defaults. */
function settings(project: Project, now: Date): [label: string, value: Html][] {
  const { extraTags = [], paths = [], pullRequests, versionTags, schedule } = project;
  const { target, buildArgs = {}, buildSecrets = {}, labels = {} } = project;
  const list = (values: string[]) => html`${values.map((value) => html`<code>${oneLine(value, 200)}</code> `)}`;
  const named = (values: Record<string, string>) =>
    Object.keys(values).length > 0
      ? list(Object.entries(values).map(([name, value]) => `${name}=${value}`))
      : undefined;
  const rows: [string, Html | undefined][] = [
    ['Stage', target ? html`<code>${oneLine(target, 100)}</code>` : undefined],
    ['Arguments', named(buildArgs)],
    ['Secrets', named(buildSecrets)],
    ['Labels', named(labels)],
    ['More tags', extraTags.length > 0 ? list(extraTags) : undefined],
    ['Only for', paths.length > 0 ? html`pushes that touch ${list(paths)}` : undefined],
    ['Version tags', versionTags === undefined ? undefined : html`${versionTags ? 'are released' : 'build nothing'}`],
    ['Pull requests', pullRequests ? html`are built and judged, and not released` : undefined],
    ['Schedule', schedule ? html`<code>${oneLine(schedule, 100)}</code> UTC` : undefined],
  ];
  return [...rows.filter((row): row is [string, Html] => row[1] !== undefined), ...ruleRows(project, now)];
}
