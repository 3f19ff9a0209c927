import { expect, test } from 'vitest';
import { InvalidInputError } from '../../../core/model/errors.ts';
import { sbomOf } from '../../../core/sbom/sbom.ts';

const checksum = 'ab'.repeat(32);
const image = {
  repository: 'registry.example:4600/demo/web',
  digest: `sha256:${checksum}`,
  architecture: 'arm64',
  createdAt: new Date('2026-11-21T01:02:03.456Z'),
};
const purl = `pkg:oci/web@sha256:${checksum}?arch=arm64&repository_url=registry.example%3A4600%2Fdemo%2Fweb`;

const cycloneDx = (over: object = {}, run = 'one') => ({
  bomFormat: 'CycloneDX',
  specVersion: '1.5',
  serialNumber: `urn:uuid:${run}`,
  version: 1,
  metadata: {
    timestamp: `the time of run ${run}`,
    tools: [{ vendor: 'aquasecurity', name: 'trivy', version: '0.50.0' }],
    component: { 'bom-ref': 'x', type: 'file', name: 'image' },
  },
  components: [
    { type: 'library', name: 'bash', version: '5', purl: 'pkg:deb/debian/bash@5' },
    { type: 'library', name: 'left-pad', version: '1', purl: 'pkg:npm/left-pad@1' },
    { type: 'operating-system', name: 'debian' },
  ],
  ...over,
});

const sbom = (document: unknown) => sbomOf(JSON.stringify(document), image);
const cyclonedxOf = (document: unknown) => JSON.parse(sbom(document).texts.cyclonedx);
const spdxOf = (document: unknown) => JSON.parse(sbom(document).texts.spdx);
const library = (name: string, over: object = {}) => ({ 'bom-ref': name, type: 'library', name, ...over });

test('an SBOM is of the image: its name, its digest, its package URL and the time of its commit', () => {
  const { tool, distributionPackages } = sbom(cycloneDx());
  expect({ tool, distributionPackages }).toEqual({ tool: 'trivy 0.50.0', distributionPackages: 1 });
  expect(cyclonedxOf(cycloneDx())).toMatchObject({
    metadata: {
      timestamp: '2026-11-21T01:02:03Z',
      component: {
        type: 'container',
        name: 'demo/web',
        version: image.digest,
        purl,
        hashes: [{ alg: 'SHA-256', content: checksum }],
      },
    },
    components: [{ name: 'bash' }, { name: 'left-pad' }, { name: 'debian' }],
  });
  const document = spdxOf(cycloneDx());
  expect(document).toMatchObject({
    name: 'demo/web',
    creationInfo: { created: '2026-11-21T01:02:03Z', creators: ['Tool: trivy-0.50.0'] },
  });
  expect(document.packages[0]).toMatchObject({
    name: 'demo/web',
    versionInfo: image.digest,
    primaryPackagePurpose: 'CONTAINER',
    checksums: [{ algorithm: 'SHA256', checksumValue: checksum }],
    externalRefs: [{ referenceType: 'purl', referenceLocator: purl }],
  });
  expect(document.packages.map((each: { name: string }) => each.name)).toEqual(
    expect.arrayContaining(['demo/web', 'bash', 'left-pad', 'debian']),
  );
});

test('the generator is named in both of CycloneDX’s forms', () => {
  const { metadata } = cycloneDx();
  const tools = { components: [{ type: 'application', group: 'aquasecurity', name: 'trivy', version: '0.70.0' }] };
  const document = cycloneDx({ specVersion: '1.6', metadata: { ...metadata, tools } });
  expect(sbom(document).tool).toBe('trivy 0.70.0');
  expect(spdxOf(document).creationInfo.creators).toEqual(['Tool: trivy-0.70.0']);
});

test('the SPDX document says what contains and what depends on what, as the CycloneDX document does', () => {
  const document = spdxOf(
    cycloneDx({
      components: [library('app'), library('lib'), { 'bom-ref': 'os', type: 'operating-system', name: 'debian' }],
      dependencies: [
        { ref: 'x', dependsOn: ['os', 'app'] },
        { ref: 'os', dependsOn: ['lib'] },
        { ref: 'app', dependsOn: ['lib', 'nobody'] },
        { ref: 'nobody', dependsOn: ['lib'] },
      ],
    }),
  );
  const names = new Map(document.packages.map((each: { SPDXID: string; name: string }) => [each.SPDXID, each.name]));
  interface Relationship {
    spdxElementId: string;
    relationshipType: string;
    relatedSpdxElement: string;
  }
  const sentences = document.relationships.map((each: Relationship) =>
    [names.get(each.spdxElementId), each.relationshipType, names.get(each.relatedSpdxElement)].join(' '),
  );
  expect(sentences.toSorted()).toEqual([
    ' DESCRIBES demo/web',
    'app DEPENDS_ON lib',
    'debian CONTAINS lib',
    'demo/web CONTAINS app',
    'demo/web CONTAINS debian',
  ]);
});

test('what a package says of itself makes no document that the formats forbid', () => {
  const components = [
    library('evil', {
      purl: 'pkg:npm/a\n@1',
      supplier: { name: 'Mallory\nRelationship: x' },
      licenses: [{ license: { name: 'GPL-3.0 WITH <b>mine</b>\n' } }],
    }),
    { type: 'cryptographic-asset', name: 'key', supplier: {} },
  ];
  const [, ...packages] = spdxOf(cycloneDx({ components })).packages;
  expect(packages.find((each: { name: string }) => each.name === 'evil')).toMatchObject({
    SPDXID: expect.stringMatching(/^SPDXRef-[A-Za-z0-9.-]+$/),
    supplier: 'Organization: Mallory Relationship: x',
    downloadLocation: 'NOASSERTION',
    filesAnalyzed: false,
    licenseDeclared: 'LicenseRef-GPL-3.0-WITH-b-mine-b-',
  });
  expect(packages.find((each: { name: string }) => each.name === 'key')).toMatchObject({
    supplier: 'NOASSERTION',
    primaryPackagePurpose: 'OTHER',
    licenseDeclared: 'NOASSERTION',
  });
  for (const each of packages) expect(each).not.toHaveProperty('externalRefs');
  const cleaned = cyclonedxOf(cycloneDx({ components: [{ type: 'library', name: 'a', purl: 'pkg:npm/a\n@1' }] }));
  expect(cleaned.components).toEqual([{ 'bom-ref': 'library:a:', type: 'library', name: 'a' }]);
});

test('a licence that SPDX does not know is explained by the document that names it', () => {
  const licensed = (name: string, ...licenses: object[]) => library(name, { licenses });
  const named = (name: string) => ({ license: { name } });
  const { packages, hasExtractedLicensingInfos } = spdxOf(
    cycloneDx({
      components: [
        licensed('a', { license: { id: 'MIT' } }, named('Expat'), named('GPL-2.0-only')),
        licensed('b', { expression: 'MIT AND LicenseRef-own' }),
        licensed('c', named('')),
        licensed('d', named('Expat')),
        licensed('e'),
      ],
    }),
  );
  const [, ...own] = packages;
  expect(Object.fromEntries(own.map((each: Record<string, string>) => [each.name, each.licenseDeclared]))).toEqual({
    a: 'MIT AND LicenseRef-Expat AND GPL-2.0-only',
    b: 'MIT AND LicenseRef-own',
    c: 'NOASSERTION',
    d: 'LicenseRef-Expat',
    e: 'NOASSERTION',
  });
  expect(hasExtractedLicensingInfos).toMatchObject([
    { licenseId: 'LicenseRef-Expat', name: 'Expat' },
    { licenseId: 'LicenseRef-own' },
  ]);
});

test('the order in which a generator writes says nothing', () => {
  const [first, second] = [cycloneDx(), cycloneDx()];
  second.components.reverse();
  // Two of one name.
  for (const { components } of [first, second]) components.push({ type: 'operating-system', name: 'debian' });
  expect(sbom(second).texts).toEqual(sbom(first).texts);
});

test('the same content is the same documents, and other content has another identity', () => {
  expect(sbom(cycloneDx({}, 'one')).texts).toEqual(sbom(cycloneDx({}, 'two')).texts);

  const serialOf = (over: object) => cyclonedxOf(cycloneDx(over)).serialNumber;
  expect(serialOf({})).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(serialOf({ components: [] })).not.toBe(serialOf({}));
  const namespaceOf = (over: object) => spdxOf(cycloneDx(over)).documentNamespace;
  expect(namespaceOf({})).toMatch(/^https:\/\/spdx\.org\/spdxdocs\/demo\/web-[0-9a-f-]{36}$/);
  expect(namespaceOf({ components: [] })).not.toBe(namespaceOf({}));
});

test('an image of nothing has an SBOM without packages', () => {
  const { components: _, ...empty } = cycloneDx();
  expect(sbom(empty).distributionPackages).toBe(0);
  expect(cyclonedxOf(empty).components).toEqual([]);
  expect(spdxOf(empty).packages).toHaveLength(1);
});

test.each([
  ['no JSON', ''],
  ['no JSON', '<html>'],
  ['no object', '[]'],
  ['of another format', JSON.stringify({ spdxVersion: 'SPDX-2.3' })],
  ['without the tool', JSON.stringify(cycloneDx({ metadata: {} }))],
  ['with a component without a name', JSON.stringify(cycloneDx({ components: [{ type: 'library' }] }))],
])('what is no CycloneDX document is none: %s', (_what, text) => {
  expect(() => sbomOf(text, image)).toThrow(InvalidInputError);
});
