import {
  describeCause,
  describeDuration,
  describeStatus,
  elapsed,
  refName,
  shortCommit,
} from '../../core/builds/describe-build.ts';
import { type Build, type BuildStatus, type Cause, isTerminal } from '../../core/model/build.ts';
import { type Html, html } from '../../core/text/html.ts';
import { oneLine, shortened } from '../../core/text/one-line.ts';
import type { Overview } from '../overview.ts';
import type { Tone } from '../tone.ts';
import { address, layout, pager } from './layout.ts';
import { buildChip, icon, tones } from './status.ts';
import { ageElement } from './times.ts';

export interface BuildListPage {
  builds: Build[];
  /** Undefined for a part of the list. */
  overview: Overview | undefined;
  buildsInFlight: number;
  cursor: string | null;
  query: URLSearchParams;
  now: Date;
}

/** The first page: what needs somebody's eyes, and every build, the newest first. */
export function buildListPage({ builds, overview, buildsInFlight, cursor, query, now }: BuildListPage): Html {
  const apiQuery = new URLSearchParams([...query].filter(([name]) => name !== 'cursor'));
  return layout({
    title: 'Builds',
    api: address('/api/v1/builds', apiQuery),
    live:
      (overview?.running.length ?? 0) > 0 || (!query.has('cursor') && builds.some(({ status }) => !isTerminal(status))),
    here: '/',
    main: html`${overview && overviewParts(overview, { hasBuilds: builds.length > 0, buildsInFlight }, now)}
<section><div class="head">${overview ? html`<h2 class="title">All builds</h2>` : html`<h1>Builds</h1>`}${filters(query)}</div>
${query.get('project') && html`<p class="quiet">Only ${query.get('project')}. <a href="/">Show all</a></p>`}
<div id="builds" data-part>${builds.length > 0 ? buildRows(builds, now) : nothing(query, cursor)}</div>
${pager('/', query, cursor)}</section>`,
  });
}

function overviewParts(
  { running, failed, blocked, held }: Overview,
  { hasBuilds, buildsInFlight }: { hasBuilds: boolean; buildsInFlight: number },
  now: Date,
): Html {
  const waiting = running.filter(({ status }) => status === 'queued');
  const building = running.filter(({ status }) => status !== 'queued');
  const parts = [
    part('building', 'Building now', building, now),
    part('waiting', buildsInFlight > 0 ? `Waiting: ${buildsInFlight} run at once` : 'Waiting', waiting, now),
    part('failed', 'Failed, and not built since', failed, now),
    part('blocked', 'Blocked, and not built since', blocked, now),
    part('held', 'Held back from release', held, now),
  ];
  const isCalm = hasBuilds && parts.every((each) => each === undefined);
  return html`<div class="head"><h1>Builds</h1></div>
<div id="overview" class="overview" data-part>${isCalm ? html`<p class="calm">${icon('good')} Nothing is building, and nothing needs your eyes.</p>` : parts}</div>`;
}

function part(id: string, title: string, builds: Build[], now: Date): Html | undefined {
  const [newest] = builds;
  if (!newest) return undefined;
  const rows = builds.map(
    (build) =>
      html`<li>${icon(briefTone(build))}<span class="what"><a href="/builds/${build.id}">${build.project}</a> <span class="why">${brief(build, now)}</span></span><span class="when">${ageElement(build.createdAt, now)}</span></li>`,
  );
  return html`<section class="card ${briefTone(newest)}" aria-labelledby="${id}"><h2 id="${id}">${title}</h2><ul class="brief">${rows}</ul></section>`;
}

const briefTone = ({ status, held }: Build): Tone => (held ? 'warning' : tones[status]);

/** What a person wants to know before anything else. */
function brief(build: Build, now: Date): string {
  const { status, failure, verdict, held } = build;
  if (held || status === 'queued') return oneLine(describeStatus(build, now), 200);
  const why = failure?.message ?? verdict?.reasons[0] ?? describeCause(build.cause, build.gitHost);
  return `${isTerminal(status) ? '' : `${status} for ${describeDuration(elapsed(build, now))}: `}${shortened(why, 200)}`;
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

function nothing(query: URLSearchParams, cursor: string | null): Html {
  if (cursor !== null)
    return html`<p class="empty">None among the builds that were looked through: the list goes on with the next page.</p>`;
  return query.has('status') || query.has('project') || query.has('cursor')
    ? html`<p class="empty">No such builds. <a href="/">Show all builds</a></p>`
    : html`<p class="empty">No builds yet. Push to the branch of a project of the index, or add a project to the index, and its build appears here.</p>`;
}

/** A list of builds; of a single project it does not repeat the name. */
export function buildRows(builds: Build[], now: Date, { ofProject = false } = {}): Html {
  return html`<ol class="rows">${builds.map((build) => buildRow(build, now, ofProject))}</ol>`;
}

function buildRow(build: Build, now: Date, ofProject: boolean): Html {
  const { id, project, cause, gitHost, authored, ref, commit, status, createdAt } = build;
  const took = describeDuration(elapsed(build, now));
  const why = describeCause(cause, gitHost);
  // What somebody has written of the commit says more than that it was pushed.
  const said = isOfCommit(cause) && authored?.subject ? oneLine(authored.subject, 160) : undefined;
  const [name, line] = ofProject ? [said ?? why, said && why] : [project, said ?? why];
  return html`<li>
${buildChip(build)}
<div class="what"><a href="/builds/${id}">${name}</a>${line && html`<span class="why">${line}</span>`}</div>
<div class="where"><span class="ref">${refName(ref)}</span> <code>${shortCommit(commit)}</code></div>
<div class="when">${ageElement(createdAt, now)}<span>${isTerminal(status) ? took : `${took} so far`}</span></div>
</li>`;
}

const isOfCommit = ({ type }: Cause): boolean => type === 'push' || type === 'pull-request' || type === 'source-moved';
