import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { Registry } from '../../services/registry/registry-client.ts';
import { PushFailedError } from '../errors.ts';

const ociManifest = 'application/vnd.oci.image.manifest.v1+json';
const descriptor = z.looseObject({ mediaType: z.string() });
const manifestSchema = z.looseObject({ mediaType: z.string(), config: descriptor, layers: z.array(descriptor) });

/** The contents are the same, the names differ: https://github.com/opencontainers/image-spec/blob/main/media-types.md#compatibility-matrix */
const ociNames: Readonly<Record<string, string>> = {
  'application/vnd.docker.container.image.v1+json': 'application/vnd.oci.image.config.v1+json',
  'application/vnd.docker.image.rootfs.diff.tar.gzip': 'application/vnd.oci.image.layer.v1.tar+gzip',
  'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip':
    'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
};

/**
 * Puts an image that was pushed in Docker's format into the registry again as an OCI image with annotations, under the same tag. Docker's
 * older image store cannot push that itself.
 * @returns the new digest
 * @throws PushFailedError
 */
export async function annotate(
  image: { registry: Registry; repository: string; tag: string },
  annotations: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<string> {
  const { registry, repository, tag } = image;
  const url = `${registry.url}/v2/${repository}/manifests/${tag}`;
  const { user, password } = registry.credentials ?? { user: '', password: '' };
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const send = async (init: RequestInit & { headers: Record<string, string> }): Promise<Response> => {
    // Not the judged fetch: the host is the pipeline's own registry, which came with the login, and the request names its repository and
    // tag. No stranger wrote any of it.
    const answer = await fetch(url, { ...init, headers: { ...init.headers, authorization }, signal });
    if (!answer.ok) {
      throw new PushFailedError(
        `The image was pushed, but the registry ${registry.host} answered ${answer.status} to its annotations.`,
      );
    }
    return answer;
  };
  const pushed = await send({
    headers: { accept: `${ociManifest}, application/vnd.docker.distribution.manifest.v2+json` },
  });
  const { config, layers, ...rest } = manifestSchema.parse(await pushed.json());
  const named = (one: z.infer<typeof descriptor>) => ({ ...one, mediaType: ociNames[one.mediaType] ?? one.mediaType });
  const body = JSON.stringify({
    ...rest,
    mediaType: ociManifest,
    config: named(config),
    layers: layers.map(named),
    annotations,
  });
  await send({ method: 'PUT', headers: { 'content-type': ociManifest }, body });
  return `sha256:${createHash('sha256').update(body).digest('hex')}`;
}
