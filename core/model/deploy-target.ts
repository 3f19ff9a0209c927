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

/** What every target has. */
const targetShape = {
  /** The environment, such as `production`. */
  name: z.string(),
  /** The releases of the tracked branch, those of versions, or those that are promoted from the target before. */
  on: z.enum(targetCalls),
  /** A release is promoted by itself once the target before has had it for this time without a new finding. */
  afterHours: z.int().optional(),
};

/** An environment whose manifests are in git. */
const manifestTargetSchema = manifestPlaceSchema.extend({
  ...targetShape,
  /** `owner/name` on the operator's git host, or an address. */
  repository: z.string(),
  /** The repository's default branch where it is absent. */
  branch: z.string().optional(),
  mode: z.enum(['push', 'pull-request']),
  /** Whether the commit asks the repository's own CI not to run. */
  skipCi: z.boolean(),
});

export const serviceKinds = ['ecs', 'ssm'] as const;

/** A service of Amazon ECS. */
const ecsServiceSchema = z.object({
  ...targetShape,
  kind: z.literal('ecs'),
  cluster: z.string(),
  service: z.string(),
  /** The container of its task that gets the image; the only one where it is absent. */
  container: z.string().optional(),
});

/** A container on servers that Systems Manager manages. */
const serverContainerSchema = z.object({
  ...targetShape,
  kind: z.literal('ssm'),
  /** The tag of the servers, `Role=web`. */
  servers: z.string(),
  container: z.string(),
});

/** One of an entry's places for its releases: an environment. */
export const deployTargetSchema = z.discriminatedUnion('kind', [
  manifestTargetSchema,
  ecsServiceSchema,
  serverContainerSchema,
]);

export type DeployTarget = z.infer<typeof deployTargetSchema>;
export type ManifestTarget = z.infer<typeof manifestTargetSchema>;
export type EcsService = z.infer<typeof ecsServiceSchema>;
export type ServerContainer = z.infer<typeof serverContainerSchema>;
export type ServiceTarget = EcsService | ServerContainer;

/** Whether what runs the image is told to run another one; otherwise a manifest says so. */
export function isService(target: DeployTarget): target is ServiceTarget {
  return target.kind === 'ecs' || target.kind === 'ssm';
}
