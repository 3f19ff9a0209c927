import type { EnhancedImageScanFinding, ImageScanFinding } from '@aws-sdk/client-ecr';
import { describe, expect, it } from 'vitest';
import { hiddenCharacter } from '../../../core/text/visible.ts';
import { ecr, ended } from '../small-ecr.ts';

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
      severity: 'UNDEFINED',
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
  expect(of).not.toHaveProperty('url');
  expect(plain?.url).toBe('https://cve.example/%22%3E%3Cb%3E');
  expect(plain).not.toHaveProperty('score');
});

it.each(['https://', 'ftp://x/', 'cve.example/1', `https://cve.example/${'x'.repeat(1000)}`])(
  'the link %s is left out',
  async (uri) => {
    expect((await basic({ name: 'CVE-1', uri }))[0]).not.toHaveProperty('url');
  },
);

it('findings that are told twice are one, the worst first, in one order', async () => {
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
