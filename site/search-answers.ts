import type { Found as ApiFound } from '../core/api/search.ts';
import { type Answer, json, page, redirect } from './answer.ts';
import { projectPath } from './pages/project-path.ts';
import { searchPage } from './pages/search.ts';
import { textOf } from './paging/query.ts';
import type { SiteParts, SiteRequest } from './parts.ts';
import { type Found, search } from './search.ts';

/** What was found; if it is one thing, its page. */
export async function searchAnswer(parts: SiteParts, { query, now }: SiteRequest): Promise<Answer> {
  const text = textOf(query);
  const found = text ? await search(parts, text) : [];
  const [only, ...others] = found;
  if (only && others.length === 0) return { ...redirect(pathOf(only)), status: 303 };
  return page(searchPage({ text, found, now }));
}

export async function apiSearch(parts: SiteParts, { query }: SiteRequest): Promise<Answer> {
  const text = textOf(query);
  const found = text ? await search(parts, text) : [];
  const items: ApiFound[] = found.map((each) => ({
    kind: each.kind,
    name: nameOf(each),
    project: each.kind === 'cascade' ? null : each.kind === 'project' ? each.project.name : each.project,
    url: parts.siteUrl + pathOf(each),
  }));
  return json({ items });
}

function nameOf(found: Found): string {
  if (found.kind === 'project') return found.project.name;
  return found.kind === 'release' ? found.digest : found.id;
}

function pathOf(found: Found): string {
  switch (found.kind) {
    case 'project':
      return projectPath(found.project.name);
    case 'release':
      return `${projectPath(found.project)}/releases/${found.digest}`;
    case 'build':
      return `/builds/${found.id}`;
    case 'cascade':
      return `/cascades/${found.id}`;
  }
}
