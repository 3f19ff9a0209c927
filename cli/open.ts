import { Argument, type Command } from '@commander-js/extra-typings';
import * as z from 'zod';
import { parseProjectName } from '../core/model/project-name.ts';
import { openInBrowser } from './browser.ts';
import { asBuild, type BuildArgument, findBuild } from './builds/named-build.ts';
import type { Context } from './command.ts';
import type { Deployment } from './deployment/deployment.ts';
import { findProject } from './projects/named-project.ts';

const description = `Opens the page of a project or of a build in the browser, or the overview.

It also prints the address, and does only that where there is no browser or the output goes to a program.`;

export function define(command: Command, context: Context): void {
  command
    .description(description)
    .addArgument(
      new Argument('[BUILD|APP/JOB[:TAG]]', 'the build or the project (default: the overview)').argParser(asBuild),
    )
    .option('--print', 'only print the address')
    .option('--operators', "serve the operators' page to this machine until you press Ctrl+C")
    .action(async (named, { print = false, operators = false }) => {
      const deployment = await context.deployment();
      const url = operators ? await operatorsPage(deployment) : await addressOf(deployment, named);
      if (!print && !context.isJson() && Number.isFinite(context.terminal.width)) openInBrowser(url);
      context.answer(z.object({ url: z.url() }), { value: { url }, text: `${url}\n` });
    });
}

/** The server keeps the process running. */
async function operatorsPage(deployment: Deployment): Promise<string> {
  const { serveOperatorsPage } = await import('./operators/serve-page.ts');
  return (await serveOperatorsPage(deployment)).url;
}

async function addressOf(deployment: Deployment, named: BuildArgument | undefined): Promise<string> {
  const { siteUrl } = deployment;
  if (named === undefined) return `${siteUrl}/`;
  if ('build' in named) return (await findBuild(deployment, named)).url;
  const { appId, jobId, desiredTag } = parseProjectName((await findProject(deployment, named.project)).name);
  return `${siteUrl}/projects/${appId}/${jobId}/${desiredTag}`;
}
