import { shortDigest } from '../../core/builds/describe-build.ts';
import { projectNameSchema } from '../../core/model/project-name.ts';
import { type Html, html } from '../../core/text/html.ts';
import { oneLine } from '../../core/text/one-line.ts';
import { type GraphNode, graph } from '../charts/graph.ts';
import type { BaseStatus, Dependents, Pending } from '../readers.ts';
import { projectPath } from './project-path.ts';
import { ageElement } from './times.ts';

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
export function relationFacts({ dependsOn, bases, dependents }: ProjectRelations, now: Date): Html {
  return html`${
    dependsOn.length > 0 &&
    html`<div><dt>Depends on</dt><dd>${dependsOn.map((name) => html`${imageName(name)} `)}</dd></div>`
  }
${bases.length > 0 && html`<div><dt>Built on</dt><dd><ul class="reasons">${bases.map((base) => baseItem(base, now))}</ul></dd></div>`}
${
  dependents.projects.length > 0 &&
  html`<div><dt>Dependents</dt><dd>${dependents.projects.map((name) => html`${imageName(name)} `)}${moreDependents(dependents)}</dd></div>`
}`;
}

/** With more on a side than these, the picture would show nothing at a glance. */
const mostDrawn = 8;

/** The project between what it is built on and what is built on it; the table of facts has the same as text. */
export function relationPicture(name: string, { dependsOn, bases, dependents }: ProjectRelations): Html | undefined {
  const parents = [...new Set([...dependsOn, ...bases.map(({ reference }) => reference)])];
  const children = dependents.projects;
  if (parents.length + children.length === 0) return undefined;
  const more = (count: number | undefined, side: string): GraphNode[] =>
    count === 0 ? [] : [{ id: `and ${count ?? 'many'} more`, said: side, tone: 'quiet' }];
  const left = [
    ...parents.slice(0, mostDrawn).map((parent) => node(parent, 'built on')),
    ...more(Math.max(0, parents.length - mostDrawn), 'built on '),
  ];
  const hidden = Math.max(0, children.length - mostDrawn);
  const right = [
    ...children.slice(0, mostDrawn).map((child) => node(child, 'dependent')),
    ...more(dependents.more === undefined ? undefined : dependents.more + hidden, 'dependents'),
  ];
  return html`<section id="relations"><h2>Parents and children</h2>${graph({
    title: `What ${name} is built on, and what is built on it`,
    nodes: [...left, { id: name, said: 'this project', tone: 'running' }, ...right],
    edges: [...left.map(({ id }) => [id, name] as const), ...right.map(({ id }) => [name, id] as const)],
  })}</section>`;
}

function node(name: string, said: string): GraphNode {
  const isProject = projectNameSchema.safeParse(name).success;
  return { id: oneLine(name, 200), said, tone: 'quiet', href: isProject ? projectPath(name) : undefined };
}

function moreDependents({ more }: Dependents): Html | false {
  return more !== 0 && html`<span class="quiet">and ${more ?? 'many'} more</span>`;
}

function baseItem({ reference, digest, own, pinned, newer, since, checkedAt, reason }: BaseStatus, now: Date): Html {
  const age = since && html`, ${own ? 'released' : 'first seen'} ${ageElement(since, now)}`;
  return html`<li>${own && !pinned ? imageName(oneLine(reference, 300)) : html`<code class="long">${oneLine(reference, 300)}</code>`}
<span class="quiet">${digest ? shortDigest(digest) : 'not found'}${pinned && ', pinned by its digest'}${!newer && age}</span>
${newer && html`<span>${pinned ? 'the tag names' : 'now'} <code>${shortDigest(newer)}</code>${age}${pinned && ': the pin keeps the older image'}</span>`}
${checkedAt && html`<span class="quiet">checked ${ageElement(checkedAt, now)}</span>`}
${reason && html`<span class="quiet">(${oneLine(reason, 200)})</span>`}</li>`;
}

function imageName(name: string): Html {
  const isProject = projectNameSchema.safeParse(name).success;
  return isProject
    ? html`<a href="${projectPath(name)}"><code>${name}</code></a>`
    : html`<code>${oneLine(name, 200)}</code>`;
}
