import * as z from 'zod';
import { authoredSchema } from './build.ts';
import { buildIdSchema } from './build-id.ts';
import { cacheUseSchema } from './cache-use.ts';
import { imageDigestSchema } from './image-reference.ts';
import { platformSchema } from './platform.ts';

/**
 * The request to the builder: the object `builds/<id>/request.json` in the records bucket. The builder answers with
 * `builds/<id>/result.json`. Both are in S3 because the state machine carries ids only, and values from untrusted users do not belong in
 * CodeBuild's environment.
 */
export const buildRequestSchema = z.object({
  id: z.string(),
  /** `app/job:tag` */
  project: z.string(),
  source: z.object({
    url: z.string(),
    commit: z.string().regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/),
    ref: z.string(),
    /** It is fetched with a credential, which the builder asks for. */
    hasSecret: z.boolean().optional(),
  }),
  /** From the repository's root. */
  dockerfile: z.string(),
  /** From the repository's root; `.` is the root itself. */
  context: z.string(),
  /** The repository that the candidate is pushed to, without the registry's host. */
  candidate: z.string(),
  /** The prefix of every release repository's name; a base image `demo/base:latest` is first searched for under it. */
  repositoryPrefix: z.string(),
  /** True: every step of the Dockerfile runs again, without the cache. */
  noCache: z.boolean().optional(),
  /**
   * `none`: the build neither writes nor reads the cache that builds share. Anybody can open a pull request, and nothing that such a build
   * made may get into a release.
   */
  cache: z.enum(['shared', 'none']).optional(),
  /** A script that generates the Dockerfile or files that it needs, and the folder to run it in; both from the repository's root. */
  prebuild: z.object({ script: z.string(), context: z.string() }).optional(),
  /** The platforms that the entry requests; the pipeline's own where it is absent. */
  platforms: z.array(platformSchema).optional(),
  /** The values of ARGs of the Dockerfile. */
  buildArgs: z.record(z.string(), z.string()).optional(),
  /** By the id that the Dockerfile names, the names of secrets; the builder reads them itself. */
  buildSecrets: z.record(z.string(), z.string()).optional(),
  /** The stage to build; the last one where it is absent. */
  target: z.string().optional(),
  /** Images that the Dockerfile may name as its frontend, besides Docker's own. */
  frontends: z.array(z.string()).optional(),
  /** Labels and annotations whose values the pipeline knows before the build. */
  labels: z.record(z.string(), z.string()),
  /** The builder's timeout, in seconds from its start. */
  timeoutSeconds: z.int().positive(),
  /** A build with more bytes of output than this fails. */
  logLimitBytes: z.int().positive(),
});

/** 256 random bits in Base64url, given to one build. */
export const buildTokenSchema = z.string().regex(/^[\w-]{43}$/);

/** The builder's question to the function `build-credentials`. */
export const credentialsRequestSchema = z.object({
  build: buildIdSchema,
  token: buildTokenSchema,
  /** Repositories of this pipeline that the build may be based on; it gets read access to those that exist. */
  bases: z.array(z.string().min(1).max(1000)).max(1000).default([]),
  /** Images of other registries, `ghcr.io/acme/base`, that may need credentials to be pulled. */
  images: z.array(z.string().min(1).max(1000)).max(1000).default([]),
  /** Whether the credential of the source is needed. */
  source: z.boolean().default(false),
});

/** The function's answer: a session of AWS, which the builder asks for again before it ends. */
export const buildCredentialsSchema = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('granted'),
    accessKeyId: z.string(),
    secretAccessKey: z.string(),
    sessionToken: z.string(),
    expiration: z.iso.datetime(),
    /** Those of the requested bases that exist. */
    bases: z.array(z.string()),
    /** By the requested image, the credentials of its registry that the operators have stored. */
    logins: z.record(z.string(), z.object({ user: z.string(), password: z.string() })).default({}),
    /** Those of the requested images whose credentials the operators have kept to other app-ids. */
    withheld: z.array(z.string()).default([]),
    /** What opens the source, and below which address alone. */
    source: z.object({ url: z.url(), authorization: z.string(), password: z.string() }).optional(),
  }),
  z.object({ outcome: z.literal('refused'), message: z.string() }),
]);

/** Longer than any name with its tag and digest. */
const longestName = 1000;

const baseSchema = z.object({
  /** As the Dockerfile writes it, with its ARGs resolved: `debian:12`, `demo/base:latest`. */
  reference: z.string().max(longestName),
  /**
   * The full name that was requested: `docker.io/library/debian:12`, `localhost:4600/demo/base:latest`. It has a digest, or lacks a tag,
   * only where the reference does.
   */
  image: z.string().max(longestName),
  digest: imageDigestSchema,
  /** True when the image is in this pipeline's own registry. */
  own: z.boolean(),
});

/**
 * Errors of a build whose base image a registry does not give at the moment, because it received too many requests: when its digest was
 * read, and when the engine pulled it. Nothing is wrong with the project, and the build runs again later.
 */
export const registryLimitErrors = ['BaseLimitedError', 'PullLimitedError'] as const;

export type RegistryLimitError = (typeof registryLimitErrors)[number];

/** A base image that could not be resolved: its registry does not have it, or did not answer. */
const missingBaseSchema = baseSchema.omit({ digest: true });
/** The most base images in a result. Code of untrusted users runs where the result is written, so its size is limited. */
const mostBases = 500;

export const buildResultSchema = z.discriminatedUnion('outcome', [
  z.object({
    outcome: z.literal('built'),
    digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
    commit: z.string(),
    /** The time of the commit, which is also the image's `created`. */
    committedAt: z.iso.datetime(),
    authored: authoredSchema.optional(),
    bases: z.array(baseSchema).max(mostBases),
    engine: z.string(),
    /** Absent where the engine does not say it. */
    cacheUse: cacheUseSchema.optional(),
  }),
  z.object({
    outcome: z.literal('failed'),
    /** The name of the builder's error class: `DockerfileFailedError`, `BuildTimeoutError`, `BaseNotFoundError`, … */
    error: z.string(),
    /** One or two sentences for the project's owner: what happened, and what to do next. */
    message: z.string(),
    authored: authoredSchema.optional(),
    /** The base images, where the build got far enough to know them: a new digest of one may fix the build. */
    bases: z.array(baseSchema).max(mostBases).optional(),
    missingBases: z.array(missingBaseSchema).max(mostBases).optional(),
  }),
]);

/** The steps of the builder, in their order: the object `builds/<id>/steps.json`. A step ends where the next one begins. */
export const builderStepsSchema = z.object({
  steps: z.array(z.object({ name: z.string().max(40), startedAt: z.iso.datetime() })).max(40),
});

export type BuilderSteps = z.infer<typeof builderStepsSchema>;
export type BuildCredentials = z.infer<typeof buildCredentialsSchema>;
export type BuildRequest = z.infer<typeof buildRequestSchema>;
export type BuildResult = z.infer<typeof buildResultSchema>;
export type Base = z.infer<typeof baseSchema>;
export type MissingBase = z.infer<typeof missingBaseSchema>;

/** The SBOM formats that each candidate has, and their media types in a registry. */
export const sbomFormats = {
  cyclonedx: 'application/vnd.cyclonedx+json',
  spdx: 'application/spdx+json',
} as const;

export type SbomFormat = keyof typeof sbomFormats;

/**
 * The keys of a build's objects in the records bucket. Log parts are numbered from 0, and their names sort in order; each begins with a whole
 * line, whose number is in its name, so that a line is found without reading what comes before it.
 */
export const recordKeys = {
  prefix: (id: string) => `builds/${id}/`,
  request: (id: string) => `builds/${id}/request.json`,
  result: (id: string) => `builds/${id}/result.json`,
  packages: (id: string) => `builds/${id}/packages.json`,
  findings: (id: string) => `builds/${id}/findings.json`,
  scanners: (id: string) => `builds/${id}/scanners.json`,
  cyclonedx: (id: string) => `builds/${id}/sbom.cdx.json`,
  spdx: (id: string) => `builds/${id}/sbom.spdx.json`,
  comparison: (id: string) => `builds/${id}/comparison.json`,
  /** A signed statement on the image, by its name: `signature`, `provenance`, … */
  signature: (id: string, name: string) => `builds/${id}/signatures/${name}.sigstore.json`,
  /** The current findings of an image that a project (`app/job:tag`) released. */
  releaseFindings: (project: string, digest: string) =>
    `releases/${project.replace(':', '/')}/${digest.replace(':', '-')}/findings.json`,
  /** What was decided about the images of a release repository last. */
  retention: (path: string) => `retention/${path}.json`,
  /** The parsed content of a file of a package repository; its name is the hash of the file's address. */
  repository: (name: string) => `package-repositories/${name}.json.gz`,
  logPrefix: (id: string) => `builds/${id}/log/`,
  logPart: (id: string, part: number, firstLine: number) =>
    `builds/${id}/log/${String(part).padStart(6, '0')}-${firstLine}.txt`,
  steps: (id: string) => `builds/${id}/steps.json`,
};

/** Bytes of a part of a build's log, of whole lines; a longer line is a part of its own. What reads a log has to get past one at once. */
export const largestLogPart = 256 * 1024;

/** The number of a log part's first line, as its key says it; undefined for any other object. */
export function firstLineOf(logPart: string): number | undefined {
  const number = /\/log\/\d{6}-(\d{1,12})\.txt$/.exec(logPart)?.[1];
  return number === undefined ? undefined : Number(number);
}
