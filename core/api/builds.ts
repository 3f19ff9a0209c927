import * as z from 'zod';
import { authoredSchema, buildSchema, causeSchema, changesSchema, stageSchema, verdictSchema } from '../model/build.ts';
import { cacheUseSchema } from '../model/cache-use.ts';
import { listOf, named } from './named.ts';

export const apiCauseSchema = causeSchema.register(named, {
  id: 'Cause',
  description: 'Why a build runs. People have the name that their git host shows.',
});

const known = buildSchema.shape;

/** A build as the API answers it. */
export const apiBuildSchema = buildSchema
  .pick({ id: true, project: true, status: true, commit: true, ref: true, createdAt: true })
  .extend({
    cause: apiCauseSchema,
    /** Who wrote the commit, without a mail address, and the first line of its message. */
    authored: authoredSchema.nullable(),
    /** Of the steps of its Dockerfile that make files, how many came from the cache of the engine. Null where that is not known. */
    cacheUse: cacheUseSchema.nullable(),
    /** The image that it released. */
    image: known.image.unwrap().nullable(),
    /** In the order in which they ran. */
    stages: z.array(stageSchema),
    verdict: verdictSchema.nullable(),
    /** The number of findings of each of the builder's scanners. */
    scanners: known.scanners.unwrap().nullable(),
    /** The differences from the release before, in numbers. */
    changes: changesSchema.nullable(),
    held: known.held.unwrap().nullable(),
    failure: known.failure.unwrap().nullable(),
    /** What it costs on AWS, which is in part an estimate. */
    cost: known.cost.unwrap().nullable(),
    waiting: known.waiting.unwrap().nullable(),
    /** Null where it is built for the pipeline's own platform alone. */
    platforms: known.platforms.unwrap().nullable(),
    cascade: z.string().nullable(),
    supersededBy: z.string().nullable(),
    startedAt: z.iso.datetime().nullable(),
    endedAt: z.iso.datetime().nullable(),
    logUrl: z.url(),
    url: z.url(),
  })
  .register(named, { id: 'Build', description: 'One run of the pipeline for one project and one cause.' });

export const apiBuildListSchema = listOf(apiBuildSchema).register(named, {
  id: 'BuildList',
  description: 'Builds, the newest first.',
});

export type ApiBuild = z.infer<typeof apiBuildSchema>;
