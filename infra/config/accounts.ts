import * as z from 'zod';
import { accountId } from './values.ts';

export const accountsSchema = z
  .strictObject({
    pipeline: accountId.describe('The account of the pipeline itself, where `accounts` names others.'),
    region: z
      .string()
      .regex(/^[a-z]{2}(?:-[a-z]+)+-\d$/, 'must be a region, such as eu-central-1')
      .describe('The region of all these accounts.'),
    builds: accountId
      .optional()
      .describe(
        'The account of the machines that build, so that the code of strangers runs in none other (docs/accounts.md).',
      ),
    images: z
      .array(accountId)
      .default([])
      .describe('Accounts that get a role by which releases are copied to their registries (docs/accounts.md).'),
  })
  .superRefine(({ pipeline, builds, images }, context) => {
    const others = [...(builds === undefined ? [] : [builds]), ...images];
    if (others.includes(pipeline)) context.addIssue('must name other accounts than that of the pipeline');
    if (others.length === 0) context.addIssue('must name an account in `builds` or `images`, or not be there');
    if (new Set(images).size < images.length) context.addIssue('must name each account of `images` once');
  });
