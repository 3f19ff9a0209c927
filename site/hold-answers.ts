import type { ApiHoldChange } from '../core/api/projects.ts';
import { personName } from '../core/builds/describe-build.ts';
import type { HoldChange } from '../core/model/hold.ts';
import type { Project } from '../core/model/project.ts';
import { type Answer, jsonList, page } from './answer.ts';
import { holdListPage } from './pages/holds.ts';
import { type List, sealedPage } from './paging/lists.ts';
import type { SiteParts, SiteRequest } from './parts.ts';

type Parts = Pick<SiteParts, 'holds' | 'seals'>;

/** A project's holds and rollbacks, newest first. */
export async function holdListAnswer(parts: Parts, { query, now }: SiteRequest, project: Project): Promise<Answer> {
  const { items, cursor } = await changesOf(parts, query, project.name);
  return page(holdListPage({ project, changes: items, cursor, query, now }));
}

export async function apiHoldList(parts: Parts, { query }: SiteRequest, project: Project): Promise<Answer> {
  const { items, cursor } = await changesOf(parts, query, project.name);
  return jsonList({ items: items.map(apiChange), cursor });
}

function changesOf({ holds, seals }: Parts, query: URLSearchParams, project: string): Promise<List<HoldChange>> {
  return sealedPage(seals, `holds\n${project}`, query, (request) => holds.ofProject(project, request));
}

function apiChange({ id, action, at, by, until, reason, digest, builds }: HoldChange): ApiHoldChange {
  return {
    id,
    action,
    at,
    by: personName(by),
    until: until ?? null,
    reason: reason ?? null,
    digest: digest ?? null,
    builds: builds ?? [],
  };
}
