import * as z from 'zod';

/** What kind of file a release is written into. */
export const manifestKinds = ['kubernetes', 'kustomize', 'helm-values', 'yaml', 'docker-compose'] as const;

/** Which part of the image's name a value of the kind `yaml` holds. */
export const writtenParts = ['image', 'name', 'tag', 'digest'] as const;

/** Where in a repository, and in what form, the image of a release is written. */
export const manifestPlaceSchema = z.object({
  /** The file, or the folder of files, from the repository's root; `.` is the root itself. */
  path: z.string(),
  kind: z.enum(manifestKinds),
  /** The name that the image has in the manifests, where it is not the one that it is released under. */
  image: z.string().optional(),
  /** The keys that lead to the value. */
  key: z.array(z.string()).optional(),
  part: z.enum(writtenParts).optional(),
  /** `namespace:name` of the image policy that the values to be written are marked with. */
  policy: z.string().optional(),
});

export type ManifestPlace = z.infer<typeof manifestPlaceSchema>;

/** Which releases a target gets by itself. */
export const targetCalls = ['branch', 'version', 'promotion'] as const;

/** One of an entry's places for its releases: an environment. */
export const deployTargetSchema = manifestPlaceSchema.extend({
  /** The environment, such as `production`. */
  name: z.string(),
  /** `owner/name` on the operator's git host, or an address. */
  repository: z.string(),
  /** The repository's default branch where it is absent. */
  branch: z.string().optional(),
  mode: z.enum(['push', 'pull-request']),
  /** The releases of the tracked branch, those of versions, or those that are promoted from the target before. */
  on: z.enum(targetCalls),
  /** A release that the target before has had for so long without a new finding is promoted by itself. */
  afterHours: z.int().optional(),
  /** Whether the commit asks the repository's own CI not to run. */
  skipCi: z.boolean(),
});

export type DeployTarget = z.infer<typeof deployTargetSchema>;
