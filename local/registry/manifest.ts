import { z } from 'zod';
import { isDigest } from './digest.ts';
import { RegistryError } from './registry-error.ts';

/** ECR's limit, and the size that every registry should take. */
export const maximumManifestSize = 4 * 1024 * 1024;

const imageTypes = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
] as const;
const indexTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
] as const;

/** An empty value means a missing one: `artifactType` is a Go string in most clients. */
const optionalText = z
  .string()
  .nullish()
  .transform((text) => (text ? text : undefined));

const descriptorSchema = z.object({
  mediaType: z.string(),
  digest: z.string().refine(isDigest, 'is not a digest'),
  size: z.int().nonnegative(),
  urls: z.array(z.string()).nullish(),
});

const commonSchema = z.object({
  schemaVersion: z.literal(2),
  mediaType: optionalText,
  artifactType: optionalText,
  subject: descriptorSchema.nullish(),
  annotations: z.record(z.string(), z.string()).nullish(),
});
const imageSchema = commonSchema.extend({ config: descriptorSchema, layers: z.array(descriptorSchema) });
const indexSchema = commonSchema.extend({ manifests: z.array(descriptorSchema) });

export type Descriptor = z.infer<typeof descriptorSchema>;

export interface Manifest {
  kind: 'image' | 'index';
  mediaType: string;
  artifactType: string | undefined;
  subject: string | undefined;
  annotations: Record<string, string> | undefined;
  config: Descriptor | undefined;
  layers: Descriptor[];
  manifests: Descriptor[];
}

/** @throws RegistryError MANIFEST_INVALID */
export function parseManifest(bytes: Buffer, declaredType: string | undefined): Manifest {
  const json = parseJson(bytes);
  const own = z.object({ mediaType: optionalText }).safeParse(json).data?.mediaType;
  // RFC 9110: parameters of the content type are none of the registry's business.
  const declared = declaredType?.split(';')[0]?.trim() || undefined;
  if (own !== undefined && declared !== undefined && own !== declared) {
    throw invalid(`the manifest says that it is '${own}', the request that it is '${declared}'`);
  }
  const mediaType = declared ?? own;
  if (mediaType === undefined) throw invalid('image manifest mediatype not provided in manifest or parameter');
  if (includes(imageTypes, mediaType)) {
    const { config, layers, ...rest } = check(imageSchema, json);
    // https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#listing-referrers
    const artifactType = rest.artifactType ?? config.mediaType;
    return { ...common(rest), kind: 'image', mediaType, artifactType, config, layers, manifests: [] };
  }
  if (includes(indexTypes, mediaType)) {
    const { manifests, ...rest } = check(indexSchema, json);
    const { artifactType } = rest;
    return { ...common(rest), kind: 'index', mediaType, artifactType, config: undefined, layers: [], manifests };
  }
  throw invalid(`manifests of the type '${mediaType}' are not supported`);
}

/** Layers that nobody may copy stay where their URLs say, so they need not be in the registry. */
export function isForeign(layer: Descriptor): boolean {
  return layer.mediaType.includes('nondistributable') || layer.mediaType.includes('.foreign.');
}

function common(manifest: z.infer<typeof commonSchema>) {
  return { subject: manifest.subject?.digest, annotations: manifest.annotations ?? undefined };
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new RegistryError('MANIFEST_INVALID', 'Invalid JSON syntax', { cause });
  }
}

function check<Output>(schema: z.ZodType<Output>, json: unknown): Output {
  const result = schema.safeParse(json);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw invalid(`${issue?.path.join('.') || 'the manifest'}: ${issue?.message}`);
  }
  return result.data;
}

function includes(types: readonly string[], mediaType: string): boolean {
  return types.includes(mediaType);
}

function invalid(reason: string): RegistryError {
  return new RegistryError('MANIFEST_INVALID', `Invalid image manifest: ${reason}`);
}
