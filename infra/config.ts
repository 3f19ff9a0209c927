import * as z from 'zod';
import { usualRecipients } from '../core/index/read-index.ts';
import { loginSettingsSchema } from '../core/visibility/login-settings.ts';
import { accountsSchema } from './config/accounts.ts';
import { buildSchema } from './config/build.ts';
import { deploySchema } from './config/deploy.ts';
import { gitHostsSchema } from './config/git-hosts.ts';
import { policySchema } from './config/policy.ts';
import { retentionSchema } from './config/retention.ts';
import { httpUrl, mailAddress, roleArn } from './config/values.ts';

/** What an operator decides: the object `slipway` in the context of `cdk.json`. The descriptions are the table in docs/operations.md. */
export const configSchema = z.strictObject({
  prefix: z
    .string()
    .regex(
      /^[A-Z][A-Za-z0-9]{0,19}$/,
      'must begin with a capital and have at most 20 letters and digits, such as Slipway',
    )
    .default('Slipway')
    .describe("The stack's name, and what the names of its alarms and its dashboard begin with."),
  repositoryPrefix: z
    .string()
    .regex(
      /^(?:[a-z0-9]+(?:[._-][a-z0-9]+)*\/)*$/,
      'must be empty or lower-case path segments that end in a slash, such as slipway/',
    )
    .default('slipway/')
    .describe('The prefix of the name of every image repository in ECR.'),
  sender: mailAddress.describe('The address that mail comes from.'),
  senderIdentity: z
    .enum(['new', 'existing'])
    .default('new')
    .describe(
      "`new`: the stack makes the sender's identity in SES, which sends a link to the address that must be clicked once. `existing`: the account has it already, or one of its domain; the stack leaves it alone.",
    ),
  operators: z
    .array(mailAddress)
    .min(1, 'must name at least one address')
    .describe('Who is notified of alarms, and of an index that cannot be read.'),
  indexRepository: z
    .string()
    .regex(
      /^[A-Za-z0-9][A-Za-z0-9._-]*(?:\/[A-Za-z0-9._-]+)+$/,
      'must be owner/repository, such as example/container-index',
    )
    .describe('The git repository with `index.d/*.yml`, as `owner/repository` of the first of `gitHosts`.'),
  indexBranch: z
    .string()
    .regex(/^[A-Za-z0-9._/-]+$/, 'must be the name of a branch')
    .default('main')
    .describe('The branch of it that counts.'),
  gitHosts: gitHostsSchema,
  privateHosts: z
    .array(
      z
        .string()
        .regex(
          /^(?:[a-z0-9]+(?:[.-][a-z0-9]+)*|\[[0-9a-f:.]+\])(?::\d{1,5})?$/,
          'must be a host in lower case, with a port or without, such as git.internal or git.internal:8443',
        ),
    )
    .default([])
    .describe(
      'Hosts that Slipway may fetch from although their addresses are private; those of `gitHosts` are among them. Everybody who writes to the index can make Slipway send requests to them.',
    ),
  siteUrl: httpUrl
    .optional()
    .describe("The pages' address where it is not the API's own: a domain name that you put before it."),
  login: loginSettingsSchema.optional(),
  accounts: accountsSchema.optional(),
  mail: z
    .strictObject({
      recipientsPerEntry: z
        .int()
        .min(1)
        .max(50)
        .default(usualRecipients)
        .describe('How many mail addresses an entry of the index may have.'),
      confirmAddresses: z
        .boolean()
        .default(true)
        .describe(
          'Whether an address of an entry gets mails only after its owner has agreed, by a link that it gets once. `false` where everybody who writes to the index may be trusted.',
        ),
    })
    .prefault({}),
  webhook: z
    .strictObject({
      reservedConcurrency: z
        .int()
        .min(0)
        .max(1000)
        .default(0)
        .describe(
          'Instances of the webhook that no other function can use up; 20 are enough. 0 reserves none, as new accounts need it: Lambda leaves 100 of the account unreserved, and refuses the deployment if fewer are left.',
        ),
    })
    .prefault({}),
  pages: z
    .strictObject({
      requestsPerSecond: z
        .int()
        .min(1)
        .max(10_000)
        .default(20)
        .describe('How many requests for pages and the API are answered in a second; the rest get 429.'),
    })
    .prefault({}),
  policy: policySchema,
  deploy: deploySchema,
  copies: z
    .strictObject({
      roles: z
        .array(roleArn)
        .default([])
        .describe('The roles that push copies of releases to other registries of ECR (docs/destinations.md).'),
    })
    .prefault({}),
  build: buildSchema,
  retention: retentionSchema,
});

export type Config = z.output<typeof configSchema>;
