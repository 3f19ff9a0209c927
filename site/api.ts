import { type Build, publicBuild } from '../core/build.ts';
import { personName, webLink } from '../core/build-words.ts';
import type { Project } from '../core/project.ts';

/** A build in the API's JSON: as everywhere, but no e-mail address in the pusher's name. */
export function apiBuild(build: Build, siteUrl: string) {
  const { cause } = build;
  const shown = publicBuild(build, siteUrl);
  return {
    ...shown,
    cause: 'pusher' in cause ? { ...cause, pusher: personName(cause.pusher) } : cause,
    url: `${siteUrl}/builds/${build.id}`,
  };
}

/** A project in the API's JSON. Whom its mails go to is not for everyone. */
export function apiProject(project: Project, lastBuild: Build | undefined, siteUrl: string) {
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
    },
    dependsOn: project.dependsOn,
    lastBuild: lastBuild ? apiBuild(lastBuild, siteUrl) : null,
    url: `${siteUrl}/projects/${project.appId}/${project.jobId}/${project.desiredTag}`,
  };
}
