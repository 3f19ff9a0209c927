import { projectNameSchema } from '../core/model/project-name.ts';
import type { SiteParts } from './parts.ts';
import { RequestError } from './request-error.ts';

/** The records that an address names; without them the request is answered with 404. */

export interface ProjectNames {
  app: string;
  job: string;
  tag: string;
}

export async function buildWith({ builds }: SiteParts, id: string) {
  const found = await builds.get(id);
  if (!found)
    throw new RequestError(
      404,
      'BuildNotFound',
      `There is no build ${id}. If it has just been asked for, it begins in a moment: load this again. If it does not begin, there may be nothing to build: "slipway build --follow" says so. An older one may have been removed, or the address is not whole.`,
    );
  return found;
}

export async function cascadeWith({ cascades }: SiteParts, id: string) {
  const found = await cascades.summary(id);
  if (!found)
    throw new RequestError(404, 'CascadeNotFound', `There is no cascade ${id}. The address may not be whole.`);
  return found;
}

export async function projectWith({ projects }: SiteParts, { app, job, tag }: ProjectNames) {
  const title = `${app}/${job}:${tag}`;
  const name = projectNameSchema.safeParse(title);
  const found = name.success ? await projects.get(name.data) : undefined;
  if (!found) throw projectNotFound(title);
  return found;
}

export function projectNotFound(name: string): RequestError {
  return new RequestError(
    404,
    'ProjectNotFound',
    `There is no project ${name}. Projects come from the index: add an entry there.`,
  );
}
