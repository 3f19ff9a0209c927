import * as z from 'zod';
import { cascadeMemberSchema, memberStates } from '../cascade/member.ts';
import { apiCauseSchema } from './builds.ts';
import { listOf, named } from './named.ts';

const headerSchema = z.object({ id: z.string(), startedAt: z.iso.datetime(), url: z.url() });

export const apiCascadeListSchema = listOf(headerSchema).register(named, {
  id: 'CascadeList',
  description: 'Cascades, the newest first.',
});

export const apiCascadeSchema = headerSchema
  .extend({
    endedAt: z.iso.datetime().nullable(),
    /** Who stopped it; what had been released stays. */
    cancelled: z.object({ by: z.string(), at: z.iso.datetime(), reason: z.string().nullable() }).nullable(),
    causes: z.array(z.object({ cause: apiCauseSchema, at: z.iso.datetime() })),
    /** How many projects are in each state. */
    counts: z.partialRecord(z.enum(memberStates), z.int()),
    projectsUrl: z.url(),
  })
  .register(named, { id: 'Cascade', description: 'The projects to rebuild because an image changed.' });

export const apiCascadeMemberSchema = cascadeMemberSchema
  .pick({ project: true, state: true, parents: true, since: true })
  .extend({ build: z.string().nullable(), reason: z.string().nullable() })
  .register(named, { id: 'CascadeProject', description: "A project's part in a cascade." });

export const apiCascadeMemberListSchema = listOf(apiCascadeMemberSchema).register(named, {
  id: 'CascadeProjectList',
  description: 'The projects of a cascade, by name.',
});

export type ApiCascade = z.infer<typeof apiCascadeSchema>;
export type ApiCascadeMember = z.infer<typeof apiCascadeMemberSchema>;
