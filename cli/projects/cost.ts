import { type Command, InvalidArgumentError } from '@commander-js/extra-typings';
import type * as z from 'zod';
import { type ApiProjectCost, apiCostListSchema } from '../../core/api/costs.ts';
import { pricesReadOn, pricesRegion } from '../../core/cost/prices.ts';
import { describeUsd, sumByProject, sumOf, totalUsd } from '../../core/cost/sum-costs.ts';
import { monthOf } from '../../core/time/month.ts';
import type { Context } from '../command.ts';
import { tableOf } from '../table.ts';
import { asProject, findProject } from './named-project.ts';

const costsSchema = apiCostListSchema.omit({ cursor: true });

export function define(command: Command, context: Context): void {
  command
    .description('Says what the builds of a month cost on AWS, by project. What is not measured of them is estimated.')
    .option('--project <APP/JOB[:TAG]>', 'of this project (default: all)', asProject)
    .option('--month <MONTH>', 'such as 2026-11, in UTC (default: this one)', asMonth)
    .action(async ({ project: named, month = monthOf(new Date()) }) => {
      const deployment = await context.deployment();
      const project = named && (await findProject(deployment, named)).name;
      const parts = await Array.fromAsync(deployment.api.list('costs', { month, project }, apiCostListSchema));
      const items = sumByProject(parts);
      context.answer(costsSchema, { value: { month, items }, text: describe(context, { month, items }) });
    });
}

function describe({ terminal }: Context, { month, items }: z.infer<typeof costsSchema>): string {
  const table = tableOf<ApiProjectCost>(
    terminal,
    [
      { title: 'PROJECT', text: ({ project }) => project, isWhole: true },
      { title: 'BUILDS', text: ({ builds }) => String(builds) },
      { title: 'COST', text: (cost) => describeUsd(totalUsd(cost)) },
      { title: 'MACHINES', text: ({ machineUsd }) => describeUsd(machineUsd), isOptional: true },
      { title: 'THE REST', text: ({ controlUsd }) => describeUsd(controlUsd), isOptional: true },
      { title: 'IMAGES/MONTH', text: (cost) => describeUsd(cost.storageUsdPerMonth), isOptional: true },
    ],
    items,
  );
  if (!Number.isFinite(terminal.width)) return table;
  const sum = describeUsd(totalUsd(sumOf(items)));
  return `${table}\n${month}: ${sum} at the prices of ${pricesRegion} of ${pricesReadOn}, without free tiers and taxes.\n`;
}

function asMonth(text: string): string {
  if (/^\d{4}-(?:0[1-9]|1[0-2])$/.test(text)) return text;
  throw new InvalidArgumentError('Write a month, such as 2026-11.');
}
