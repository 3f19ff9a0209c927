import { InvalidArgumentError } from '@commander-js/extra-typings';
import { apiProjectListSchema, apiProjectSchema } from '../../core/api/projects.ts';
import { parseProjectName, projectNameSchema } from '../../core/model/project-name.ts';

import { oneLine } from '../../core/text/one-line.ts';
import { suggestionFor } from '../../core/text/suggestion.ts';
import type { Deployment } from '../deployment/deployment.ts';
import { UsageError } from '../errors.ts';
import { projectNames } from './project-names.ts';

/** What commands ask of a project. */
const knownProjectSchema = apiProjectSchema.pick({
  name: true,
  desiredTag: true,
  active: true,
  released: true,
  hold: true,
});
const listSchema = apiProjectListSchema.extend({ items: knownProjectSchema.array() });

export type KnownProject = ReturnType<typeof knownProjectSchema.parse>;

/** The argument `APP/JOB[:TAG]`. */
export interface ProjectArgument {
  appId: string;
  jobId: string;
  /** Without it the project is the only one of the job that the index has, or that with the tag `latest`. */
  desiredTag?: string | undefined;
}

export const projectArgument = '<APP/JOB[:TAG]>';

/** Parses the argument. */
export function asProject(text: string): ProjectArgument {
  const hasTag = text.includes(':');
  if (!projectNameSchema.safeParse(hasTag ? text : `${text}:latest`).success) {
    throw new InvalidArgumentError(
      `"${oneLine(text, 80)}" is not a project: write app-id/job-id:desired-tag, such as demo/app:latest.`,
    );
  }
  const { appId, jobId, desiredTag } = parseProjectName(hasTag ? text : `${text}:latest`);
  return { appId, jobId, desiredTag: hasTag ? desiredTag : undefined };
}

/**
 * The project that an argument names.
 * @throws UsageError if there is none, or it is not clear which
 */
export async function findProject(
  deployment: Deployment,
  { appId, jobId, desiredTag }: ProjectArgument,
): Promise<KnownProject> {
  const { api, siteUrl } = deployment;
  const known = await Array.fromAsync(api.list(`projects/${appId}/${jobId}`, {}, listSchema));
  const active = known.filter((each) => each.active);
  const only = desiredTag === undefined ? [active, known].find(({ length }) => length === 1)?.[0] : undefined;
  const project = only ?? known.find((each) => each.desiredTag === (desiredTag ?? 'latest'));
  if (project) return project;
  const named = `${appId}/${jobId}${desiredTag === undefined ? '' : `:${desiredTag}`}`;
  if (known.length > 0) {
    throw new UsageError(`${named} is not in the index. Name one of ${known.map(({ name }) => name).join(', ')}.`);
  }
  const jobs = (await projectNames(deployment)).map((name) => name.replace(/:.*/, ''));
  const near = suggestionFor(`${appId}/${jobId}`, jobs);
  throw new UsageError(
    `${named} is not in the index. ${near ? `Did you mean ${near}?` : `${siteUrl}/projects lists its projects.`}`,
  );
}

/** @throws UsageError if nothing of the project is built any more */
export function requireActive({ name, active }: KnownProject): void {
  if (!active) throw new UsageError(`${name} has left the index: nothing of it is built or released any more.`);
}

/** The path of a project in the API. */
export function projectPath(name: string): string {
  const { appId, jobId, desiredTag } = parseProjectName(name);
  return `projects/${appId}/${jobId}/${desiredTag}`;
}
