import { exactTime, personName, shortDigest } from '../../core/builds/describe-build.ts';
import { describeHold, holdOf } from '../../core/holds/hold.ts';
import type { HoldChange } from '../../core/model/hold.ts';
import type { Project } from '../../core/model/project.ts';
import { type Html, html } from '../../core/text/html.ts';
import { oneLine } from '../../core/text/one-line.ts';
import type { KnownProject } from '../readers.ts';
import { layout, pager } from './layout.ts';
import { projectPath, projectTrail } from './project-path.ts';
import { releasesPath } from './releases.ts';
import { ageElement } from './times.ts';

/** The path of a project's holds and rollbacks. */
const holdsPath = (project: string): string => `${projectPath(project)}/holds`;

/** Says that the project's releases are held, and how that ends. */
export function holdNote(project: KnownProject, now: Date): Html | undefined {
  const hold = holdOf(project, now);
  if (!hold) return undefined;
  const { by, at } = hold;
  // That of the index has no time.
  const end = at
    ? html`Run <code>slipway unhold ${project.name}</code>`
    : html`Remove the key <code>hold</code> from its entry`;
  return html`<p class="note warning" id="hold">Releases are held ${describeHold({ ...hold, by: personName(by) })}. ${at && html`Since ${exactTime(at)}. `}The floating tags stay where they are; builds and scans go on, and what would be released waits. ${end} to end it. <a href="${holdsPath(project.name)}">Holds and rollbacks</a></p>`;
}

export interface HoldListPage {
  project: Project;
  changes: HoldChange[];
  cursor: string | null;
  query: URLSearchParams;
  now: Date;
}

/** Who held, unheld and rolled back the project, when and why. */
export function holdListPage({ project, changes, cursor, query, now }: HoldListPage): Html {
  const path = holdsPath(project.name);
  return layout({
    title: `Holds and rollbacks of ${project.name}`,
    here: '/projects',
    trail: projectTrail(project.name),
    api: `/api/v1${path}`,
    main: html`<div class="head"><h1>Holds and rollbacks</h1></div>
<p class="meaning">A hold keeps the floating tags where they are. A rollback moves them to an earlier release and holds them there.</p>
<section>${changes.length > 0 ? html`<ol class="rows">${changes.map((change) => row(change, now))}</ol>` : html`<p class="empty">None${query.has('cursor') ? ' before these' : ' yet'}.</p>`}</section>
${pager(path, query, cursor)}`,
  });
}

function row({ project, id, action, at, by, until, reason, digest, builds = [] }: HoldChange, now: Date): Html {
  return html`<li>
<span class="chip ${action === 'unheld' ? 'good' : 'warning'}">${action}</span>
<div class="what">${digest ? html`<a href="/builds/${id}">to</a> <a href="${releasesPath(project)}/${digest}"><code>${shortDigest(digest)}</code></a>` : builds.map((build) => html`<a href="/builds/${build}">build ${build}</a> `)}<span class="why">${oneLine(reason ?? '', 300)}${until && ` (until ${until})`}</span></div>
<div class="where"><span>by ${personName(by)}</span></div>
<div class="when">${ageElement(at, now)}</div>
</li>`;
}
