import type { Command } from '@commander-js/extra-typings';
import * as z from 'zod';
import { type ApiProject, apiProjectListSchema, apiProjectSchema } from '../../core/api/projects.ts';
import { shortDigest } from '../../core/builds/describe-build.ts';
import type { Context } from '../command.ts';
import { ago } from '../shown-time.ts';
import { statusStyle } from '../status-style.ts';
import { tableOf } from '../table.ts';

const listSchema = z.array(apiProjectSchema);

export function define(command: Command, context: Context): void {
  command
    .description('Lists the projects of the index by name, each with its last build and its release.')
    .argument('[SEARCH]', 'only those whose name or source has this in it, whatever its case')
    .option('--all', 'those too that have left the index')
    .action(async (search = '', { all = false }) => {
      const { api } = await context.deployment();
      const wanted = search.toLowerCase();
      const projects = (await Array.fromAsync(api.list('projects', {}, apiProjectListSchema))).filter(
        ({ name, source, active }) =>
          (active || all) && [name, source.url].some((text) => text.toLowerCase().includes(wanted)),
      );
      if (projects.length === 0) context.terminal.err('There is no such project.\n');
      context.answer(listSchema, { value: projects, text: tableOfProjects(context, projects) });
    });
}

function tableOfProjects({ terminal }: Context, projects: ApiProject[]): string {
  const now = new Date();
  return tableOf(
    terminal,
    [
      { title: 'PROJECT', text: ({ name }) => name, isWhole: true },
      {
        title: 'LAST BUILD',
        text: ({ lastBuild }) => (lastBuild ? `${lastBuild.status} ${ago(lastBuild.createdAt, now)}` : 'none'),
        style: ({ lastBuild }) => (lastBuild ? statusStyle(lastBuild) : undefined),
      },
      { title: 'RELEASED', text: ({ released }) => (released ? ago(released.at, now) : 'never') },
      { title: 'DIGEST', text: ({ released }) => (released ? shortDigest(released.digest) : ''), isOptional: true },
      {
        title: 'STATE',
        text: ({ active, hold }) => (active ? (hold ? `held by ${hold.by}` : '') : 'not in the index'),
      },
    ],
    projects,
  );
}
