import type { EnhancedImageScanFinding, ImageScanFinding, VulnerablePackage } from '@aws-sdk/client-ecr';
import { describe, expect, it } from 'vitest';
import { purlText } from '../../../core/sbom/purl.ts';
import { hiddenCharacter } from '../../../core/text/visible.ts';
import { ecr, ended } from '../fake-ecr.ts';

const basic = async (...findings: ImageScanFinding[]) => (await ecr([ended({ findings })]).scanOf()).findings;
const enhanced = async (...enhancedFindings: EnhancedImageScanFinding[]) =>
  (await ecr([ended({ enhancedFindings })]).scanOf()).findings;
const attributes = (values: Record<string, string>) => Object.entries(values).map(([key, value]) => ({ key, value }));

describe('findings of basic scanning', () => {
  it('have their package, the version that fixes it, and what people must know', async () => {
    const values = { package_name: 'openssl', package_version: '3.0.1', fixed_in_version: '3.0.2', CVSS3_SCORE: '9.8' };
    const uri = 'https://cve.example/1';
    const one = { name: 'CVE-1', severity: 'HIGH' as const, uri, description: '\n Reads\n  too far. \n' };
    expect(await basic({ ...one, attributes: attributes(values) }, { name: 'CVE-2', severity: 'UNDEFINED' })).toEqual([
      {
        id: 'CVE-1',
        severity: 'HIGH',
        package: 'openssl',
        installed: '3.0.1',
        fixed: '3.0.2',
        url: 'https://cve.example/1',
        description: 'Reads too far.',
        score: 9.8,
      },
      { id: 'CVE-2', severity: 'UNDEFINED', package: 'unknown package', installed: 'unknown version' },
    ]);
  });

  it.each([
    ['https://security-tracker.debian.org/tracker/CVE-1 ', 'pkg:deb/debian/openssl@1:3.0.1-1'],
    ['http://people.ubuntu.com/~ubuntu-security/cve/CVE-1', 'pkg:deb/ubuntu/openssl@1:3.0.1-1'],
    ['https://alas.aws.amazon.com/ALAS-1.html', 'pkg:rpm/amazon/openssl@3.0.1-1?epoch=1'],
    // Who says it of several distributions says nothing of one.
    ['https://access.redhat.com/security/cve/CVE-1', undefined],
    ['https://cve.mitre.org/cgi-bin/cvename.cgi?name=CVE-1', undefined],
    ['https://security-tracker.debian.org.example/CVE-1', undefined],
    ['constructor', undefined],
    [undefined, undefined],
  ])('with an advisory of %s are in the package %s', async (uri, purl) => {
    const values = attributes({ package_name: 'openssl', package_version: '1:3.0.1-1' });
    const [finding] = await basic({ name: 'CVE-1', ...(uri === undefined ? {} : { uri }), attributes: values });
    expect(finding?.purl && purlText(finding.purl)).toBe(purl);
  });

  it.each([
    [{ CVSS4_SCORE: '9.3' }, 9.3, 'CRITICAL'],
    [{ CVSS4_SCORE: 'none', CVSS3_SCORE: '7.5' }, 7.5, 'HIGH'],
    [{ CVSS4_SCORE: '', CVSS2_SCORE: '4.0' }, 4, 'MEDIUM'],
    [{ CVSS3_SCORE: '0.0' }, 0, 'INFORMATIONAL'],
    [{ CVSS3_SCORE: 'none' }, undefined, 'UNDEFINED'],
  ])('of no severity with the attributes %j score %s and count as %s', async (values, score, severity) => {
    const [finding] = await basic({ name: 'CVE-1', severity: 'UNDEFINED', attributes: attributes(values) });
    expect([finding?.score, finding?.severity]).toEqual([score, severity]);
  });

  it('of a severity count as that, whatever their score', async () => {
    const attribute = attributes({ CVSS3_SCORE: '9.8' });
    expect(await basic({ name: 'CVE-1', severity: 'LOW', attributes: attribute })).toMatchObject([{ severity: 'LOW' }]);
  });

  it('of a severity that nobody knows count as undefined', async () => {
    const findings = await basic({ name: 'CVE-5', severity: 'APOCALYPTIC' as never }, { name: 'CVE-6' });
    expect(findings.map(({ severity }) => severity)).toEqual(['UNDEFINED', 'UNDEFINED']);
  });
});

describe('findings of enhanced scanning', () => {
  it('are one for each package, with what Inspector knows of it', async () => {
    const vulnerablePackages = [
      { name: 'libc6', version: '2.36', release: '9', epoch: 0, fixedInVersion: '2.36-10', packageManager: 'OS' },
      { name: 'libc-bin', version: '2.36', epoch: 2, fixedInVersion: 'NotAvailable', packageManager: 'OS' },
    ];
    const common = {
      id: 'CVE-3',
      severity: 'HIGH',
      url: 'https://cve.example/3',
      title: 'CVE-3 - libc6, libc-bin',
      description: 'Reads too far.',
      score: 7.5,
      packageManager: 'OS',
      fixAvailable: 'PARTIAL',
      exploitAvailable: true,
    };
    const findings = await enhanced({
      severity: 'UNTRIAGED',
      title: 'CVE-3 - libc6, libc-bin',
      description: 'Reads too far.',
      score: 7.5,
      fixAvailable: 'PARTIAL',
      exploitAvailable: 'YES',
      status: 'ACTIVE',
      packageVulnerabilityDetails: { vulnerabilityId: 'CVE-3', sourceUrl: 'https://cve.example/3', vulnerablePackages },
    });
    expect(findings).toEqual([
      { ...common, package: 'libc-bin', installed: '2:2.36' },
      { ...common, package: 'libc6', installed: '2.36-9', fixed: '2.36-10' },
    ]);
  });

  it('of one package in several places are one, with the first of the places', async () => {
    const at = (place: number): EnhancedImageScanFinding => ({
      severity: place === 3 ? 'HIGH' : 'LOW',
      exploitAvailable: place === 5 ? 'YES' : 'NO',
      packageVulnerabilityDetails: {
        vulnerabilityId: 'CVE-7',
        vulnerablePackages: [
          {
            name: 'lodash',
            version: '4.0.0',
            packageManager: 'NPM',
            filePath: `/app/${place}/package.json`,
            ...(place === 4 ? { fixedInVersion: '4.0.1' } : {}),
          },
        ],
      },
    });
    expect(await enhanced(...Array.from({ length: 8 }, (_, place) => at(place)))).toEqual([
      {
        id: 'CVE-7',
        severity: 'HIGH',
        package: 'lodash',
        installed: '4.0.0',
        fixed: '4.0.1',
        packageManager: 'NPM',
        purl: { type: 'npm', name: 'lodash', version: '4.0.0' },
        paths: [0, 1, 2, 3, 4].map((place) => `/app/${place}/package.json`),
        exploitAvailable: true,
      },
    ]);
  });

  it.each([
    [
      'without its packages',
      { title: 'CVE-4 - zlib', severity: 'CRITICAL', packageVulnerabilityDetails: { vulnerabilityId: 'CVE-4' } },
    ],
    [
      'with an empty list of them',
      { severity: 'CRITICAL', packageVulnerabilityDetails: { vulnerabilityId: 'CVE-4', vulnerablePackages: [] } },
    ],
    ['of another kind', { title: 'CVE-4', severity: 'CRITICAL' }],
    ['that somebody suppressed in Inspector', { title: 'CVE-4', severity: 'CRITICAL', status: 'SUPPRESSED' }],
  ])('%s count all the same', async (_, finding) => {
    expect(await enhanced(finding)).toMatchObject([{ id: expect.stringContaining('CVE-4'), severity: 'CRITICAL' }]);
  });

  it.each([
    ['GHSA-x', ['CVE-2026-1000'], ['CVE-2026-1000']],
    ['ALAS2023-2026-1', ['CVE-2026-1000', 'CVE-2026-2000'], undefined],
    ['CVE-2026-1000', ['CVE-2026-2000'], undefined],
    ['GHSA-x', ['GHSA-y'], undefined],
    ['GHSA-x', ['CVE-2026-12345678901234567890'], undefined],
    ['GHSA-x', undefined, undefined],
  ])('that are called %s and are related to %j may be named by %j, too', async (vulnerabilityId, related, aliases) => {
    const [finding] = await enhanced({
      packageVulnerabilityDetails: { vulnerabilityId, ...(related ? { relatedVulnerabilities: related } : {}) },
    });
    expect(finding?.aliases).toEqual(aliases);
  });

  const inPackage = async (vulnerable: VulnerablePackage, platform?: string) => {
    const [finding] = await enhanced({
      packageVulnerabilityDetails: { vulnerabilityId: 'CVE-7', vulnerablePackages: [vulnerable] },
      resources: [{ details: { awsEcrContainerImage: platform === undefined ? {} : { platform } } }],
    });
    return finding?.purl && purlText(finding.purl);
  };

  it.each([
    ['DEBIAN_12', { arch: 'X86_64' }, 'pkg:deb/debian/foo@1.2-3?arch=amd64&distro=debian-12'],
    ['DEBIAN_12', { arch: 'AARCH64', epoch: 2 }, 'pkg:deb/debian/foo@2:1.2-3?arch=arm64&distro=debian-12'],
    ['UBUNTU_22_04', { arch: 'ALL' }, 'pkg:deb/ubuntu/foo@1.2-3?arch=all&distro=ubuntu-22.04'],
    ['ALPINE_LINUX_3_20', { release: 'r3' }, 'pkg:apk/alpine/foo@1.2-r3?distro=alpine-3.20'],
    ['AMAZON_LINUX_2', { epoch: 1, arch: 'X86_64' }, 'pkg:rpm/amazon/foo@1.2-3?arch=x86_64&distro=amazon-2&epoch=1'],
    ['ORACLE_LINUX_8', {}, 'pkg:rpm/oracle/foo@1.2-3?distro=oracle-8'],
    ['PLAN_9', {}, undefined],
    ['DEBIAN', {}, undefined],
    [undefined, {}, undefined],
  ])('in an image of %s with %j are in the package %s', async (platform, over, purl) => {
    const vulnerable = { name: 'foo', version: '1.2', release: '3', packageManager: 'OS', ...over };
    expect(await inPackage(vulnerable, platform)).toBe(purl);
  });

  it.each([
    ['PYTHONPKG', 'Flask_Login', 'pkg:pypi/flask-login@1.2.0'],
    ['NODEPKG', '@angular/core', 'pkg:npm/%40angular/core@1.2.0'],
    ['JAR', 'org.apache.logging.log4j:log4j-core', 'pkg:maven/org.apache.logging.log4j/log4j-core@1.2.0'],
    ['JAR', 'log4j-core', undefined],
    ['GOBINARY', 'github.com/aws/smithy-go', 'pkg:golang/github.com/aws/smithy-go@1.2.0'],
    ['COMPOSER', 'laravel/framework', 'pkg:composer/laravel/framework@1.2.0'],
    ['constructor', 'x', undefined],
  ])('of %s in %s are in the package %s, whatever the distribution', async (packageManager, name, purl) => {
    expect(await inPackage({ packageManager, name, version: '1.2.0' }, 'DEBIAN_12')).toBe(purl);
  });

  it('of a package of the distribution and one of a language with one name are in neither for certain', async () => {
    const both = ['OS', 'PYTHONPKG'].map((packageManager) => ({ packageManager, name: 'x', version: '1' }));
    const [finding, ...others] = await enhanced({
      packageVulnerabilityDetails: { vulnerabilityId: 'CVE-7', vulnerablePackages: both },
      resources: [{ details: { awsEcrContainerImage: { platform: 'DEBIAN_12' } } }],
    });
    expect([finding?.package, finding?.purl, others]).toEqual(['x', undefined, []]);
  });

  it.each([
    [{ score: 9.1 }, 'CRITICAL', 9.1],
    [{}, 'HIGH', 8.8],
  ])('that nobody has triaged count as their score says, with %j as %s', async (over, severity, score) => {
    const cvss = [{ baseScore: 5 }, { baseScore: 8.8 }];
    const [finding] = await enhanced({
      severity: 'UNTRIAGED',
      packageVulnerabilityDetails: { vulnerabilityId: 'CVE-7', cvss },
      ...over,
    });
    expect([finding?.severity, finding?.score]).toEqual([severity, score]);
  });

  it('that Inspector closed are none', async () => {
    expect(await enhanced({ title: 'CVE-4', severity: 'CRITICAL', status: 'CLOSED' })).toEqual([]);
  });
});

it('what a database of vulnerabilities says is text of one line, and its links lead to the web', async () => {
  const nasty = `<script>\u001b[31m\u202e\u0000\n${'x'.repeat(100_000)}`;
  const [of] = await enhanced({
    title: nasty,
    description: nasty,
    packageVulnerabilityDetails: {
      vulnerabilityId: nasty,
      sourceUrl: 'javascript:alert(1)',
      vulnerablePackages: [
        { name: nasty, version: nasty, fixedInVersion: nasty, packageManager: nasty, filePath: `/${nasty}` },
      ],
    },
  });
  const [plain] = await basic({
    name: nasty,
    description: nasty,
    uri: 'https://cve.example/"><b>',
    attributes: attributes({
      package_name: nasty,
      package_version: nasty,
      fixed_in_version: nasty,
      CVSS3_SCORE: nasty,
    }),
  });
  const texts = [of, plain].flatMap((finding) => Object.values(finding ?? {}).flat());
  expect(texts.length).toBeGreaterThan(14);
  for (const text of texts.map(String)) {
    expect(text.search(hiddenCharacter)).toBe(-1);
    expect(text).not.toMatch(/[\n\t\r]/);
    expect(text.length).toBeLessThanOrEqual(500);
  }
  expect(of).toMatchObject({ url: undefined });
  expect(plain?.url).toBe('https://cve.example/%22%3E%3Cb%3E');
  expect(plain).toMatchObject({ score: undefined });
});

it('null in a list takes no other finding with it, and is no finding', async () => {
  const nothing = null as never;
  const vulnerable = { name: 'zlib', version: '1', packageManager: 'OS' };
  expect(
    await enhanced(nothing, {
      severity: 'HIGH',
      resources: [nothing],
      packageVulnerabilityDetails: {
        vulnerabilityId: 'CVE-1',
        cvss: [nothing],
        vulnerablePackages: [nothing, vulnerable],
      },
    }),
  ).toMatchObject([{ id: 'CVE-1', package: 'zlib', severity: 'HIGH' }]);
  expect(
    await basic(nothing, {
      name: 'CVE-2',
      severity: 'HIGH',
      attributes: [nothing, { key: 'package_name', value: 'zlib' }],
    }),
  ).toMatchObject([{ id: 'CVE-2', package: 'zlib', severity: 'HIGH' }]);
});

it.each(['https://', 'ftp://x/', 'cve.example/1', `https://cve.example/${'x'.repeat(1000)}`])(
  'the link %s is left out',
  async (uri) => {
    expect((await basic({ name: 'CVE-1', uri }))[0]).toMatchObject({ id: 'CVE-1', url: undefined });
  },
);

it('findings that are listed twice are one, the worst first, in one order', async () => {
  const of = (name: string, severity: ImageScanFinding['severity'], version = '1'): ImageScanFinding => ({
    name,
    severity,
    attributes: attributes({ package_name: 'zlib', package_version: version }),
  });
  const all = [
    of('CVE-9', 'LOW'),
    of('CVE-2', 'HIGH'),
    of('CVE-9', 'CRITICAL'),
    of('CVE-2', 'HIGH', '2'),
    of('CVE-1', 'LOW'),
  ];
  const findings = await basic(...all);
  expect(findings.map(({ id, severity, installed }) => `${id} ${severity} ${installed}`)).toEqual([
    'CVE-9 CRITICAL 1',
    'CVE-2 HIGH 1',
    'CVE-2 HIGH 2',
    'CVE-1 LOW 1',
  ]);
  expect(await basic(...all.toReversed())).toEqual(findings);
});
