import { createHash } from 'node:crypto';

/** A file that refers to an image: the registry lists it among the image's referrers. */
export interface Referrer {
  /** Its media type, which is also the artifact type. */
  type: string;
  /** The file name that a client such as `oras pull` gives it. */
  name: string;
  bytes: Uint8Array<ArrayBuffer>;
  /** Of its manifest; registries show them in the list of referrers. */
  annotations?: Record<string, string>;
}

interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
}

const manifestType = 'application/vnd.oci.image.manifest.v1+json';

/**
 * The image manifest of an artifact: https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md#guidelines-for-artifact-usage
 * The same file for the same image always gives the same manifest.
 */
export function referrerManifest({ type, name, bytes, annotations }: Referrer, subject: Descriptor) {
  const empty = Buffer.from('{}');
  const config = { mediaType: 'application/vnd.oci.empty.v1+json', digest: digestOf(empty), size: empty.length };
  const layer = {
    mediaType: type,
    digest: digestOf(bytes),
    size: bytes.length,
    annotations: { 'org.opencontainers.image.title': name },
  };
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      artifactType: type,
      config,
      layers: [layer],
      subject,
      annotations,
    }),
  );
  return {
    blobs: new Map([
      [config.digest, empty],
      [layer.digest, bytes],
    ]),
    manifest: { bytes: manifest, mediaType: manifestType, digest: digestOf(manifest) },
  };
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
