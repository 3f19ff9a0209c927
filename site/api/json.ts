import type { ApiBuild } from '../../core/api/builds.ts';
import type { ApiCascade, ApiCascadeMember } from '../../core/api/cascades.ts';
import type { ApiProject } from '../../core/api/projects.ts';
import { personName } from '../../core/builds/describe-build.ts';
import { holdOf } from '../../core/holds/hold.ts';
import { type Build, type Cause, publicBuild } from '../../core/model/build.ts';
import { webLink } from '../../core/text/one-line.ts';
import type { CascadeMember, CascadeSummary, KnownProject } from '../readers.ts';

/** People have the name that their git host shows, never a mail address. */
export function publicCause(cause: Cause): Cause {
  switch (cause.type) {
    case 'push':
      return { ...cause, pusher: personName(cause.pusher) };
    case 'manual':
    case 'rollback':
    case 'unheld':
      return { ...cause, requester: personName(cause.requester) };
    default:
      return cause;
  }
}

/** A build in the API's JSON. */
export function apiBuild(build: Build, siteUrl: string): ApiBuild {
  const { cause, authored } = build;
  const shown = publicBuild(build, siteUrl);
  return {
    ...shown,
    cause: publicCause(cause),
    authored: authored ? { ...authored, by: personName(authored.by) } : null,
    url: `${siteUrl}/builds/${build.id}`,
  };
}

/** A project in the API's JSON, without its mail addresses, which are not public. */
export function apiProject(
  project: KnownProject,
  lastBuild: Build | undefined,
  siteUrl: string,
  now: Date,
): ApiProject {
  const { released } = project;
  return {
    name: project.name,
    appId: project.appId,
    jobId: project.jobId,
    desiredTag: project.desiredTag,
    active: project.active,
    source: {
      url: webLink(project.gitUrl) ?? project.source,
      branch: project.gitBranch,
      dockerfile: project.dockerfile,
      context: project.context,
      prebuild: project.prebuild ?? null,
    },
    dependsOn: project.dependsOn,
    /** The current release of the branch. */
    released: released
      ? { digest: released.digest, build: released.build, tags: released.tags, at: released.at }
      : null,
    hold: holdOf(project, now) ?? null,
    lastBuild: lastBuild ? apiBuild(lastBuild, siteUrl) : null,
    url: `${siteUrl}/projects/${project.appId}/${project.jobId}/${project.desiredTag}`,
  };
}

/** A cascade in the API's JSON. */
export function apiCascade(cascade: CascadeSummary, siteUrl: string): ApiCascade {
  const { id, startedAt, endedAt, cancelled, causes, counts } = cascade;
  return {
    id,
    startedAt,
    endedAt: endedAt ?? null,
    cancelled: cancelled ? { by: personName(cancelled.by), at: cancelled.at, reason: cancelled.reason ?? null } : null,
    causes: causes.map(({ cause, at }) => ({ cause: publicCause(cause), at })),
    counts,
    projectsUrl: `${siteUrl}/api/v1/cascades/${id}/projects`,
    url: `${siteUrl}/cascades/${id}`,
  };
}

/** A project's part in a cascade. */
export function apiCascadeMember({ project, state, parents, build, reason, since }: CascadeMember): ApiCascadeMember {
  return { project, state, parents, build: build ?? null, reason: reason ?? null, since };
}
