import { createHash } from 'node:crypto';
import * as z from 'zod';
import { imageDigestSchema } from '../../core/model/image-reference.ts';
import { parseJson } from '../../core/text/parse-json.ts';
import {
  createRegistryClient,
  LoginRefusedError,
  type Registry,
  type RegistryAnswer,
  RegistryUnavailableError,
  type SendToRegistry,
} from './registry-client.ts';

/** Every manifest format of an image. With fewer, registries convert the manifest, and the digest is that of another one. */
export const manifestTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');
/** Registries need not accept larger ones. https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pushing-manifests */
const largestManifest = 4 * 1024 * 1024;
const manifestSchema = z.object({ schemaVersion: z.literal(2) });

/**
 * Reads which image a tag names: one HEAD, which Docker Hub does not count as a pull
 * (https://docs.docker.com/docker-hub/usage/pulls/).
 */
export function createImageDigests(send: SendToRegistry) {
  const read = createRegistryClient(send);
  const manifest = (method: 'HEAD' | 'GET', registry: Registry, repository: string, version: string) =>
    read({
      method,
      registry,
      repository,
      path: `manifests/${version}`,
      accept: manifestTypes,
      maximumBytes: largestManifest,
    });

  /**
   * The digest that a tag names, or the digest itself if it exists; undefined if the registry has no such image, or it is not public.
   * For an image for several platforms it is the digest of the index.
   * @throws RegistryUnavailableError
   */
  return async function digestOf(registry: Registry, repository: string, version: string): Promise<string | undefined> {
    const head = await manifest('HEAD', registry, repository, version);
    head.discard();
    if (isAbsent(head, registry)) return undefined;
    if (head.status !== 405) {
      accept(head, registry);
      const stated = imageDigestSchema.safeParse(head.headers.get('docker-content-digest'));
      if (stated.success) return stated.data;
    }
    // The header is only recommended. https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
    const whole = await manifest('GET', registry, repository, version);
    if (isAbsent(whole, registry)) return undefined;
    accept(whole, registry);
    const bytes = await whole.bytes();
    // Some sites answer every path with their start page.
    if (!manifestSchema.safeParse(parseJson(bytes.toString('utf8'))).success) {
      throw new RegistryUnavailableError('it answered with something that is not a manifest');
    }
    return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  };
}

function isAbsent({ status }: RegistryAnswer, { credentials }: Registry): boolean {
  // Without credentials a registry does not say whether an image is private or missing. Our own credentials must be accepted.
  return status === 404 || ((status === 401 || status === 403) && !credentials);
}

function accept(answer: RegistryAnswer, { credentials }: Registry): void {
  const { status } = answer;
  if (status === 200) return;
  answer.discard();
  if (credentials && (status === 401 || status === 403))
    throw new LoginRefusedError(`it does not accept the credentials that this pipeline has for it (${status})`);
  throw new RegistryUnavailableError(`it answered ${status}`);
}
