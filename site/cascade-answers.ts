import { type Answer, json, jsonList, page } from './answer.ts';
import { apiCascade, apiCascadeMember } from './api/json.ts';
import { cascadeWith } from './named-records.ts';
import { cascadeListPage, cascadePage } from './pages/cascades.ts';
import { cascadesOf, membersOf } from './paging/lists.ts';
import type { SiteParts, SiteRequest } from './parts.ts';

/** A picture of more projects would show nothing at a glance. */
const mostDrawn = 60;

export async function cascadeList(parts: SiteParts, { query, now }: SiteRequest): Promise<Answer> {
  const { items, cursor } = await cascadesOf(parts, query);
  const withCauses = items.map(async (cascade) => ({
    cascade,
    causes: (await parts.cascades.causes(cascade.id)).map(({ cause }) => cause),
  }));
  return page(cascadeListPage({ cascades: await Promise.all(withCauses), cursor, query, now }));
}

export async function cascade(
  parts: SiteParts,
  { query, now }: SiteRequest,
  { cascade: id }: { cascade: string },
): Promise<Answer> {
  const found = await cascadeWith(parts, id);
  const [{ items, cursor }, first] = await Promise.all([
    membersOf(parts, id, query),
    parts.cascades.members(id, { limit: mostDrawn }),
  ]);
  const drawn = first.cursor === undefined && first.items.length > 1 ? first.items : undefined;
  return page(cascadePage({ cascade: found, members: items, drawn, cursor, query, now }));
}

export async function apiCascadeList(parts: SiteParts, { query }: SiteRequest): Promise<Answer> {
  const { items, cursor } = await cascadesOf(parts, query);
  return jsonList({
    items: items.map(({ id, startedAt }) => ({ id, startedAt, url: `${parts.siteUrl}/cascades/${id}` })),
    cursor,
  });
}

export async function apiOneCascade(
  parts: SiteParts,
  _request: SiteRequest,
  names: { cascade: string },
): Promise<Answer> {
  return json(apiCascade(await cascadeWith(parts, names.cascade), parts.siteUrl));
}

export async function apiCascadeProjects(
  parts: SiteParts,
  { query }: SiteRequest,
  { cascade: id }: { cascade: string },
): Promise<Answer> {
  await cascadeWith(parts, id);
  const { items, cursor } = await membersOf(parts, id, query);
  return jsonList({ items: items.map(apiCascadeMember), cursor });
}
