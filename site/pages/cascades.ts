import { describeCause, describeDuration, personName, shortCommit } from '../../core/builds/describe-build.ts';
import type { Cause } from '../../core/model/build.ts';
import { type Html, html } from '../../core/text/html.ts';
import { oneLine } from '../../core/text/one-line.ts';
import { graph } from '../charts/graph.ts';
import type { Cascade, CascadeMember, CascadeSummary } from '../readers.ts';
import type { Tone } from '../tone.ts';
import { layout, pager } from './layout.ts';
import { projectPath } from './project-path.ts';
import { icon } from './status.ts';
import { ageElement } from './times.ts';

export interface CascadeListPage {
  cascades: { cascade: Cascade; causes: Cause[] }[];
  cursor: string | null;
  query: URLSearchParams;
  now: Date;
}

/** All cascades, newest first. */
export function cascadeListPage({ cascades, cursor, query, now }: CascadeListPage): Html {
  return layout({
    here: '/cascades',
    title: 'Cascades',
    api: '/api/v1/cascades',
    main: html`<div class="head"><h1>Cascades</h1></div>
<p class="quiet">A cascade rebuilds every project that depends on a change, each once, after the projects that it depends on.</p>
${
  cascades.length > 0
    ? html`<ol class="rows">${cascades.map(
        ({ cascade, causes }) => html`<li>
<code>${cascade.id.slice(-6)}</code>
<div class="what"><a href="/cascades/${cascade.id}">${describeCauses(causes)}</a></div>
<div class="where">${cascade.cancelled && html`<span class="chip quiet">${icon('quiet')}cancelled</span>`}</div>
<div class="when">${ageElement(cascade.startedAt, now)}</div>
</li>`,
      )}</ol>`
    : html`<p class="empty">No cascades${query.has('cursor') ? ' before these' : ' yet. One begins when an image with dependents is released, when a base image changes, and with a push of the index'}.</p>`
}
${pager('/cascades', query, cursor)}`,
  });
}

/** Of a chain of hundreds of projects, each after the other. */
const mostLevels = 20;

export interface CascadePage {
  cascade: CascadeSummary;
  members: CascadeMember[];
  /** All members, if a picture can show them. */
  drawn: CascadeMember[] | undefined;
  cursor: string | null;
  query: URLSearchParams;
  now: Date;
}

/** One cascade: its causes, its progress, and the state of each project in it. */
export function cascadePage({ cascade, members, drawn, cursor, query, now }: CascadePage): Html {
  const { id, causes, counts, startedAt, endedAt, cancelled } = cascade;
  const path = `/cascades/${id}`;
  const took = describeDuration(Date.parse(endedAt ?? now.toISOString()) - Date.parse(startedAt));
  return layout({
    here: '/cascades',
    title: `Cascade ${id}`,
    api: `/api/v1${path}`,
    live: endedAt === undefined,
    main: html`<div id="cascade" data-part>
<div class="head title"><h1>${causes.length > 0 ? describeCauses(causes.map(({ cause }) => cause)) : 'Cascade'}</h1></div>
<p class="meaning" data-announce="${describeCounts(counts)}">${describeCounts(counts)}</p>
${
  cancelled &&
  html`<p class="meaning">${personName(cancelled.by) || 'Somebody'} cancelled the cascade ${ageElement(cancelled.at, now)}${cancelled.reason && html`: ${oneLine(cancelled.reason, 300)}`}</p>`
}
<p class="course">Cascade ${id} · began ${ageElement(startedAt, now)} · ${endedAt ? 'took' : 'running for'} ${took}</p>
${causes.length === 0 && html`<p class="quiet">What set it off is not shown: private projects have a part in the cascade.</p>`}
${!endedAt && !cancelled && html`<section><h2>To stop it</h2><pre class="command" tabindex="0" data-copy><code>npx slipway cancel ${id}</code></pre></section>`}
${causes.length > 1 && html`<section><h2>What set it off, and what joined it</h2><ul class="reasons">${causes.map(({ cause, at }) => html`<li>${describeNews(cause)} <span class="quiet">${ageElement(at, now)}</span></li>`)}</ul></section>`}
${drawn ? picture(drawn, causes) : !query.has('cursor') && inShort(cascade, now)}
<section><h2>Projects</h2>
<ol class="rows">${members.map((member) => memberRow(member, now))}</ol>
</section></div>
${pager(path, query, cursor)}`,
  });
}

/** The members with their states, each after those that it waits for; the list below says the same. */
function picture(members: readonly CascadeMember[], causes: CascadeSummary['causes']): Html {
  const names = new Set(members.map(({ project }) => project));
  const released = causes.flatMap(({ cause }) => (cause.type === 'parent-released' ? cause.parents : []));
  const parents = [...new Set(released)].filter((parent) => !names.has(parent));
  const roots = members.filter(({ root }) => root);
  return html`<section><h2>Order</h2>${graph({
    title: `The ${members.length} projects of the cascade in the order in which they are built`,
    nodes: [
      ...parents.map((parent) => ({ id: oneLine(parent, 200), said: 'was released', tone: 'good' as const })),
      ...members.map(({ project, state, build }) => ({
        id: project,
        said: state.replace('-', ' '),
        tone: tones[state],
        href: build ? `/builds/${build}` : projectPath(project),
      })),
    ],
    edges: [
      ...parents.flatMap((parent) => roots.map(({ project }) => [oneLine(parent, 200), project] as const)),
      ...members.flatMap(({ project, parents }) => parents.map((parent) => [parent, project] as const)),
    ],
  })}</section>`;
}

/** Of a cascade that is too large for a picture: what to look at first, and how far it is. */
function inShort({ first, levels }: CascadeSummary, now: Date): Html {
  const shown = levels.slice(0, mostLevels);
  const others = levels.length - shown.length;
  return html`${
    first.length > 0 &&
    html`<section><h2>Failed, blocked and being built</h2><ol class="rows">${first.map((member) => memberRow(member, now))}</ol></section>`
  }
${
  levels.length > 1 &&
  html`<section><h2>Order</h2><ol class="reasons">${shown.map((counts) => html`<li>${describeCounts(counts)}</li>`)}</ol>
${others > 0 && html`<p class="quiet">and ${others} more steps after these.</p>`}</section>`
}`;
}

function memberRow({ project, state, parents, reason, build, since }: CascadeMember, now: Date): Html {
  const why = reason ?? (state === 'waiting' && parents.length > 0 ? `waits for ${parents.join(', ')}` : undefined);
  return html`<li>
<span class="chip ${tones[state]}">${icon(tones[state])}${state.replace('-', ' ')}</span>
<div class="what"><a href="${projectPath(project)}">${project}</a>${why && html`<span class="why">${oneLine(why, 300)}</span>`}</div>
<div class="where">${build && html`<a href="/builds/${build}">build ${build.slice(0, 8)}</a>`}</div>
<div class="when">${ageElement(since, now)}</div>
</li>`;
}

const tones: Record<CascadeMember['state'], Tone> = {
  waiting: 'quiet',
  building: 'running',
  released: 'good',
  unchanged: 'good',
  blocked: 'warning',
  failed: 'bad',
  cancelled: 'quiet',
  skipped: 'warning',
  'not-needed': 'quiet',
};

function describeCauses([first, ...others]: Cause[]): string {
  if (!first) return 'Cascade';
  return others.length === 0 ? describeNews(first) : `${describeNews(first)}, and ${others.length} more`;
}

/** One push of the index may start a cascade for several entries. */
function describeNews(cause: Cause): string {
  return cause.type === 'index' ? `Push of the index, commit ${shortCommit(cause.commit)}` : describeCause(cause);
}

/** `3 released, 1 building, 2 waiting` */
function describeCounts(counts: CascadeSummary['counts']): string {
  const parts = (Object.keys(tones) as CascadeMember['state'][])
    .filter((state) => counts[state])
    .map((state) => `${counts[state]} ${state.replace('-', ' ')}`);
  return parts.length > 0 ? parts.join(', ') : 'no projects';
}
