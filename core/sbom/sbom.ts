import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { SbomFormat } from '../model/builder-contract.ts';
import { InvalidInputError } from '../model/errors.ts';
import { purlText } from './purl.ts';
import { type OtherLicense, spdxExpression } from './spdx-licenses.ts';

/** In bytes: more than an image with fifty thousand packages has. */
export const largestSbom = 32 * 2 ** 20;

/** The image that an SBOM describes. */
export interface DescribedImage {
  /** The repository that it is released to, with the registry's host. */
  repository: string;
  digest: string;
  /** `amd64` */
  architecture: string;
  /** The time of the commit, which is also the image's: the same image gets the same SBOM whenever that is generated. */
  createdAt: Date;
}

/** An SBOM in one format, as it is stored and served. */
export interface Sbom {
  text: string;
  /** The generator with its version: `trivy dev`. */
  tool: string;
  /** How many of its packages are the distribution's, by their package URLs. */
  distributionPackages: number;
}

const component = z.looseObject({
  'bom-ref': z.string().optional(),
  type: z.string(),
  name: z.string(),
  version: z.string().optional(),
  purl: z.string().optional(),
});

/** The parts of https://cyclonedx.org/docs/1.5/json/ that are needed here. */
const cycloneDxSchema = z.looseObject({
  bomFormat: z.literal('CycloneDX'),
  specVersion: z.string().regex(/^1\.[5-9]$/),
  serialNumber: z.string().optional(),
  metadata: z.looseObject({
    timestamp: z.string().optional(),
    tools: z.array(z.looseObject({ name: z.string(), version: z.string().optional() })).min(1),
    component,
  }),
  components: z.array(component).default([]),
  dependencies: z.array(z.looseObject({ ref: z.string(), dependsOn: z.array(z.string()).optional() })).default([]),
});

const element = z.looseObject({ SPDXID: z.string() });
const spdxPackage = element.extend({
  name: z.string(),
  versionInfo: z.string().optional(),
  downloadLocation: z.string().optional(),
  homepage: z.string().optional(),
  licenseConcluded: z.string().optional(),
  licenseDeclared: z.string().optional(),
  externalRefs: z.array(z.looseObject({ referenceType: z.string(), referenceLocator: z.string() })).optional(),
});
const relationship = z.looseObject({
  spdxElementId: z.string(),
  relatedSpdxElement: z.string(),
  relationshipType: z.string(),
});

/** The same for https://spdx.github.io/spdx-spec/v2.3/ */
const spdxSchema = z.looseObject({
  spdxVersion: z.string().regex(/^SPDX-2\.[23]$/),
  SPDXID: z.literal('SPDXRef-DOCUMENT'),
  name: z.string(),
  documentNamespace: z.string(),
  creationInfo: z.looseObject({ created: z.string(), creators: z.array(z.string()).min(1) }),
  packages: z.array(spdxPackage).min(1),
  files: z.array(element).optional(),
  hasExtractedLicensingInfos: z
    .array(z.looseObject({ licenseId: z.string(), extractedText: z.string(), name: z.string().default('NOASSERTION') }))
    .default([]),
  relationships: z.array(relationship),
});

const sbomsOf: Record<SbomFormat, (document: unknown, image: DescribedImage) => Sbom> = {
  cyclonedx: cycloneDx,
  spdx,
};

/**
 * Turns the document that a generator wrote about an image's files into the SBOM of that image: it names the image, and contains nothing
 * that differs from one run to the next, so that its digest stays the same too.
 * @throws InvalidInputError where the text is no document of the format
 */
export function sbomOf(format: SbomFormat, text: string, image: DescribedImage): Sbom {
  try {
    return sbomsOf[format](JSON.parse(text), image);
  } catch (cause) {
    if (!(cause instanceof SyntaxError || cause instanceof z.ZodError)) throw cause;
    throw new InvalidInputError(`The generator did not write a document in the format ${format}.`, { cause });
  }
}

function cycloneDx(input: unknown, image: DescribedImage): Sbom {
  const { serialNumber: _, ...document } = cycloneDxSchema.parse(input);
  const { name, purl, checksum } = named(image);
  const { metadata } = document;
  const ordered = sortedBy(document.components, ({ 'bom-ref': _, ...each }) => JSON.stringify(each));
  const names = stableNames(ordered);
  const refs = new Map(ordered.map((each, index) => [each['bom-ref'], names[index] ?? ''] as const));
  refs.set(metadata.component['bom-ref'], purl);
  const stable = (ref: string) => refs.get(ref) ?? ref;
  const components = ordered.map((each, index) => ({ ...each, 'bom-ref': names[index] }));
  const dependencies = document.dependencies.map(({ ref, dependsOn = [], ...rest }) => ({
    ...rest,
    ref: stable(ref),
    dependsOn: dependsOn.map(stable).sort(),
  }));
  const whole = {
    ...document,
    metadata: {
      ...metadata,
      timestamp: secondOf(image.createdAt),
      component: {
        'bom-ref': purl,
        type: 'container',
        name,
        version: image.digest,
        hashes: [{ alg: 'SHA-256', content: checksum }],
        purl,
      },
    },
    components: components.map(({ purl: own, ...each }) => (isPurl(own) ? { ...each, purl: own } : each)),
    dependencies: sortedBy(dependencies, (each) => each.ref),
  };
  const [tool] = metadata.tools;
  return {
    text: JSON.stringify({ ...whole, serialNumber: `urn:uuid:${identityOf(whole)}` }),
    tool: [tool?.name, tool?.version].filter(Boolean).join(' '),
    distributionPackages: components.filter((each) => isOfDistribution(each.purl)).length,
  };
}

/** The generator gives components without a package URL a random name in each run: they get a stable one. */
function stableNames(components: readonly z.infer<typeof component>[]): string[] {
  const seen = new Map<string, number>();
  return components.map(({ 'bom-ref': ref, purl, type, name, version = '' }) => {
    const own = isPurl(purl) ? (ref ?? purl) : [type, name, version].join(':');
    const count = (seen.get(own) ?? 0) + 1;
    seen.set(own, count);
    return count === 1 ? own : `${own}:${count}`;
  });
}

function spdx(input: unknown, image: DescribedImage): Sbom {
  // The files only say where a package was seen, and are left out: the generator did not read them whole, so that the checksums that the format requires are zeros.
  const { files = [], ...document } = spdxSchema.parse(input);
  const { name, purl, checksum } = named(image);
  const leftOut = new Set(files.map((file) => file.SPDXID));
  const relationships = document.relationships.filter(
    ({ spdxElementId, relatedSpdxElement }) => !leftOut.has(spdxElementId) && !leftOut.has(relatedSpdxElement),
  );
  const root = relationships.find(
    ({ spdxElementId, relationshipType }) => spdxElementId === document.SPDXID && relationshipType === 'DESCRIBES',
  )?.relatedSpdxElement;
  const isRoot = (each: z.infer<typeof spdxPackage>) => each.SPDXID === root;
  if (!document.packages.some(isRoot)) throw new InvalidInputError('The SPDX document describes no package.');
  const explained = new Map<string, OtherLicense>(
    document.hasExtractedLicensingInfos.map((each) => [each.licenseId, each] as const),
  );
  const { documentNamespace: _, ...whole } = {
    ...document,
    name,
    creationInfo: { ...document.creationInfo, created: secondOf(image.createdAt) },
    packages: sortedBy(document.packages, (each) => each.SPDXID)
      .map((each) => withLicenses(withGoodAddresses(each), explained))
      .map((each) =>
        isRoot(each)
          ? {
              ...each,
              name,
              versionInfo: image.digest,
              primaryPackagePurpose: 'CONTAINER',
              checksums: [{ algorithm: 'SHA256', checksumValue: checksum }],
              externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl }],
            }
          : each,
      ),
    hasExtractedLicensingInfos: sortedBy(explained.values(), (each) => each.licenseId),
    relationships: sortedBy(relationships, (each) =>
      [each.spdxElementId, each.relationshipType, each.relatedSpdxElement].join(' '),
    ),
  };
  const tool = document.creationInfo.creators.find((creator) => creator.startsWith('Tool: ')) ?? '';
  const urls = document.packages.map((each) => each.externalRefs?.find((ref) => ref.referenceType === 'purl'));
  return {
    // A unique name, not an address to open. https://spdx.github.io/spdx-spec/v2.3/document-creation-information/#65-spdx-document-namespace-field
    text: JSON.stringify({ ...whole, documentNamespace: `https://spdx.org/spdxdocs/${name}-${identityOf(whole)}` }),
    tool: tool.slice('Tool: '.length).replace(/-(?=\d)/, ' '),
    distributionPackages: urls.filter((each) => isOfDistribution(each?.referenceLocator)).length,
  };
}

/** https://github.com/package-url/purl-spec/blob/main/types-doc/oci-definition.md */
function named({ repository, digest, architecture }: DescribedImage) {
  const name = repository.slice(repository.indexOf('/') + 1);
  const checksum = digest.slice(digest.indexOf(':') + 1);
  const last = name.slice(name.lastIndexOf('/') + 1);
  const qualifiers = { arch: architecture, repository_url: repository };
  return { name, checksum, purl: purlText({ type: 'oci', name: last, version: digest, qualifiers }) };
}

/** Trivy writes `none` for a distribution that it does not know. */
function isOfDistribution(purl: string | undefined): boolean {
  return /^pkg:(?:deb|rpm|apk|alpm|none)\//.test(purl ?? '');
}

/**
 * Leaves out addresses of another form than SPDX allows: the generator copies them from the packages unchanged, and one of them would make
 * the whole document invalid.
 */
function withGoodAddresses({ homepage, externalRefs, ...each }: z.infer<typeof spdxPackage>) {
  return {
    ...each,
    downloadLocation: isAddress(each.downloadLocation) ? each.downloadLocation : 'NOASSERTION',
    homepage: isAddress(homepage) && /^https?:/i.test(homepage) ? homepage : undefined,
    ...(externalRefs === undefined
      ? {}
      : { externalRefs: externalRefs.filter((ref) => ref.referenceType !== 'purl' || isPurl(ref.referenceLocator)) }),
  };
}

function withLicenses<Package extends z.infer<typeof spdxPackage>>(
  each: Package,
  explained: Map<string, OtherLicense>,
) {
  const { licenseConcluded, licenseDeclared } = each;
  return {
    ...each,
    ...(licenseConcluded === undefined ? {} : { licenseConcluded: spdxExpression(licenseConcluded, explained) }),
    ...(licenseDeclared === undefined ? {} : { licenseDeclared: spdxExpression(licenseDeclared, explained) }),
  };
}

const longestAddress = 2000;
/** https://spdx.github.io/spdx-spec/v2.3/package-information/#77-package-download-location-field */
const addressPattern =
  /^(?:(?:git|hg|svn|bzr)\+)?(?:https?|ssh|git|svn|s?ftp):\/\/(?:[\w.-]+@)?[a-z0-9]+(?:[.-][a-z0-9]+)*\.[a-z]{2,}(?::\d{1,5})?(?:\/[\x21-\x7e]*)?$/i;

function isAddress(text: string | undefined): text is string {
  return text !== undefined && text.length <= longestAddress && addressPattern.test(text);
}

function isPurl(text: string | undefined): text is string {
  return text !== undefined && text.length <= longestAddress && /^pkg:[a-z0-9.+-]+\/[\x21-\x7e]+$/i.test(text);
}

/** Generators write the same entries in another order in each run. */
function sortedBy<Value>(values: Iterable<Value>, keyOf: (value: Value) => string): Value[] {
  return [...values]
    .map((value) => ({ value, key: keyOf(value) }))
    .sort((one, other) => (one.key < other.key ? -1 : one.key > other.key ? 1 : 0))
    .map(({ value }) => value);
}

function secondOf(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, 'Z');
}

/** A UUID from the content: version 8 of RFC 9562, which leaves it to us how to make it. */
function identityOf(content: unknown): string {
  const hex = createHash('sha256').update(JSON.stringify(content)).digest('hex');
  const variant = '89ab'[Number.parseInt(hex[16] ?? '0', 16) % 4];
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}
