import { InvalidArgumentError } from '@commander-js/extra-typings';
import { type ApiBuild, apiBuildListSchema, apiBuildSchema } from '../../core/api/builds.ts';
import { buildIdForm } from '../../core/model/build-id-form.ts';
import { oneLine } from '../../core/text/one-line.ts';
import type { Deployment } from '../deployment/deployment.ts';
import { UsageError } from '../errors.ts';
import { asProject, findProject, type ProjectArgument } from '../projects/named-project.ts';

/** The argument `BUILD|APP/JOB[:TAG]`: a build by its id or its page, or the newest one of a project. */
export type BuildArgument = { build: string } | { project: ProjectArgument };

export const buildArgument = '<BUILD|APP/JOB[:TAG]>';

const argumentForm = new RegExp(`^(?:https?://.+/builds/)?(${buildIdForm})$`);

/** Parses the argument. */
export function asBuild(text: string): BuildArgument {
  const [, build] = argumentForm.exec(text) ?? [];
  if (build !== undefined) return { build };
  if (!text.includes('/'))
    throw new InvalidArgumentError(
      `"${oneLine(text, 80)}" is neither the id of a build, of 16 digits, nor a project, such as demo/app.`,
    );
  return { project: asProject(text) };
}

/** @throws UsageError if there is none */
export async function findBuild(deployment: Deployment, argument: BuildArgument): Promise<ApiBuild> {
  const { api, siteUrl } = deployment;
  if ('build' in argument) {
    const build = await api.read(`builds/${argument.build}`, apiBuildSchema);
    if (build) return build;
    throw new UsageError(
      `There is no build ${argument.build}, or its record has expired. ${siteUrl}/ lists the newest.`,
    );
  }
  const { name } = await findProject(deployment, argument.project);
  for await (const build of api.list('builds', { project: name, limit: '1' }, apiBuildListSchema)) return build;
  throw new UsageError(`${name} has not been built yet: slipway build ${name}`);
}
