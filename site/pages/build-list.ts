import { describeCause, describeDuration, elapsed, refName, shortCommit } from '../../core/builds/describe-build.ts';
import { type Build, type BuildStatus, isTerminal } from '../../core/model/build.ts';
import { type Html, html } from '../../core/text/html.ts';
import { address, layout, pager } from './layout.ts';
import { buildChip } from './status.ts';
import { ageElement } from './times.ts';

export interface BuildListPage {
  builds: Build[];
  cursor: string | null;
  query: URLSearchParams;
  now: Date;
}

/** The first page: every build, the newest first. */
export function buildListPage({ builds, cursor, query, now }: BuildListPage): Html {
  const apiQuery = new URLSearchParams([...query].filter(([name]) => name !== 'cursor'));
  return layout({
    title: 'Builds',
    api: address('/api/v1/builds', apiQuery),
    live: !query.has('cursor') && builds.some(({ status }) => !isTerminal(status)),
    main: html`<div class="head"><h1>Builds</h1>${filters(query)}</div>
${query.get('project') && html`<p class="quiet">Only ${query.get('project')}. <a href="/">Show all</a></p>`}
<div id="builds" data-part>${builds.length > 0 ? buildRows(builds, now) : nothing(query)}</div>
${pager('/', query, cursor)}`,
  });
}

const filterStatuses: BuildStatus[] = ['building', 'released', 'blocked', 'failed'];

function filters(query: URLSearchParams): Html {
  const current = query.get('status');
  const link = (status: BuildStatus | null) => {
    const filtered = new URLSearchParams(query);
    filtered.delete('cursor');
    filtered.delete('status');
    if (status) filtered.set('status', status);
    return html`<a href="${address('/', filtered)}"${status === current && html` aria-current="true"`}>${status ?? 'all'}</a>`;
  };
  return html`<nav class="filters" aria-label="Show builds by state">${[null, ...filterStatuses].map(link)}</nav>`;
}

function nothing(query: URLSearchParams): Html {
  return query.has('status') || query.has('project') || query.has('cursor')
    ? html`<p class="empty">No such builds. <a href="/">Show all builds</a></p>`
    : html`<p class="empty">No builds yet. Push to the branch of a project of the index, or add a project to the index, and its build appears here.</p>`;
}

/** A list of builds, used on several pages. */
export function buildRows(builds: Build[], now: Date): Html {
  return html`<ol class="rows">${builds.map((build) => buildRow(build, now))}</ol>`;
}

function buildRow(build: Build, now: Date): Html {
  const took = describeDuration(elapsed(build, now));
  return html`<li>
${buildChip(build)}
<div class="what"><a href="/builds/${build.id}">${build.project}</a><span class="why">${describeCause(build.cause)}</span></div>
<div class="where"><span class="ref">${refName(build.ref)}</span> <code>${shortCommit(build.commit)}</code></div>
<div class="when">${ageElement(build.createdAt, now)}<span>${isTerminal(build.status) ? took : `${took} so far`}</span></div>
</li>`;
}
