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

const root = 'SPDXRef-DocumentRoot-Directory-image';
const spdx = (over: object = {}, run = 'one') => ({
  spdxVersion: 'SPDX-2.3',
  dataLicense: 'CC0-1.0',
  SPDXID: 'SPDXRef-DOCUMENT',
  name: 'image',
  documentNamespace: `https://example.org/${run}`,
  creationInfo: { creators: ['Organization: aquasecurity', 'Tool: trivy-0.50.0'], created: `run ${run}` },
  packages: [
    {
      name: 'bash',
      SPDXID: 'SPDXRef-bash',
      externalRefs: [
        { referenceCategory: 'SECURITY', referenceType: 'cpe23Type', referenceLocator: 'cpe:2.3:a:bash' },
        { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: 'pkg:rpm/fedora/bash@5' },
      ],
    },
    { name: 'image', SPDXID: root, versionInfo: '0', primaryPackagePurpose: 'FILE' },
  ],
  files: [{ fileName: 'var/lib/rpm/rpmdb.sqlite', SPDXID: 'SPDXRef-File-1', checksums: [{ checksumValue: '0' }] }],
  relationships: [
    { spdxElementId: root, relatedSpdxElement: 'SPDXRef-bash', relationshipType: 'CONTAINS' },
    { spdxElementId: 'SPDXRef-bash', relatedSpdxElement: 'SPDXRef-File-1', relationshipType: 'OTHER' },
    { spdxElementId: 'SPDXRef-DOCUMENT', relatedSpdxElement: root, relationshipType: 'DESCRIBES' },
  ],
  ...over,
});

const make = (format: 'cyclonedx' | 'spdx', document: unknown) => sbomOf(format, JSON.stringify(document), image);

test('a CycloneDX bill is of the image: its name, its digest, its package URL and the time of its commit', () => {
  const { text, tool, distributionPackages } = make('cyclonedx', cycloneDx());
  expect({ tool, distributionPackages }).toEqual({ tool: 'trivy 0.50.0', distributionPackages: 1 });
  expect(JSON.parse(text)).toMatchObject({
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
});

test('an SPDX bill is of the image, and claims no checksum of a file that nobody took', () => {
  const { text, tool, distributionPackages } = make('spdx', spdx());
  expect({ tool, distributionPackages }).toEqual({ tool: 'trivy 0.50.0', distributionPackages: 1 });
  const document = JSON.parse(text);
  expect(document).toMatchObject({ name: 'demo/web', creationInfo: { created: '2026-11-21T01:02:03Z' } });
  expect(document.packages[0]).toMatchObject({
    SPDXID: root,
    name: 'demo/web',
    versionInfo: image.digest,
    primaryPackagePurpose: 'CONTAINER',
    checksums: [{ algorithm: 'SHA256', checksumValue: checksum }],
    externalRefs: [{ referenceType: 'purl', referenceLocator: purl }],
  });
  expect(document).not.toHaveProperty('files');
  expect(document.relationships.map((each: { relationshipType: string }) => each.relationshipType)).toEqual([
    'DESCRIBES',
    'CONTAINS',
  ]);
});

test('what a package says of itself makes no document that the format forbids', () => {
  const said = (over: object) => ({ name: 'evil', SPDXID: 'SPDXRef-evil', ...over });
  const purlOf = (locator: string) => ({
    referenceCategory: 'PACKAGE-MANAGER',
    referenceType: 'purl',
    referenceLocator: locator,
  });
  const document = spdx({
    packages: [
      ...spdx().packages,
      said({ downloadLocation: 'chalk/wrap-ansi', homepage: 'javascript:alert(1)' }),
      said({ downloadLocation: 'git+https://exa mple.org/x.git', homepage: 'http://[::1' }),
      said({ downloadLocation: `https://${'a-'.repeat(500_000)}`, externalRefs: [purlOf('pkg:npm/a\n\u001b[31m@1')] }),
      said({ downloadLocation: 'git+ssh://git@example.org/x.git', homepage: 'https://example.org/é' }),
      said({ downloadLocation: 'https://example.org:8443/x?y#z', homepage: 'http://example.org' }),
    ],
  });
  const { packages } = JSON.parse(make('spdx', document).text);
  const kept = packages.slice(2).map(({ SPDXID: _, name: __, ...rest }: Record<string, unknown>) => rest);
  expect(kept).toEqual([
    { downloadLocation: 'NOASSERTION' },
    { downloadLocation: 'NOASSERTION' },
    { downloadLocation: 'NOASSERTION', externalRefs: [] },
    { downloadLocation: 'git+ssh://git@example.org/x.git' },
    { downloadLocation: 'https://example.org:8443/x?y#z', homepage: 'http://example.org' },
  ]);

  const components = [{ type: 'library', name: 'a', purl: 'pkg:npm/a\n@1' }];
  expect(JSON.parse(make('cyclonedx', cycloneDx({ components })).text).components).toEqual([
    { 'bom-ref': 'library:a:', type: 'library', name: 'a' },
  ]);
});

test('a licence that SPDX does not know is explained by the document that names it', () => {
  const said = (licenseDeclared: string, SPDXID: string) => ({ name: 'a', SPDXID, licenseDeclared });
  const { packages, hasExtractedLicensingInfos } = JSON.parse(
    make(
      'spdx',
      spdx({
        packages: [
          ...spdx().packages,
          said('MIT AND Expat AND GPL-2.0-only', 'SPDXRef-1'),
          said('GPL-3.0 WITH <b>mine</b>\n', 'SPDXRef-2'),
          said('NONE', 'SPDXRef-3'),
          said('', 'SPDXRef-4'),
          said('LicenseRef-own AND LicenseRef-nobody', 'SPDXRef-5'),
          said('Expat', 'SPDXRef-6'),
        ],
        hasExtractedLicensingInfos: [{ licenseId: 'LicenseRef-own', extractedText: 'Do as you like.' }],
      }),
    ).text,
  );
  expect(packages.slice(0, 6).map((each: { licenseDeclared: string }) => each.licenseDeclared)).toEqual([
    'MIT AND LicenseRef-Expat AND GPL-2.0-only',
    'LicenseRef-GPL-3.0-WITH-b-mine-b-',
    'NONE',
    'NOASSERTION',
    'LicenseRef-own AND LicenseRef-nobody',
    'LicenseRef-Expat',
  ]);
  expect(hasExtractedLicensingInfos).toMatchObject([
    { licenseId: 'LicenseRef-Expat', name: 'Expat' },
    { licenseId: 'LicenseRef-GPL-3.0-WITH-b-mine-b-' },
    { licenseId: 'LicenseRef-nobody' },
    { licenseId: 'LicenseRef-own', extractedText: 'Do as you like.' },
  ]);
});

test('the order in which a generator writes says nothing', () => {
  const [one, two] = [spdx(), spdx()];
  two.packages.reverse();
  two.relationships.reverse();
  expect(make('spdx', two).text).toBe(make('spdx', one).text);
  const [first, second] = [cycloneDx(), cycloneDx()];
  second.components.reverse();
  // Two of one name.
  for (const { components } of [first, second]) components.push({ type: 'operating-system', name: 'debian' });
  expect(make('cyclonedx', second).text).toBe(make('cyclonedx', first).text);
});

test('the same content is the same document, and other content has another identity', () => {
  expect(make('cyclonedx', cycloneDx({}, 'one')).text).toBe(make('cyclonedx', cycloneDx({}, 'two')).text);
  expect(make('spdx', spdx({}, 'one')).text).toBe(make('spdx', spdx({}, 'two')).text);

  const serialOf = (over: object) => JSON.parse(make('cyclonedx', cycloneDx(over)).text).serialNumber;
  expect(serialOf({})).toMatch(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(serialOf({ components: [] })).not.toBe(serialOf({}));
  const namespaceOf = (over: object) => JSON.parse(make('spdx', spdx(over)).text).documentNamespace;
  expect(namespaceOf({})).toMatch(/^https:\/\/spdx\.org\/spdxdocs\/demo\/web-[0-9a-f-]{36}$/);
  expect(namespaceOf({ dataLicense: 'CC0' })).not.toBe(namespaceOf({}));
});

test('an image of nothing has a bill without packages', () => {
  const { components: _, ...empty } = cycloneDx();
  expect(make('cyclonedx', empty).distributionPackages).toBe(0);
  expect(JSON.parse(make('cyclonedx', empty).text).components).toEqual([]);
});

test.each([
  ['cyclonedx', 'no JSON', ''],
  ['cyclonedx', 'no JSON', '<html>'],
  ['cyclonedx', 'no object', '[]'],
  ['cyclonedx', 'of the other format', JSON.stringify(spdx())],
  ['cyclonedx', 'without the tool', JSON.stringify(cycloneDx({ metadata: {} }))],
  ['cyclonedx', 'with a component without a name', JSON.stringify(cycloneDx({ components: [{ type: 'library' }] }))],
  ['spdx', 'no JSON', '{"spdxVersion":"SPDX-2.3"'],
  ['spdx', 'of the other format', JSON.stringify(cycloneDx())],
  ['spdx', 'without packages', JSON.stringify(spdx({ packages: [] }))],
  ['spdx', 'that describes nothing', JSON.stringify(spdx({ relationships: [] }))],
] as const)('what is no %s document is none: %s', (format, _what, text) => {
  expect(() => sbomOf(format, text, image)).toThrow(InvalidInputError);
});
