import { shortDigest } from '../../core/builds/describe-build.ts';
import { projectNameSchema } from '../../core/model/project.ts';
import { type Html, html } from '../../core/text/html.ts';
import { oneLine } from '../../core/text/one-line.ts';
import type { BaseStatus, Dependents, Pending } from '../readers.ts';
import { projectPath } from './project-path.ts';

/** What a project depends on, its dependents, and the cascade that it is part of now. */
export interface ProjectRelations {
  dependsOn: string[];
  bases: BaseStatus[];
  dependents: Dependents;
  pending: Pending | undefined;
}

/** Says that the project waits, or is being built, as part of a cascade. */
export function pendingNote({ pending }: ProjectRelations): Html | undefined {
  if (!pending) return undefined;
  const waits = pending.state === 'waiting' ? 'waits' : 'is being built';
  return html`<p class="note">This project ${waits} in <a href="/cascades/${pending.cascade}">cascade ${pending.cascade}</a>.</p>`;
}

/** Rows for the page's table of facts. */
export function relationFacts({ dependsOn, bases, dependents }: ProjectRelations): Html {
  return html`${
    dependsOn.length > 0 &&
    html`<div><dt>Depends on</dt><dd>${dependsOn.map((name) => html`${imageName(name)} `)}</dd></div>`
  }
${bases.length > 0 && html`<div><dt>Built on</dt><dd><ul class="reasons">${bases.map(baseItem)}</ul></dd></div>`}
${
  dependents.projects.length > 0 &&
  html`<div><dt>Dependents</dt><dd>${dependents.projects.map((name) => html`${imageName(name)} `)}${moreDependents(dependents)}</dd></div>`
}`;
}

function moreDependents({ more }: Dependents): Html | false {
  return more !== 0 && html`<span class="quiet">and ${more ?? 'many'} more</span>`;
}

function baseItem({ reference, digest, own, pinned, newer, reason }: BaseStatus): Html {
  return html`<li>${own && !pinned ? imageName(oneLine(reference, 300)) : html`<code class="long">${oneLine(reference, 300)}</code>`}
<span class="quiet">${digest ? shortDigest(digest) : 'not found'}${pinned && ', pinned by its digest'}</span>
${newer && html`<span>${pinned ? 'the tag names' : 'now'} <code>${shortDigest(newer)}</code>${pinned && ': the pin keeps the older image'}</span>`}
${reason && html`<span class="quiet">(${oneLine(reason, 200)})</span>`}</li>`;
}

function imageName(name: string): Html {
  const isProject = projectNameSchema.safeParse(name).success;
  return isProject
    ? html`<a href="${projectPath(name)}"><code>${name}</code></a>`
    : html`<code>${oneLine(name, 200)}</code>`;
}
