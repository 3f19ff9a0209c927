import * as z from 'zod';
import { allowedServiceSchema } from '../../core/rollouts/allowed-service.ts';
import { roleArn } from './values.ts';

export const deploySchema = z
  .strictObject({
    author: z
      .string()
      .regex(/^[^<>\n]{1,100}$/, 'must be a name')
      .default('Slipway')
      .describe('The name of the author of commits to manifests; the mail address is that of `sender`.'),
    signCommits: z
      .boolean()
      .default(false)
      .describe('Whether commits to manifests are signed, by a key of KMS of their own (docs/manifests.md).'),
    services: z
      .array(allowedServiceSchema)
      .default([])
      .describe(
        'What may be made to run a release, and by which projects: services of ECS and containers on servers (docs/deployments.md).',
      ),
    taskRoles: z
      .array(roleArn)
      .default([])
      .describe('The roles that tasks of these services have: the task role and the execution role of each.'),
  })
  .prefault({});
