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
