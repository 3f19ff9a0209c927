import type { SbomFormat } from '../model/builder-contract.ts';
import { cycloneDxOf, toolsOf } from './cyclonedx.ts';
import type { DescribedImage } from './described-image.ts';
import { spdxOf } from './spdx.ts';

/** In bytes: more than an image with fifty thousand packages has. */
export const largestSbom = 32 * 2 ** 20;

/** An image's SBOM in every format. */
export interface Sbom {
  /** As they are stored and served. */
  texts: Record<SbomFormat, string>;
  /** The generator with its version: `trivy dev`. */
  tool: string;
  /** How many of its packages are the distribution's, by their package URLs. */
  distributionPackages: number;
}

/**
 * @param text the CycloneDX document that a generator wrote about the image's files
 * @throws InvalidInputError where it is no such document
 */
export function sbomOf(text: string, image: DescribedImage): Sbom {
  const cyclonedx = cycloneDxOf(text, image);
  const [tool] = toolsOf(cyclonedx);
  return {
    texts: { cyclonedx: JSON.stringify(cyclonedx), spdx: JSON.stringify(spdxOf(cyclonedx, image)) },
    tool: [tool?.name, tool?.version].filter(Boolean).join(' '),
    distributionPackages: cyclonedx.components.filter(({ purl }) => isOfDistribution(purl)).length,
  };
}

/** Trivy writes `none` for a distribution that it does not know. */
function isOfDistribution(purl: string | undefined): boolean {
  return /^pkg:(?:deb|rpm|apk|alpm|none)\//.test(purl ?? '');
}
