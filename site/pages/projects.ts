import { describeSource, sourcePage } from '../../core/builds/describe-build.ts';
import type { Build } from '../../core/model/build.ts';
import { isTerminal } from '../../core/model/build.ts';
import type { Project } from '../../core/model/project.ts';
import type { ReleasedImage } from '../../core/releases/release.ts';
import type { TargetState } from '../../core/targets/target-state.ts';
import { type Html, html } from '../../core/text/html.ts';
import { oneLine } from '../../core/text/one-line.ts';
import type { KnownProject } from '../readers.ts';
import { buildRows } from './build-list.ts';
import { holdNote } from './holds.ts';
import { layout, pager } from './layout.ts';
import { projectPath } from './project-path.ts';
import { type ProjectRelations, pendingNote, relationFacts } from './project-relations.ts';
import { ruleRows } from './project-rules.ts';
import { releasesSection } from './releases.ts';
import { buildChip } from './status.ts';
import { targetsSection } from './targets.ts';
import { ageElement } from './times.ts';

export interface ProjectState {
  project: Project;
  lastBuild: Build | undefined;
}

export interface ProjectListPage {
  /** `Projects`, or `app/job`. */
  title: string;
  path: string;
  states: ProjectState[];
  cursor: string | null;
  query: URLSearchParams;
  now: Date;
}

export function projectListPage({ title, path, states, cursor, query, now }: ProjectListPage): Html {
  return layout({
    here: '/projects',
    title,
    api: `/api/v1${path}`,
    main: html`<div class="head"><h1>${title}</h1></div>
${
  states.length > 0
    ? html`<ol class="rows">${states.map((state) => projectRow(state, now))}</ol>`
    : html`<p class="empty">No projects${query.has('cursor') ? ' after these' : ' yet. Add an entry to the index, and it appears here'}.</p>`
}
${pager(path, query, cursor)}`,
  });
}

function projectRow({ project, lastBuild }: ProjectState, now: Date): Html {
  return html`<li>
${lastBuild ? buildChip(lastBuild) : html`<span class="chip quiet">no build</span>`}
<div class="what"><a href="${projectPath(project.name)}">${project.name}</a><span class="why">${oneLine(project.source, 200)}</span></div>
<div class="where"><span class="ref">${oneLine(project.gitBranch, 120)}</span></div>
<div class="when">${project.active ? lastBuild && ageElement(lastBuild.createdAt, now) : html`<span>left the index</span>`}</div>
</li>`;
}

export interface ProjectPage {
  project: KnownProject;
  /** What the regular check of its repository has recorded. */
  source: { movedTo?: string | undefined; error?: string | undefined } | undefined;
  relations: ProjectRelations;
  /** How many of its mail addresses are confirmed; undefined where none has to be. */
  recipients: { count: number; of: number } | undefined;
  targets: TargetState[];
  /** The newest. */
  releases: ReleasedImage[];
  builds: Build[];
  cursor: string | null;
  query: URLSearchParams;
  siteUrl: string;
  now: Date;
}

export function projectPage({
  project,
  source,
  relations,
  recipients,
  targets,
  releases,
  builds,
  cursor,
  query,
  siteUrl,
  now,
}: ProjectPage): Html {
  const link = sourcePage(project.gitUrl);
  const path = projectPath(project.name);
  const badges = `/badges/${project.appId}/${project.jobId}`;
  const badge = `${badges}.svg?tag=${project.desiredTag}`;
  const snippets = [
    `![image](${siteUrl}${badge})`,
    `![version](${siteUrl}${badges}/version.svg?tag=${project.desiredTag})`,
    `![fixable vulnerability](${siteUrl}${badges}/vulnerability.svg?tag=${project.desiredTag})`,
  ];
  return layout({
    here: '/projects',
    title: project.name,
    api: `/api/v1${path}`,
    feed: `${path}/builds.atom`,
    live: !query.has('cursor') && builds.some(({ status }) => !isTerminal(status)),
    main: html`<div class="head"><h1>${project.name}</h1><img src="${badge}" alt="State of the last build" height="20"></div>
${!project.active && html`<p class="note warning">This project has left the index. Nothing is built any more; its images stay.</p>`}
${project.active && sourceNote(source)}
${holdNote(project, now)}
${pendingNote(relations)}
<dl class="facts">
${pullLine(project, builds)}
<div><dt>Source</dt><dd>${link ? html`<a href="${link}" rel="noopener nofollow">${link}</a>` : describeSource(project.gitUrl)}, branch ${oneLine(project.gitBranch, 120)}</dd></div>
<div><dt>Dockerfile</dt><dd><code>${oneLine(project.dockerfile, 300)}</code>, context <code>${oneLine(project.context, 300)}</code></dd></div>
${relationFacts(relations)}
${recipients && html`<div><dt>Mails</dt><dd>${recipients.count} of ${recipients.of} ${recipients.of === 1 ? 'address' : 'addresses'} confirmed${recipients.count < recipients.of && ': the others were sent a link, and get no mails until they agree'}</dd></div>`}
${settings(project, now).map(([label, value]) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`)}
<div><dt>Badges</dt><dd>${snippets.map((snippet) => html`<code class="long">${snippet}</code> `)}</dd></div>
</dl>
${targetsSection(targets, now)}
${releasesSection(project, releases, now)}
<section><h2>Builds</h2>
<div id="builds" data-part>${builds.length > 0 ? buildRows(builds, now) : html`<p class="empty">No builds yet. Push to branch ${oneLine(project.gitBranch, 120)}, and one appears here.</p>`}</div>
${pager(path, query, cursor)}</section>`,
  });
}

/** What is wrong with the project's repository. */
function sourceNote(source: ProjectPage['source']): Html | undefined {
  if (source?.error !== undefined)
    return html`<p class="note warning">The repository could not be read: ${oneLine(source.error, 300)}</p>`;
  if (source?.movedTo === undefined) return undefined;
  return html`<p class="note warning">The repository was renamed or transferred to <code>${oneLine(source.movedTo, 300)}</code>. Its webhook no longer counts, so that pushes are noticed some minutes later. Write the new address into the index, and set the webhook up again.</p>`;
}

/** What the entry sets besides the defaults. */
function settings(project: Project, now: Date): [label: string, value: Html][] {
  const { extraTags = [], paths = [], pullRequests, versionTags, schedule } = project;
  const list = (values: string[]) => html`${values.map((value) => html`<code>${oneLine(value, 200)}</code> `)}`;
  const rows: [string, Html | undefined][] = [
    ['More tags', extraTags.length > 0 ? list(extraTags) : undefined],
    ['Only for', paths.length > 0 ? html`pushes that touch ${list(paths)}` : undefined],
    ['Version tags', versionTags === undefined ? undefined : html`${versionTags ? 'are released' : 'build nothing'}`],
    ['Pull requests', pullRequests ? html`are built and judged, and not released` : undefined],
    ['Schedule', schedule ? html`<code>${oneLine(schedule, 100)}</code> UTC` : undefined],
  ];
  return [...rows.filter((row): row is [string, Html] => row[1] !== undefined), ...ruleRows(project, now)];
}

/** How to get the current release; nothing until there is one. */
function pullLine({ desiredTag, released }: KnownProject, builds: readonly Build[]): Html | undefined {
  // A build's image names the registry's host, too.
  const repository = builds.find(({ image }) => image)?.image?.repository;
  if (!released || repository === undefined) return undefined;
  return html`<div><dt>Pull</dt><dd><code class="long">docker pull ${oneLine(repository, 300)}:${oneLine(desiredTag, 128)}</code></dd></div>`;
}
