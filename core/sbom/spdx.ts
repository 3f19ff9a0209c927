import { createHash } from 'node:crypto';
import { type CycloneDx, toolsOf } from './cyclonedx.ts';
import { type DescribedImage, namesOf } from './described-image.ts';
import { type OtherLicense, spdxExpression } from './spdx-licenses.ts';
import { identityOf, sortedBy } from './stable.ts';

type Component = CycloneDx['components'][number];

/** https://spdx.github.io/spdx-spec/v2.3/package-information/#724-primary-package-purpose-field */
const purposes = new Set(['APPLICATION', 'FRAMEWORK', 'LIBRARY', 'OPERATING-SYSTEM', 'FILE']);
const unknown = 'NOASSERTION';

/** The same SBOM as https://spdx.github.io/spdx-spec/v2.3/: one run of the generator is enough for both formats. */
export function spdxOf(document: CycloneDx, image: DescribedImage) {
  const { name, purl, checksum, created } = namesOf(image);
  const explained = new Map<string, OtherLicense>();
  const components = new Map(document.components.map((each) => [each['bom-ref'], each]));
  const root = idOf(purl);
  const packages = document.components.map((each) => packageOf(each, explained));
  const whole = {
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name,
    creationInfo: {
      created,
      creators: toolsOf(document).map(
        (tool) => `Tool: ${oneLine([tool.name, tool.version].filter(Boolean).join('-'))}`,
      ),
    },
    packages: [
      {
        SPDXID: root,
        name,
        versionInfo: image.digest,
        ...notAnalysed,
        licenseDeclared: unknown,
        primaryPackagePurpose: 'CONTAINER',
        checksums: [{ algorithm: 'SHA256', checksumValue: checksum }],
        externalRefs: purlReference(purl),
      },
      ...sortedBy(packages, (each) => each.SPDXID),
    ],
    hasExtractedLicensingInfos: sortedBy(explained.values(), (each) => each.licenseId),
    relationships: [
      { spdxElementId: 'SPDXRef-DOCUMENT', relationshipType: 'DESCRIBES', relatedSpdxElement: root },
      ...document.dependencies.flatMap(({ ref, dependsOn }) =>
        dependsOn
          .filter((each) => components.has(each) && (ref === purl || components.has(ref)))
          .map((each) => ({
            spdxElementId: idOf(ref),
            relationshipType: components.get(ref)?.type === 'library' ? 'DEPENDS_ON' : 'CONTAINS',
            relatedSpdxElement: idOf(each),
          })),
      ),
    ],
  };
  // A unique name, not an address to open. https://spdx.github.io/spdx-spec/v2.3/document-creation-information/#65-spdx-document-namespace-field
  return { ...whole, documentNamespace: `https://spdx.org/spdxdocs/${name}-${identityOf(whole)}` };
}

/** Nobody computed checksums of the packages' files, and nobody read their licences and copyrights but in the packages' own metadata. */
const notAnalysed = {
  downloadLocation: unknown,
  filesAnalyzed: false,
  licenseConcluded: unknown,
  copyrightText: unknown,
} as const;

function packageOf(
  { 'bom-ref': ref, type, name, version, purl, supplier, licenses }: Component,
  explained: Map<string, OtherLicense>,
) {
  const purpose = type.toUpperCase();
  return {
    SPDXID: idOf(ref),
    name,
    versionInfo: version,
    supplier: supplier?.name ? `Organization: ${oneLine(supplier.name)}` : unknown,
    ...notAnalysed,
    licenseDeclared: spdxExpression(licenses?.map(licenseText).filter(Boolean).join(' AND ') ?? '', explained),
    primaryPackagePurpose: purposes.has(purpose) ? purpose : 'OTHER',
    externalRefs: purl === undefined ? undefined : purlReference(purl),
  };
}

function licenseText({ license, expression }: NonNullable<Component['licenses']>[number]): string {
  return license?.id ?? license?.name ?? expression ?? '';
}

function purlReference(purl: string) {
  return [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: purl }];
}

/** SPDX allows letters, digits, dots and dashes. */
function idOf(ref: string): string {
  return `SPDXRef-Package-${createHash('sha256').update(ref).digest('hex').slice(0, 16)}`;
}

function oneLine(text: string): string {
  return text.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim();
}
