import * as z from 'zod';
import { buildCostSchema } from '../model/build-cost.ts';
import { listOf, named } from './named.ts';

const projectCostSchema = buildCostSchema
  .omit({ pricesOf: true })
  .extend({
    project: z.string(),
    /** How many builds the sum is of. */
    builds: z.int().positive(),
  })
  .register(named, { id: 'ProjectCost', description: 'What builds of a project cost on AWS, in US dollars.' });

export const apiCostListSchema = listOf(projectCostSchema).extend({ month: z.string() }).register(named, {
  id: 'CostList',
  description:
    'The costs of the builds of a month, in part estimates. Each page has the sums of some builds: a project may be on several of them.',
});

export type ApiProjectCost = z.infer<typeof projectCostSchema>;
