import { z } from 'zod';
import { imageDigestSchema } from './image-reference.ts';

/**
 * What the pipeline asks the builder for: the object `builds/<id>/request.json` in the records bucket. The builder's answer is
 * `builds/<id>/result.json`. Both stand in S3 because the state machine carries ids only and CodeBuild's environment is no place
 * for other people's values.
 */
export const buildRequestSchema = z.object({
  id: z.string(),
  /** `app/job:tag` */
  project: z.string(),
  source: z.object({ url: z.string(), commit: z.string().regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/), ref: z.string() }),
  /** From the repository's root. */
  dockerfile: z.string(),
  /** From the repository's root; `.` is the root itself. */
  context: z.string(),
  /** The repository that the candidate is pushed to, without the registry's host. */
  candidate: z.string(),
  /** What stands before every release repository's name; a base `demo/base:latest` is looked for under it first. */
  repositoryPrefix: z.string(),
  /** Where it is true, every step of the Dockerfile is done anew. */
  noCache: z.boolean().optional(),
  /**
   * `none`: nothing of the build is kept for other builds, and nothing of them is used. What everybody may ask for by a pull request
   * must not find its way into a release.
   */
  cache: z.enum(['shared', 'none']).optional(),
  /** A script that makes the Dockerfile or what it needs, and the folder that it runs in; both from the repository's root. */
  prebuild: z.object({ script: z.string(), context: z.string() }).optional(),
  /** `linux/amd64`: what the entry asks for; the builder's own platform where it is absent. */
  platforms: z.array(z.string()).optional(),
  /** Labels and annotations that the pipeline knows before the build. */
  labels: z.record(z.string(), z.string()),
  /** When the builder gives up, in seconds from its start. */
  timeoutSeconds: z.int().positive(),
  /** Output beyond this many bytes ends the build as failed. */
  logLimitBytes: z.int().positive(),
});

/** A name with its tag and its digest is shorter. */
const longestName = 1000;

const baseSchema = z.object({
  /** As the Dockerfile says it, with its ARGs resolved: `debian:12`, `demo/base:latest`. */
  reference: z.string().max(longestName),
  /**
   * The whole name that was asked for: `docker.io/library/debian:12`, `localhost:4600/demo/base:latest`. Without a tag, and with its digest,
   * only where the reference is.
   */
  image: z.string().max(longestName),
  digest: imageDigestSchema,
  /** True when the image is in this pipeline's own registry. */
  own: z.boolean(),
});

/** A base that could not be had: its registry has none, or did not answer. */
const missingBaseSchema = baseSchema.omit({ digest: true });
/** What a build may name; the result is written where strangers' code runs. */
const mostBases = 500;

export const buildResultSchema = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('built'),
    digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
    commit: z.string(),
    /** The commit's own time; also the image's `created`. */
    committedAt: z.iso.datetime(),
    bases: z.array(baseSchema).max(mostBases),
    engine: z.string(),
  }),
  z.object({
    outcome: z.literal('failed'),
    /** The name of the builder's error class: `DockerfileFailedError`, `BuildTimeoutError`, `BaseNotFoundError`, … */
    error: z.string(),
    /** One or two sentences for the project's owner: what happened, and what to do next. */
    message: z.string(),
    /** What the Dockerfile stands on, where the build came so far: another digest of it may be what the build needs. */
    bases: z.array(baseSchema).max(mostBases).optional(),
    missingBases: z.array(missingBaseSchema).max(mostBases).optional(),
  }),
]);

export type BuildRequest = z.infer<typeof buildRequestSchema>;
export type BuildResult = z.infer<typeof buildResultSchema>;
export type Base = z.infer<typeof baseSchema>;
export type MissingBase = z.infer<typeof missingBaseSchema>;

/** The bills of materials that each candidate has, and what a registry knows them by. */
export const sbomFormats = {
  cyclonedx: 'application/vnd.cyclonedx+json',
  spdx: 'application/spdx+json',
} as const;

export type SbomFormat = keyof typeof sbomFormats;

/** Where a build's objects stand in the records bucket. Log parts are numbered from 0, their names sort in order. */
export const recordKeys = {
  request: (id: string) => `builds/${id}/request.json`,
  result: (id: string) => `builds/${id}/result.json`,
  packages: (id: string) => `builds/${id}/packages.json`,
  findings: (id: string) => `builds/${id}/findings.json`,
  scanners: (id: string) => `builds/${id}/scanners.json`,
  cyclonedx: (id: string) => `builds/${id}/sbom.cdx.json`,
  spdx: (id: string) => `builds/${id}/sbom.spdx.json`,
  comparison: (id: string) => `builds/${id}/comparison.json`,
  /** What is known today of an image that a project (`app/job:tag`) released. */
  releaseFindings: (project: string, digest: string) =>
    `releases/${project.replace(':', '/')}/${digest.replace(':', '-')}/findings.json`,
  /** What was read of a file of a package repository; its name is the hash of the address. */
  repository: (name: string) => `package-repositories/${name}.json.gz`,
  logPrefix: (id: string) => `builds/${id}/log/`,
  logPart: (id: string, part: number) => `builds/${id}/log/${String(part).padStart(6, '0')}.txt`,
};
