import { projectNameSchema } from '../../core/model/project-name.ts';
import { fixableSince } from '../../core/releases/fixable-since.ts';
import { highestVersion } from '../../core/releases/highest-version.ts';
import { oneLine } from '../../core/text/one-line.ts';
import { dayOf } from '../../core/time/day.ts';
import { type Answer, caching } from '../answer.ts';
import { recorded } from '../build-records.ts';
import { tones } from '../pages/status.ts';
import { lastBuildOf } from '../paging/lists.ts';
import type { SiteParts, SiteRequest } from '../parts.ts';
import type { KnownProject } from '../readers.ts';
import { type Badge, badge } from './badge.ts';

interface Names {
  app: string;
  job: string;
}

type Parts = Pick<SiteParts, 'builds' | 'projects' | 'records' | 'releases'>;
type Said = Pick<Badge, 'value' | 'tone'>;

/** A version is looked for among so many releases of a project, the newest. */
const releasesRead = 500;
const day = 86_400_000;
/** Longer than this, a vulnerability that can be fixed is a bad sign. */
const patience = 7 * day;

/** The state of the last build. */
export const stateBadge = badgeOf('image', async ({ builds }, project) => {
  const last = await lastBuildOf(builds, project);
  if (!last) return { value: 'no build', tone: 'quiet' };
  return last.held ? { value: 'held', tone: 'warning' } : { value: last.status, tone: tones[last.status] };
});

/** The highest version that was released. */
export const versionBadge = badgeOf('version', async ({ releases }, project) => {
  const { items } = await releases.ofProject(project.name, { limit: releasesRead });
  const version = highestVersion(items.flatMap(({ tags }) => [...tags]));
  return version ? { value: oneLine(version, 40), tone: 'running' } : { value: 'none', tone: 'quiet' };
});

/** For how long the released image has had a vulnerability that an update fixes, and that no exception accepts. */
export const vulnerabilityBadge = badgeOf('fixable vulnerability', async (parts, project, now) => {
  const since = await oldestOf(parts, project, now);
  if (since === undefined) return { value: 'not known', tone: 'quiet' };
  if (since === null) return { value: 'none', tone: 'good' };
  const age = now.getTime() - Date.parse(since);
  const days = Math.floor(age / day);
  const value = days < 1 ? 'since today' : days === 1 ? 'for 1 day' : `for ${days} days`;
  return { value, tone: age > patience ? 'bad' : 'warning' };
});

/** Null if there is none; undefined if nothing is known of the released image. */
async function oldestOf(
  { records, releases }: Parts,
  project: KnownProject,
  now: Date,
): Promise<string | null | undefined> {
  const { released } = project;
  if (!released) return undefined;
  const image = { project: project.name, digest: released.digest };
  const [release, current] = await Promise.all([releases.get(image), recorded(releases.findings(image))]);
  // Until its first weekly scan an image has the findings by which it was judged.
  const known = current ?? (await recorded(records.scan(released.build)));
  if (known === undefined || known === 'unreadable' || known.state === 'unsupported' || known.state === 'gone')
    return undefined;
  if (!current && known.state !== 'complete') return undefined;
  return fixableSince(known.findings, project, { releasedAt: release?.releasedAt ?? released.at, day: dayOf(now) });
}

/**
 * Of the tag that `?tag=` names, else `latest`, else the only tag of the job. What does not exist, or not for everybody, is `unknown` with the
 * status 200: a README shows a broken picture for any other. https://github.com/badges/shields/pull/11479
 */
function badgeOf(label: string, say: (parts: Parts, project: KnownProject, now: Date) => Promise<Said>) {
  return async (parts: SiteParts, { query, now }: SiteRequest, names: Names): Promise<Answer> => {
    const project = await projectOf(parts, names, query.get('tag'));
    const said: Said = project ? await say(parts, project, now) : { value: 'unknown', tone: 'quiet' };
    return {
      status: 200,
      headers: { 'content-type': 'image/svg+xml; charset=utf-8', 'cache-control': caching.minute },
      body: badge({ label, ...said }).toString(),
    };
  };
}

async function projectOf(
  { projects }: Parts,
  { app, job }: Names,
  tag: string | null,
): Promise<KnownProject | undefined> {
  const named = projectNameSchema.safeParse(`${app}/${job}:${tag || 'latest'}`);
  const found = named.success ? await projects.get(named.data) : undefined;
  if (found || tag) return found;
  const { items } = await projects.list(`${app}/${job}:`, { limit: 2 });
  return items.length === 1 ? items[0] : undefined;
}
