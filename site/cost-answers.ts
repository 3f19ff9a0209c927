import { sumByProject } from '../core/cost/sum-costs.ts';
import { monthOf } from '../core/time/month.ts';
import { type Answer, json, page } from './answer.ts';
import { costsPage } from './pages/costs.ts';
import { type List, sealedPage } from './paging/lists.ts';
import { costSelectionOf } from './paging/query.ts';
import type { SiteParts, SiteRequest } from './parts.ts';
import type { CostSelection, ProjectCost } from './readers.ts';

type Parts = Pick<SiteParts, 'builds' | 'seals'>;

/** Builds that are summed up at once. Only small parts of their records are answered, but all of each is read. */
const buildsOfAnswer = 250;
/** A page stays small even if each is another project's. */
const buildsOfPage = 125;

/** What the builds of a month cost, summed up for each project. */
export async function costsAnswer(parts: Parts, request: SiteRequest): Promise<Answer> {
  const { selection, costs } = await costsOf(parts, request, buildsOfPage);
  return page(costsPage({ ...selection, ...costs, query: request.query, now: request.now }));
}

export async function apiCosts(parts: Parts, request: SiteRequest): Promise<Answer> {
  const { selection, costs } = await costsOf(parts, request, buildsOfAnswer);
  return { ...json({ month: selection.month, ...costs }), next: costs.cursor };
}

async function costsOf(
  { builds, seals }: Parts,
  { query, now }: SiteRequest,
  limit: number,
): Promise<{ selection: CostSelection; costs: List<ProjectCost> }> {
  const { month = monthOf(now), project } = costSelectionOf(query);
  const selection = { month, project };
  const list = `costs\n${JSON.stringify(selection)}`;
  const { items, cursor } = await sealedPage(seals, list, query, (request) =>
    builds.costs(selection, { ...request, limit }),
  );
  return { selection, costs: { items: sumByProject(items), cursor } };
}
