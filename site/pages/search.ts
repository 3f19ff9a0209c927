import { shortCommit, shortDigest } from '../../core/builds/describe-build.ts';
import { type Html, html } from '../../core/text/html.ts';
import { oneLine } from '../../core/text/one-line.ts';
import type { Found } from '../search.ts';
import { layout } from './layout.ts';
import { projectPath } from './project-path.ts';
import { tagList } from './tags.ts';
import { ageElement } from './times.ts';

export interface SearchPage {
  text: string;
  found: Found[];
  now: Date;
}

export function searchPage({ text, found, now }: SearchPage): Html {
  return layout({
    title: text ? `Search for ${text}` : 'Search',
    api: `/api/v1/search?${new URLSearchParams({ q: text }).toString()}`,
    search: text,
    main: html`<div class="head"><h1>Search</h1></div>
<p class="meaning" role="status">${describe(text, found.length)}</p>
${found.length > 0 && html`<ol class="rows">${found.map((each) => row(each, now))}</ol>`}
${(found.length === 0 || !text) && hints}`,
  });
}

function describe(text: string, count: number): string {
  if (!text) return 'Write into the field above what you look for.';
  if (count === 0) return `Nothing was found for “${oneLine(text, 300)}”.`;
  return `${count} ${count === 1 ? 'result' : 'results'} for “${oneLine(text, 300)}”.`;
}

const hints = html`<section><h2>What is found</h2><ul class="reasons">
<li>a project by the start of its name or of its job's: <code>demo/</code>, <code>ngin</code></li>
<li>a release by its digest, or by a project and one of its tags: <code>demo/app:1.2.3</code></li>
<li>builds by a commit, or by its first seven digits or more: <code>1a2b3c4</code></li>
<li>the projects of a repository: <code>https://github.com/demo/app</code></li>
<li>a build or a cascade by its id</li>
</ul></section>`;

function row(found: Found, now: Date): Html {
  switch (found.kind) {
    case 'project':
      return line('project', projectPath(found.project.name), found.project.name, oneLine(found.project.source, 200));
    case 'release': {
      const address = `${projectPath(found.project)}/releases/${found.digest}`;
      const why = html`release of ${found.project} ${tagList(found.tags, 8)}`;
      return line('release', address, shortDigest(found.digest), why, ageElement(found.releasedAt, now));
    }
    case 'build':
      return line(
        'build',
        `/builds/${found.id}`,
        found.project,
        html`${found.status}, commit ${shortCommit(found.commit)}`,
        ageElement(found.createdAt, now),
      );
    case 'cascade':
      return line('cascade', `/cascades/${found.id}`, found.id, '');
  }
}

function line(kind: string, address: string, name: string, why: string | Html, when: Html | string = ''): Html {
  return html`<li><span class="chip quiet">${kind}</span><div class="what"><a href="${address}">${name}</a><span class="why">${why}</span></div><div class="where"></div><div class="when">${when}</div></li>`;
}
