import { setTimeout as delay } from 'node:timers/promises';
import { InvalidArgumentError } from '@commander-js/extra-typings';
import { type ApiBuild, apiBuildListSchema, apiBuildSchema } from '../../core/api/builds.ts';
import { buildIdForm } from '../../core/model/build-id-form.ts';
import { oneLine } from '../../core/text/one-line.ts';
import type { Deployment } from '../deployment/deployment.ts';
import { UsageError } from '../errors.ts';
import { asProject, findProject, type ProjectArgument } from '../projects/named-project.ts';
import type { Terminal } from '../terminal.ts';

/** The argument `BUILD|APP/JOB[:TAG]`: a build by its id or its page, or the newest one of a project. */
export type BuildArgument = { build: string } | { project: ProjectArgument };

export const buildArgument = '<BUILD|APP/JOB[:TAG]>';

const pollMilliseconds = 1_000;
/** Nearly every build begins within seconds. Its id does not say whether it was asked for, so that a wrong one is waited for too. */
const begunWithinMilliseconds = 2 * 60_000;

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
      `There is no build ${argument.build}, or its record has expired. One that was just asked for begins in a moment. ${siteUrl}/ lists the newest.`,
    );
  }
  const { name } = await findProject(deployment, argument.project);
  for await (const build of api.list('builds', { project: name, limit: '1' }, apiBuildListSchema)) return build;
  throw new UsageError(`${name} has not been built yet: slipway build ${name}`);
}

/**
 * Finds a build as `findBuild` does; one that may have been asked for a moment ago is waited for.
 * @throws UsageError if there is none
 */
export async function awaitBuild(
  deployment: Deployment,
  argument: BuildArgument,
  terminal: Terminal,
): Promise<ApiBuild> {
  if (!('build' in argument)) return findBuild(deployment, argument);
  const deadline = Date.now() + begunWithinMilliseconds;
  for (let polls = 0; Date.now() < deadline; polls++) {
    const build = await deployment.api.read(`builds/${argument.build}`, apiBuildSchema);
    if (build) return build;
    if (polls === 0) terminal.err(`There is no build ${argument.build} yet: waiting up to two minutes for it …\n`);
    await delay(pollMilliseconds);
  }
  return findBuild(deployment, argument);
}
