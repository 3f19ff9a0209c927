import { shortDigest } from '../../core/builds/describe-build.ts';
import type { Project } from '../../core/model/project.ts';
import { describeSize } from '../../core/releases/describe-diff.ts';
import type { ReleasedImage } from '../../core/releases/release.ts';
import { type Html, html } from '../../core/text/html.ts';
import { oneLine } from '../../core/text/one-line.ts';
import { layout, pager } from './layout.ts';
import { projectPath, projectTrail } from './project-path.ts';
import { ageElement } from './times.ts';

/** The project's own page shows this many; a page of its own has all. */
const shown = 12;
/** Of one image; its own page has the rest. */
const mostOfImage = 100;

interface TagRow {
  tag: string;
  release: ReleasedImage;
}

/** The tags that name an image now, the newest image first. */
function tagRows(releases: readonly ReleasedImage[]): TagRow[] {
  return releases.flatMap((release) => release.floating.slice(0, mostOfImage).map((tag) => ({ tag, release })));
}

/** Some tags in a line; an image may have hundreds. */
export function tagList(tags: readonly string[], most = 40): Html {
  const more = tags.length - most;
  return html`${tags.slice(0, most).map((tag) => html`<code>${oneLine(tag, 128)}</code> `)}${more > 0 && html`<span class="quiet">and ${more} more</span>`}`;
}

/** The newest tags, for the project's own page. */
export function tagsSection(project: Project, releases: readonly ReleasedImage[], now: Date): Html | undefined {
  const rows = tagRows(releases);
  if (rows.length === 0) return undefined;
  return html`<section id="tags"><div class="head"><h2>Tags</h2><a href="${projectPath(project.name)}/tags">All tags</a></div>
${table(rows.slice(0, shown), now)}</section>`;
}

export interface TagsPage {
  project: Project;
  releases: ReleasedImage[];
  cursor: string | null;
  query: URLSearchParams;
  now: Date;
}

export function tagsPage({ project, releases, cursor, query, now }: TagsPage): Html {
  const path = `${projectPath(project.name)}/tags`;
  const rows = tagRows(releases);
  return layout({
    title: `Tags of ${project.name}`,
    api: `/api/v1${projectPath(project.name)}/releases`,
    here: '/projects',
    trail: projectTrail(project.name),
    main: html`<div class="head"><h1>Tags</h1></div>
<p class="meaning">The tags that name an image now, that of the newest release first. Each image has a tag of its own besides, which never moves.</p>
<section>${rows.length > 0 ? table(rows, now) : html`<p class="empty">No tag names an image${query.has('cursor') ? ' of these releases' : ' yet'}.</p>`}</section>
${pager(path, query, cursor)}`,
  });
}

function table(rows: readonly TagRow[], now: Date): Html {
  return html`<table class="findings tag-table" aria-label="Tags"><thead><tr><th scope="col">Tag</th><th scope="col">Image</th><th scope="col">Size</th><th scope="col">Released</th></tr></thead>
<tbody>${rows.map(({ tag, release: { project, digest, sizeBytes, platforms = [], releasedAt } }) => {
    const address = `${projectPath(project)}/releases/${digest}`;
    return html`<tr><td data-label="Tag"><code class="long">${oneLine(tag, 128)}</code></td><td data-label="Image"><a href="${address}"><code>${shortDigest(digest)}</code></a>${platforms.length > 0 && html` <span class="quiet">${platforms.map(({ platform }) => platform).join(', ')}</span>`}</td><td data-label="Size">${sizeBytes === undefined ? html`<span class="quiet">unknown</span>` : describeSize(sizeBytes)}</td><td data-label="Released">${ageElement(releasedAt, now)}</td></tr>
`;
  })}</tbody></table>`;
}
