import type { ApiRetention } from '../core/api/releases.ts';
import type { Project } from '../core/model/project.ts';
import { repositoryOf } from '../core/releases/release.ts';
import { describeReason, type RetentionDecision } from '../core/retention/retention-plan.ts';
import { type Answer, json, page } from './answer.ts';
import { retentionPage } from './pages/retention.ts';
import { pieceOf } from './paging/bounded-page.ts';
import type { SiteParts, SiteRequest } from './parts.ts';

type Parts = Pick<SiteParts, 'releases' | 'seals'>;

/** Which images of a project's repository stay, and why, as it was decided last. */
export async function retentionAnswer(parts: Parts, { now }: SiteRequest, project: Project): Promise<Answer> {
  const report = await parts.releases.retention(repositoryOf(project.name, ''));
  return page(retentionPage({ project, report, now }));
}

export async function apiRetention(parts: Parts, { query }: SiteRequest, project: Project): Promise<Answer> {
  const report = await parts.releases.retention(repositoryOf(project.name, ''));
  const images = (report?.decisions ?? []).map(apiDecision);
  return json({
    repository: report?.repository ?? null,
    at: report?.at ?? null,
    days: report?.days ?? null,
    newest: report?.newest ?? null,
    images: await pieceOf(parts.seals, `retention\n${project.name}`, images, query),
  } satisfies ApiRetention);
}

function apiDecision({ reasons, ...image }: RetentionDecision) {
  return { ...image, expired: reasons.length === 0, keptBecause: reasons.map(describeReason) };
}
