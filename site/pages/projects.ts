import type { Build } from '../../core/model/build.ts';
import type { Project } from '../../core/model/project.ts';
import { type Html, html } from '../../core/text/html.ts';
import { oneLine } from '../../core/text/one-line.ts';
import { layout, pager } from './layout.ts';
import { projectPath } from './project-path.ts';
import { buildChip } from './status.ts';
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
    main: html`<div class="head"><h1>${title}</h1>${path === '/projects' && filterForm(query.get('prefix') ?? '')}</div>
${
  states.length > 0
    ? html`<ol class="rows">${states.map((state) => projectRow(state, now))}</ol>`
    : html`<p class="empty">${none(query)}</p>`
}
${pager(path, query, cursor)}`,
  });
}

function filterForm(start: string): Html {
  return html`<form class="tools" role="search" aria-label="Projects" action="/projects"><label class="unseen" for="prefix">The name begins with</label><input id="prefix" type="search" name="prefix" value="${start}" maxlength="200" placeholder="Name begins with"><button>Filter</button></form>`;
}

function none(query: URLSearchParams): string {
  if (query.has('cursor')) return 'No projects after these.';
  if (query.get('prefix')) return 'No project has a name that begins so.';
  return 'No projects yet. Add an entry to the index, and it appears here.';
}

function projectRow({ project, lastBuild }: ProjectState, now: Date): Html {
  return html`<li>
${lastBuild ? buildChip(lastBuild) : html`<span class="chip quiet">no build</span>`}
<div class="what"><a href="${projectPath(project.name)}">${project.name}</a><span class="why">${oneLine(project.source, 200)}</span></div>
<div class="where"><span class="ref">${oneLine(project.gitBranch, 120)}</span></div>
<div class="when">${project.active ? lastBuild && ageElement(lastBuild.createdAt, now) : html`<span>left the index</span>`}</div>
</li>`;
}
