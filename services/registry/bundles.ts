import { createHash } from 'node:crypto';
import * as z from 'zod';
import { bundleType } from '../../core/signing/bundle.ts';
import { parseJson } from '../../core/text/parse-json.ts';
import {
  type Registry,
  type RegistryAnswer,
  type RegistryClient,
  RegistryUnavailableError,
} from './registry-client.ts';

const indexType = 'application/vnd.oci.image.index.v1+json';
const manifestType = 'application/vnd.oci.image.manifest.v1+json';
const largestManifest = 4 * 1024 * 1024;
/** An SBOM of the largest size, in Base64 in a statement that is in Base64. */
const largestBundle = 64 * 1024 * 1024;
/** Anybody who may push to the repository may add referrers. */
const mostBundles = 100;

const descriptorSchema = z.object({ digest: z.string(), artifactType: z.string().optional() });
const referrersSchema = z.object({ manifests: z.array(descriptorSchema).default([]) });
const artifactSchema = z.object({ layers: z.array(z.object({ mediaType: z.string(), digest: z.string() })) });

/** The sigstore bundles beside an image, as they are: who signed them is for the caller to find out. Other referrers are not read. */
export function createBundles(read: RegistryClient) {
  return async function bundlesOf(registry: Registry, repository: string, digest: string): Promise<unknown[]> {
    const get = async (path: string, accept: string, maximumBytes: number): Promise<RegistryAnswer | undefined> => {
      const answer = await read({ method: 'GET', registry, repository, path, accept, maximumBytes });
      if (answer.status === 200) return answer;
      answer.discard();
      if (answer.status === 404) return undefined;
      throw new RegistryUnavailableError(`it answered ${answer.status} to ${path}`);
    };

    async function bundleOf(manifest: string): Promise<unknown> {
      const answer = await get(`manifests/${manifest}`, manifestType, largestManifest);
      const { layers: [layer, ...others] = [] } = artifactSchema.safeParse(await jsonOf(answer)).data ?? {};
      if (layer?.mediaType !== bundleType || others.length > 0) return undefined;
      const bytes = await (await get(`blobs/${layer.digest}`, '*/*', largestBundle))?.bytes();
      const isWhole = bytes && `sha256:${createHash('sha256').update(bytes).digest('hex')}` === layer.digest;
      return isWhole ? parseJson(bytes.toString('utf8')) : undefined;
    }

    const listed =
      (await get(`referrers/${digest}`, indexType, largestManifest)) ??
      // A registry without the call has the list under a tag.
      // https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#referrers-tag-schema
      (await get(`manifests/${digest.replace(':', '-')}`, indexType, largestManifest));
    const { manifests = [] } = referrersSchema.safeParse(await jsonOf(listed)).data ?? {};
    const bundles = manifests.filter(({ artifactType }) => artifactType === undefined || artifactType === bundleType);
    return Promise.all(bundles.slice(0, mostBundles).map(({ digest: manifest }) => bundleOf(manifest)));
  };
}

async function jsonOf(answer: RegistryAnswer | undefined): Promise<unknown> {
  return answer && parseJson((await answer.bytes()).toString('utf8'));
}
