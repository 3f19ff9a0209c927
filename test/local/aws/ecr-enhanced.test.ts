import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  CreateRepositoryCommand,
  DescribeImageScanFindingsCommand,
  ECRClient,
  PutRegistryScanningConfigurationCommand,
  StartImageScanCommand,
} from '@aws-sdk/client-ecr';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { compilePattern } from '../../../local/aws/events/pattern.ts';
import type { Scanner, ScanOutcome } from '../../../local/scanner/scanner.ts';
import { eventually } from '../../eventually.ts';
import { tarOf } from '../registry/image-parts.ts';
import { createClient } from '../registry/registry-client.ts';
import { type RegistryMachine, startRegistryMachine } from '../registry/registry-machine.ts';
import { makeRole } from './role.ts';

const osRelease = 'VERSION_ID="12"\nID=debian\n';
const layer = tarOf([
  { path: 'etc/os-release', content: osRelease },
  {
    path: 'var/lib/dpkg/status',
    content: 'Package: libfoo1\nStatus: install ok installed\nSource: foo\nVersion: 1:1.2-3\n',
  },
]);
const severity = [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }];
const record = (number: number, more: object = {}) => ({
  id: `DEBIAN-CVE-2026-${number}`,
  modified: '2026-01-02T03:04:05Z',
  summary: 'foo reads too far',
  affected: [
    {
      package: { ecosystem: 'Debian:12', name: 'foo' },
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '1:1.2-4' }] }],
    },
  ],
  references: [{ type: 'ADVISORY', url: `https://example.org/CVE-2026-${number}` }],
  ...more,
});

let machine: RegistryMachine;
let ecr: ECRClient;
let osvFolder: string;
const repositoryName = 'candidate/app';

async function start(scanner: Scanner | 'records' = 'records') {
  machine = await startRegistryMachine({ scanner, osvFolder });
  ecr = clientFor(machine.account.iam.ownerKeys());
  await ecr.send(new CreateRepositoryCommand({ repositoryName }));
}

beforeEach(() => {
  osvFolder = mkdtempSync(path.join(tmpdir(), 'slipway osv '));
  writeRecord(1, { severity });
});

afterEach(async () => {
  await machine.stop();
  await rm(osvFolder, { recursive: true });
});

const clientFor = (credentials: { accessKeyId: string; secretAccessKey: string }) =>
  new ECRClient({ endpoint: `${machine.url}/aws`, region: 'us-east-1', credentials, maxAttempts: 1 });

const writeRecord = (number: number, more: object = {}, folder = osvFolder) =>
  writeFileSync(path.join(folder, `${number}.json`), JSON.stringify(record(number, more)));

const enhance = (scanFrequency: 'SCAN_ON_PUSH' | 'CONTINUOUS_SCAN', filter = '*') =>
  ecr.send(
    new PutRegistryScanningConfigurationCommand({
      scanType: 'ENHANCED',
      rules: [{ scanFrequency, repositoryFilters: [{ filter, filterType: 'WILDCARD' }] }],
    }),
  );
const toBasic = () => ecr.send(new PutRegistryScanningConfigurationCommand({ scanType: 'BASIC', rules: [] }));
const push = () => createClient(machine.url, machine.owner).pushImage(repositoryName, 'v1', [layer]);
const describeScan = (imageDigest: string, more: { maxResults?: number; nextToken?: string } = {}, client = ecr) =>
  client.send(new DescribeImageScanFindingsCommand({ repositoryName, imageId: { imageDigest }, ...more }));
const scanned = (digest: string) =>
  eventually(async () => {
    const answer = await describeScan(digest);
    expect(answer.imageScanFindings?.imageScanCompletedAt).toBeInstanceOf(Date);
    return answer;
  });
const told = (type: string) => machine.events.filter((event) => event['detail-type'] === type);
const namesOf = (events: { detail: Record<string, unknown> }[]) =>
  events.map(({ detail }) => `${detail.title} ${detail.status}`);

/** A scanner that ends as it is told to, and not before. */
function standIn() {
  let end: (outcome: ScanOutcome) => void = () => undefined;
  const scans: string[] = [];
  const scanner: Scanner = {
    scan({ digest }) {
      scans.push(digest);
      return new Promise((resolve) => {
        end = resolve;
      });
    },
    async stop() {
      end({ status: 'FAILED', reason: 'stopped' });
    },
  };
  return { scanner, scans, end: (outcome: ScanOutcome) => end(outcome) };
}

describe('enhanced scanning', () => {
  test('has findings of the packages of an image, as Inspector tells them', async () => {
    await start();
    await enhance('CONTINUOUS_SCAN');
    const digest = await push();
    const arn = `arn:aws:ecr:us-east-1:123456789012:repository/${repositoryName}`;
    const answer = await scanned(digest);
    expect(answer.imageScanStatus).toEqual({
      status: 'ACTIVE',
      description: 'Continuous scan is selected for image.',
    });
    expect(answer.imageScanFindings).toEqual({
      imageScanCompletedAt: expect.any(Date),
      vulnerabilitySourceUpdatedAt: new Date('2026-01-02T03:04:05Z'),
      findingSeverityCounts: { CRITICAL: 1 },
      enhancedFindings: [
        {
          awsAccountId: '123456789012',
          description: 'foo reads too far',
          exploitAvailable: 'NO',
          findingArn: expect.stringMatching(/^arn:aws:inspector2:us-east-1:123456789012:finding\/[0-9a-f]{32}$/),
          firstObservedAt: expect.any(Date),
          fixAvailable: 'YES',
          lastObservedAt: expect.any(Date),
          packageVulnerabilityDetails: {
            cvss: [{ baseScore: 9.8, scoringVector: severity[0]?.score, source: 'NVD', version: '3.1' }],
            referenceUrls: ['https://example.org/CVE-2026-1'],
            relatedVulnerabilities: [],
            source: 'NVD',
            sourceUrl: 'https://example.org/CVE-2026-1',
            vulnerabilityId: 'CVE-2026-1',
            vulnerablePackages: [
              { epoch: 1, fixedInVersion: '1:1.2-4', name: 'foo', packageManager: 'OS', release: '3', version: '1.2' },
            ],
          },
          remediation: { recommendation: { text: 'None Provided' } },
          resources: [
            {
              details: {
                awsEcrContainerImage: {
                  imageHash: digest,
                  imageTags: ['v1'],
                  platform: 'DEBIAN_12',
                  pushedAt: expect.any(Date),
                  registry: '123456789012',
                  repositoryName,
                },
              },
              id: `${arn}/${digest}`,
              type: 'AWS_ECR_CONTAINER_IMAGE',
            },
          ],
          score: 9.8,
          scoreDetails: {
            cvss: {
              adjustments: [],
              score: 9.8,
              scoreSource: 'NVD',
              scoringVector: severity[0]?.score,
              version: '3.1',
            },
          },
          severity: 'CRITICAL',
          status: 'ACTIVE',
          title: 'CVE-2026-1 - foo',
          type: 'PACKAGE_VULNERABILITY',
          updatedAt: expect.any(Date),
        },
      ],
    });
    expect(told('Inspector2 Scan')).toEqual([
      {
        source: 'aws.inspector2',
        'detail-type': 'Inspector2 Scan',
        resources: [arn],
        detail: {
          'scan-status': 'INITIAL_SCAN_COMPLETE',
          'repository-name': arn,
          'finding-severity-counts': { CRITICAL: 1, TOTAL: 1 },
          'image-digest': digest,
          'image-tags': ['v1'],
        },
      },
    ]);
    const date = expect.stringMatching(/^[A-Z][a-z]{2} \d{1,2}, \d{4}, \d{1,2}:\d{2}:\d{2} [AP]M$/);
    expect(told('Inspector2 Finding')).toMatchObject([
      {
        source: 'aws.inspector2',
        resources: [`${arn}/${digest}`],
        detail: {
          findingArn: answer.imageScanFindings?.enhancedFindings?.[0]?.findingArn,
          firstObservedAt: date,
          inspectorScore: 9.8,
          inspectorScoreDetails: { adjustedCvss: { score: 9.8, cvssSource: 'NVD' } },
          resources: [{ details: { awsEcrContainerImage: { imageHash: digest, pushedAt: date, repositoryName } } }],
          status: 'ACTIVE',
        },
      },
    ]);
    expect(told('ECR Image Scan')).toEqual([]);
    const isFinding = compilePattern({
      source: ['aws.inspector2'],
      'detail-type': ['Inspector2 Finding'],
      detail: { resources: { type: ['AWS_ECR_CONTAINER_IMAGE'] }, status: ['ACTIVE'] },
    });
    expect(machine.events.filter(isFinding)).toHaveLength(1);
  });

  test('looks again at what is watched when more is known, and tells what is new and what is gone', async () => {
    await start();
    await enhance('CONTINUOUS_SCAN');
    const digest = await push();
    const first = await scanned(digest);
    const before = machine.events.length;
    const later = path.join(osvFolder, '2026');
    mkdirSync(later);
    writeRecord(2, {}, later);
    await eventually(() => expect(namesOf(machine.events.slice(before))).toEqual(['CVE-2026-2 - foo ACTIVE']));
    const second = await describeScan(digest);
    expect(second.imageScanFindings?.findingSeverityCounts).toEqual({ CRITICAL: 1, UNTRIAGED: 1 });
    const known = first.imageScanFindings?.enhancedFindings?.[0];
    const again = second.imageScanFindings?.enhancedFindings?.find(
      ({ findingArn }) => findingArn === known?.findingArn,
    );
    expect(again).toMatchObject({ firstObservedAt: known?.firstObservedAt, updatedAt: known?.updatedAt });

    // The folder that came later is watched, too.
    writeRecord(2, { severity }, later);
    rmSync(path.join(osvFolder, '1.json'));
    await eventually(() =>
      expect(namesOf(machine.events.slice(before + 1)).sort()).toEqual([
        'CVE-2026-1 - foo CLOSED',
        'CVE-2026-2 - foo ACTIVE',
      ]),
    );
    expect(told('Inspector2 Scan')).toHaveLength(1);
    expect((await describeScan(digest)).imageScanFindings?.findingSeverityCounts).toEqual({ CRITICAL: 1 });
  });

  test('on push looks once, and knows what it found after a restart', async () => {
    await start();
    await enhance('SCAN_ON_PUSH');
    const digest = await push();
    expect((await scanned(digest)).imageScanStatus).toMatchObject({ status: 'COMPLETE' });
    await machine.ecr.stop?.();
    writeRecord(2);
    await machine.restart();
    await push();
    expect((await scanned(digest)).imageScanFindings?.findingSeverityCounts).toEqual({ CRITICAL: 1 });
    await enhance('CONTINUOUS_SCAN');
    expect((await scanned(digest)).imageScanStatus).toMatchObject({ status: 'ACTIVE' });
  });

  test('catches up after a restart with what came to be known meanwhile', async () => {
    await start();
    await enhance('CONTINUOUS_SCAN');
    const digest = await push();
    await scanned(digest);
    await machine.ecr.stop?.();
    writeRecord(2);
    await machine.restart();
    await eventually(() => expect(namesOf(told('Inspector2 Finding'))).toContain('CVE-2026-2 - foo ACTIVE'));
  });

  test('scans nothing when it is asked to, and nothing that no filter is for', async () => {
    await start();
    await enhance('CONTINUOUS_SCAN', 'release-*');
    const imageId = { imageDigest: await push() };
    await expect(ecr.send(new StartImageScanCommand({ repositoryName, imageId }))).rejects.toMatchObject({
      name: 'ValidationException',
      message: 'This feature is disabled',
    });
    await expect(describeScan(imageId.imageDigest)).rejects.toMatchObject({ name: 'ScanNotFoundException' });
    expect(machine.events.filter(({ detail }) => 'scan-status' in detail)).toEqual([]);
  });

  test('takes notice of images that were there before, and each kind of scanning has its own scans', async () => {
    await start();
    const digest = await push();
    await expect(describeScan(digest)).rejects.toMatchObject({ name: 'ScanNotFoundException' });
    await enhance('SCAN_ON_PUSH');
    expect((await scanned(digest)).imageScanFindings?.enhancedFindings).toHaveLength(1);
    await toBasic();
    await expect(describeScan(digest)).rejects.toMatchObject({ name: 'ScanNotFoundException' });
    await ecr.send(new StartImageScanCommand({ repositoryName, imageId: { imageDigest: digest } }));
    expect((await scanned(digest)).imageScanFindings?.findings).toHaveLength(1);
    await enhance('SCAN_ON_PUSH');
    expect((await describeScan(digest)).imageScanFindings?.enhancedFindings).toHaveLength(1);
  });

  test('finds packages of programming languages, and where they are; basic scanning does not', async () => {
    await start();
    const versions = (name: string, ecosystem: string, type: string, fixed: string) => ({
      ...record(7, { id: `GHSA-${name}`, aliases: [`CVE-2026-7${name.length}`] }),
      affected: [{ package: { ecosystem, name }, ranges: [{ type, events: [{ introduced: '0' }, { fixed }] }] }],
    });
    writeFileSync(path.join(osvFolder, 'npm.json'), JSON.stringify(versions('left', 'npm', 'SEMVER', '1.10.0')));
    writeFileSync(
      path.join(osvFolder, 'pypi.json'),
      JSON.stringify(versions('ruamel-yaml', 'PyPI', 'ECOSYSTEM', '0.18')),
    );
    const left = (version: string) => JSON.stringify({ name: 'left', version });
    const programs = tarOf([
      { path: 'app/node_modules/left/package.json', content: left('1.9.0') },
      { path: 'srv/node_modules/left/package.json', content: left('1.9.0') },
      { path: 'app/node_modules/fixed/node_modules/left/package.json', content: left('1.10.0') },
      { path: 'app/node_modules/broken/package.json', content: '{' },
      { path: 'app/node_modules/left/lib/package.json', content: left('1.0.0') },
      {
        path: 'usr/lib/python3/site-packages/ruamel.yaml-0.17.dist-info/METADATA',
        content: 'Metadata-Version: 2.1\nName: ruamel.yaml\nVersion: 0.17\n\nVersion: 9\n',
      },
    ]);
    const image = () => createClient(machine.url, machine.owner).pushImage(repositoryName, 'v1', [layer, programs]);
    const digest = await image();
    await ecr.send(new StartImageScanCommand({ repositoryName, imageId: { imageDigest: digest } }));
    expect((await scanned(digest)).imageScanFindings?.findings).toMatchObject([{ name: 'CVE-2026-1' }]);
    await enhance('SCAN_ON_PUSH');
    const found = (await scanned(digest)).imageScanFindings?.enhancedFindings ?? [];
    const packages = new Map(
      found.map(({ title, packageVulnerabilityDetails }) => [title, packageVulnerabilityDetails?.vulnerablePackages]),
    );
    const npm = { epoch: 0, name: 'left', packageManager: 'NODEPKG', version: '1.9.0', fixedInVersion: '1.10.0' };
    expect(packages.size).toBe(3);
    expect(packages.get('CVE-2026-74 - left')).toEqual([
      { ...npm, filePath: 'app/node_modules/left/package.json' },
      { ...npm, filePath: 'srv/node_modules/left/package.json' },
    ]);
    expect(packages.get('CVE-2026-711 - ruamel-yaml')).toMatchObject([
      {
        packageManager: 'PYTHONPKG',
        version: '0.17',
        filePath: 'usr/lib/python3/site-packages/ruamel.yaml-0.17.dist-info/METADATA',
      },
    ]);
  });

  test('is told to those who may ask Inspector, too', async () => {
    await start();
    await enhance('SCAN_ON_PUSH');
    const digest = await push();
    await scanned(digest);
    const [own = '', ...inspector] = [
      'ecr:DescribeImageScanFindings',
      'inspector2:ListCoverage',
      'inspector2:ListFindings',
    ];
    const clientThatMay = (actions: string[]) =>
      clientFor(machine.account.iam.keysOf(makeRole(machine.account, 'lambda.amazonaws.com', actions)));
    for (const missing of inspector) {
      const half = clientThatMay([own, ...inspector].filter((action) => action !== missing));
      await expect(describeScan(digest, {}, half)).rejects.toMatchObject({ name: 'AccessDeniedException' });
    }
    expect((await describeScan(digest, {}, clientThatMay([own, ...inspector]))).imageScanStatus?.status).toBe(
      'COMPLETE',
    );
  });

  test('comes in pages', async () => {
    await start();
    for (let number = 2; number <= 5; number++) writeRecord(number);
    await enhance('SCAN_ON_PUSH');
    const digest = await push();
    await scanned(digest);
    const titles: (string | undefined)[] = [];
    let nextToken: string | undefined;
    do {
      const page = await describeScan(digest, { maxResults: 2, ...(nextToken === undefined ? {} : { nextToken }) });
      titles.push(...(page.imageScanFindings?.enhancedFindings ?? []).map(({ title }) => title));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    expect(titles.sort()).toEqual([1, 2, 3, 4, 5].map((number) => `CVE-2026-${number} - foo`));
  });
});

describe('before Inspector has looked at an image', () => {
  test.each([
    ['SCAN_ON_PUSH', 'COMPLETE'],
    ['CONTINUOUS_SCAN', 'ACTIVE'],
  ] as const)('its scan is pending, then, with %s, %s without findings', async (frequency, status) => {
    const { scanner, scans, end } = standIn();
    await start(scanner);
    await enhance(frequency);
    const first = await push();
    const second = await createClient(machine.url, machine.owner).pushImage(repositoryName, 'v2', [tarOf([])]);
    await eventually(() => expect(scans).toEqual([first]));
    expect(await describeScan(first)).toMatchObject({
      imageScanStatus: { status },
      imageScanFindings: { findings: [] },
    });
    expect((await describeScan(first)).imageScanFindings).not.toHaveProperty('imageScanCompletedAt');
    expect(await describeScan(second)).toMatchObject({
      imageScanStatus: { status: 'PENDING', description: 'Pending start of the image scan.' },
      imageScanFindings: { findings: [], enhancedFindings: [] },
    });
    end({ status: 'COMPLETE', findings: [], sourceUpdatedAt: undefined });
    await eventually(() => expect(scans).toEqual([first, second]));
    // A clean image, of which ECR says as much as of one whose findings are to come.
    expect((await scanned(first)).imageScanFindings).toEqual({ findings: [], imageScanCompletedAt: expect.any(Date) });
  });
});

test.each([
  'FINDINGS_UNAVAILABLE',
  'LIMIT_EXCEEDED',
  'SCAN_ELIGIBILITY_EXPIRED',
  'UNSUPPORTED_IMAGE',
  'FAILED',
] as const)('a scan can end as %s', async (status) => {
  const { scanner, scans, end } = standIn();
  await start(scanner);
  await enhance('CONTINUOUS_SCAN');
  const digest = await push();
  await eventually(() => expect(scans).toEqual([digest]));
  end({ status, reason: 'because' });
  await eventually(async () =>
    expect((await describeScan(digest)).imageScanStatus).toEqual({ status, description: 'because' }),
  );
  expect(told('Inspector2 Scan')).toEqual([]);
});
