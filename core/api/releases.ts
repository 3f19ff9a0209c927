import * as z from 'zod';
import { releasedImageSchema, releaseStates } from '../releases/release.ts';
import { releaseFindingsSchema } from '../releases/rescan-findings.ts';
import { retentionDecisionSchema } from '../retention/retention-plan.ts';
import { listOf, named, pieceOf } from './named.ts';

const known = releasedImageSchema.shape;

export const apiReleaseSchema = releasedImageSchema
  .pick({ project: true, repository: true, digest: true, build: true, releasedAt: true })
  .extend({
    /** Every tag that the project ever gave it. */
    tags: z.array(z.string()),
    /** The moving tags that name it now. */
    currentTags: z.array(z.string()),
    signed: z.boolean(),
    /** In the registry; null for one that was released before it was recorded. */
    sizeBytes: z.int().nullable(),
    /** The images of one for several platforms; null for any other. */
    platforms: known.platforms.unwrap().nullable(),
    state: z.enum(releaseStates),
    reason: z.string().nullable(),
    counts: known.counts.unwrap().nullable(),
    newSinceRelease: z.int().nullable(),
    policyToday: known.outcome.unwrap().nullable(),
    checkedAt: z.iso.datetime().nullable(),
    nextCheckAt: z.iso.datetime().nullable(),
    url: z.url(),
    findingsUrl: z.url(),
  })
  .register(named, { id: 'Release', description: 'An image that a project released, with its last weekly scan.' });

export const apiReleaseListSchema = listOf(apiReleaseSchema).register(named, {
  id: 'ReleaseList',
  description: 'Releases of a project, the newest first.',
});

const findingSchema = releaseFindingsSchema.shape.findings.element.extend({
  /** The scan that found it first; null where it was known at the release. */
  since: z.iso.datetime().nullable(),
});

export const apiReleaseWithFindingsSchema = apiReleaseSchema
  .extend({
    /** Null if the image was not scanned since its release. */
    scan: releaseFindingsSchema.shape.scan.nullable(),
    findings: pieceOf(findingSchema),
  })
  .register(named, { id: 'ReleaseWithFindings', description: 'A release with its current findings, the worst first.' });

const keptImageSchema = retentionDecisionSchema
  .omit({ reasons: true })
  .extend({ expired: z.boolean(), keptBecause: z.array(z.string()) });

export const apiRetentionSchema = z
  .object({
    /** All are null until the first run. */
    repository: z.string().nullable(),
    at: z.iso.datetime().nullable(),
    /** Null if released images are kept for ever. */
    days: z.int().nullable(),
    newest: z.int().nullable(),
    images: pieceOf(keptImageSchema),
  })
  .register(named, { id: 'Retention', description: 'Which released images of a repository are kept, and why.' });

export type ApiRetention = z.infer<typeof apiRetentionSchema>;
export type ApiReleaseWithFindings = z.infer<typeof apiReleaseWithFindingsSchema>;
export type ApiRelease = z.infer<typeof apiReleaseSchema>;
