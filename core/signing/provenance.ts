import * as z from 'zod';
import { type Build, causeSchema } from '../model/build.ts';
import type { Base, BuildRequest } from '../model/builder-contract.ts';
import { parseImageReference } from '../model/image-reference.ts';
import { purlOf, purlText } from '../sbom/purl.ts';
import { digestSet } from './statement.ts';

/** Says how to read the parameters below; docs/signing.md describes them. */
const buildType = 'urn:slipway:build:v1';

const dependencySchema = z.object({ uri: z.string(), digest: z.record(z.string(), z.string()) });

/** The predicate of SLSA's provenance, as far as Slipway fills it in. https://slsa.dev/spec/v1.1/provenance */
export const provenanceSchema = z.object({
  buildDefinition: z.object({
    buildType: z.string(),
    externalParameters: z.object({
      /** `app/job:tag` */
      project: z.string(),
      source: z.object({ uri: z.string(), ref: z.string() }),
      dockerfile: z.string(),
      context: z.string(),
      platforms: z.array(z.string()).optional(),
      buildArgs: z.record(z.string(), z.string()).optional(),
      target: z.string().optional(),
      /** Their names. */
      buildSecrets: z.record(z.string(), z.string()).optional(),
    }),
    internalParameters: z.object({ cause: causeSchema, engine: z.string() }),
    /** The commit first, then the base images. */
    resolvedDependencies: z.array(dependencySchema),
  }),
  runDetails: z.object({
    builder: z.object({ id: z.string() }),
    metadata: z.object({
      invocationId: z.string(),
      startedOn: z.iso.datetime(),
      finishedOn: z.iso.datetime().optional(),
    }),
  }),
});

export type Provenance = z.infer<typeof provenanceSchema>;

interface Origin {
  build: Build;
  request: Pick<
    BuildRequest,
    'source' | 'dockerfile' | 'context' | 'platforms' | 'buildArgs' | 'target' | 'buildSecrets'
  >;
  result: { bases: readonly Base[]; engine: string };
  /** This Slipway, which is the builder. */
  siteUrl: string;
}

/** From what an image was built, by whom, why and when. */
export function provenanceOf({ build, request, result, siteUrl }: Origin): Provenance {
  const { id, project, cause, stages, createdAt } = build;
  const { source, dockerfile, context, platforms, buildArgs, target, buildSecrets } = request;
  const { startedAt = createdAt, endedAt } = stages.build ?? {};
  const uri = `git+${source.url}`;
  return {
    buildDefinition: {
      buildType,
      externalParameters: {
        project,
        source: { uri, ref: source.ref },
        dockerfile,
        context,
        platforms,
        buildArgs,
        target,
        buildSecrets,
      },
      internalParameters: { cause, engine: result.engine },
      resolvedDependencies: [
        { uri: `${uri}@${source.ref}`, digest: { gitCommit: source.commit } },
        ...result.bases.map(({ image, digest }) => ({ uri: imageUri(image, digest), digest: digestSet(digest) })),
      ],
    },
    runDetails: {
      builder: { id: siteUrl },
      metadata: { invocationId: `${siteUrl}/builds/${id}`, startedOn: startedAt, finishedOn: endedAt },
    },
  };
}

/** A package URL of the type `oci`. https://github.com/package-url/purl-spec/blob/main/types-doc/oci-definition.md */
function imageUri(image: string, digest: string): string {
  const { registry, repository, tag } = parseImageReference(image);
  const purl = purlOf({
    type: 'oci',
    name: repository.slice(repository.lastIndexOf('/') + 1),
    version: digest,
    qualifiers: { repository_url: `${registry}/${repository}`, ...(tag === undefined ? {} : { tag }) },
  });
  return purl ? purlText(purl) : `oci:${image}`;
}
