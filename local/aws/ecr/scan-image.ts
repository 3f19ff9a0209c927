import type { RegistryContext } from '../../registry/exchange.ts';
import type { StoredImage } from '../../registry/images.ts';
import { type Descriptor, isForeign, parseManifest } from '../../registry/manifest.ts';
import { type Finding, severities } from '../../scanner/finding.ts';
import type { ScanScope } from '../../scanner/scan-records.ts';
import type { Scanner, ScanOutcome } from '../../scanner/scanner.ts';

/** Configurations of images that can be run; anything else that is pushed is an artifact. */
const imageConfigs = ['application/vnd.oci.image.config.v1+json', 'application/vnd.docker.container.image.v1+json'];

export type ScanImage = (image: StoredImage, scope: ScanScope) => Promise<ScanOutcome>;

/** Scans images of the registry one at a time, so that a build beside them has its share of the machine. */
export function createScanImage({ registry }: RegistryContext, scanner: Scanner): ScanImage {
  const fileOf = (blob: Descriptor) => ({ digest: blob.digest, file: registry.files.pathOf(blob.digest) });
  let before: Promise<unknown> = Promise.resolve();

  const scan: ScanImage = async (image, scope) => {
    const manifest = parseManifest(image.manifest, image.mediaType);
    const { config } = manifest;
    if (config === undefined || !imageConfigs.includes(config.mediaType))
      return { status: 'UNSUPPORTED_IMAGE', reason: 'UnsupportedImageError: The image is not a container image.' };
    const layers = manifest.layers.filter((layer) => !isForeign(layer)).map(fileOf);
    return scanner.scan({ ...image, config: fileOf(config), layers }, scope);
  };

  return (image, scope) => {
    const outcome = before.then(() => scan(image, scope));
    before = outcome.catch(() => undefined);
    return outcome;
  };
}

export function isIndex(image: StoredImage): boolean {
  return parseManifest(image.manifest, image.mediaType).kind === 'index';
}

/** Severities that nothing has are not there. */
export function countsOf(findings: Pick<Finding, 'severity'>[]): Record<string, number> {
  const counts = severities.map((severity) => [severity, findings.filter((each) => each.severity === severity).length]);
  return Object.fromEntries(counts.filter(([, count]) => count !== 0));
}
