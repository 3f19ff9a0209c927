import * as z from 'zod';
import { buildSchema } from '../model/build.ts';
import { holdChangeSchema } from '../model/hold.ts';
import { projectSchema } from '../model/project.ts';
import { deliverableSchema } from '../targets/deliverable.ts';
import { targetKinds, targetStates } from '../targets/target-state.ts';
import { apiBuildSchema } from './builds.ts';
import { listOf, named } from './named.ts';

export const apiProjectSchema = projectSchema
  .pick({ name: true, appId: true, jobId: true, desiredTag: true, active: true, dependsOn: true })
  .extend({
    source: projectSchema.pick({ dockerfile: true, context: true }).extend({
      url: z.string(),
      branch: z.string(),
      /** The script that makes what the build needs, and the folder that it runs in. */
      prebuild: projectSchema.shape.prebuild.unwrap().nullable(),
    }),
    /** The current release of the branch. */
    released: z
      .object({ digest: z.string(), build: z.string(), tags: z.array(z.string()), at: z.iso.datetime() })
      .nullable(),
    /** The hold in force. */
    hold: buildSchema.shape.held.unwrap().nullable(),
    /** The last one that is not of a pull request. */
    lastBuild: apiBuildSchema.nullable(),
    url: z.url(),
  })
  .register(named, { id: 'Project', description: 'An entry of the index, with its release and its last build.' });

const deliveredSchema = deliverableSchema.pick({ build: true, repository: true, digest: true, tag: true });

export const apiTargetSchema = z
  .object({
    name: z.string(),
    kind: z.enum(targetKinds),
    state: z.enum(targetStates),
    wanted: deliveredSchema,
    error: z.string().nullable(),
    nextAttemptAt: z.iso.datetime().nullable(),
    pullRequest: z.string().nullable(),
    /** Newest first. */
    delivered: z.array(deliveredSchema.extend({ deliveredAt: z.iso.datetime(), commitUrl: z.string().nullable() })),
  })
  .register(named, {
    id: 'Target',
    description:
      'An environment, or a copy in another registry: the release that it is to have, and those that it got.',
  });

export const apiProjectWithTargetsSchema = apiProjectSchema
  .extend({ targets: z.array(apiTargetSchema) })
  .register(named, { id: 'ProjectWithTargets', description: 'A project with its environments and copies.' });

export const apiProjectListSchema = listOf(apiProjectSchema).register(named, {
  id: 'ProjectList',
  description: 'Projects by name.',
});

export const apiHoldChangeSchema = holdChangeSchema
  .omit({ project: true })
  .extend({
    until: z.iso.date().nullable(),
    reason: z.string().nullable(),
    digest: z.string().nullable(),
    builds: z.array(z.string()),
  })
  .register(named, { id: 'HoldChange', description: 'Who held, unheld or rolled back a project, when and why.' });

export const apiHoldListSchema = listOf(apiHoldChangeSchema).register(named, {
  id: 'HoldChangeList',
  description: 'Holds and rollbacks of a project, the newest first.',
});

export type ApiProjectWithTargets = z.infer<typeof apiProjectWithTargetsSchema>;
export type ApiTarget = z.infer<typeof apiTargetSchema>;
export type ApiProject = z.infer<typeof apiProjectSchema>;
export type ApiHoldChange = z.infer<typeof apiHoldChangeSchema>;
