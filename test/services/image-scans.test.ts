import {
  DescribeImageScanFindingsCommand,
  type ECRClient,
  ImageNotFoundException,
  LimitExceededException,
  ScanNotFoundException,
  UnsupportedImageTypeException,
  ValidationException,
} from '@aws-sdk/client-ecr';
import { describe, expect, it } from 'vitest';
import { ScanPendingError } from '../../core/errors.ts';
import { usualPolicy } from '../../core/policy.ts';
import { judge } from '../../core/verdict.ts';
import { createImageScans } from '../../services/image-scans.ts';

const image = { repository: 'candidate/demo/app', digest: 'sha256:0' };
const problem = { $metadata: {}, message: 'as ECR says it' };

/** ECR with one answer for each page of findings, and one for StartImageScan. */
function ecr(pages: (object | Error)[], start?: Error) {
  const calls: string[] = [];
  const client = {
    async send(command: { constructor: { name: string }; input: { nextToken?: string } }) {
      calls.push(command.constructor.name);
      const isDescribe = command instanceof DescribeImageScanFindingsCommand;
      const answer = isDescribe ? pages[Number(command.input.nextToken ?? 0)] : start;
      if (answer instanceof Error) throw answer;
      return answer ?? {};
    },
  } as unknown as ECRClient;
  return { calls, scanOf: () => createImageScans(client).scanOf(image) };
}
const withStatus = (status?: string, description?: string) => ecr([{ imageScanStatus: { status, description } }]);

describe('a scan', () => {
  it.each(['COMPLETE', 'ACTIVE'])('that is %s is complete', async (status) => {
    const answer = { imageScanStatus: { status }, imageScanFindings: { imageScanCompletedAt: new Date() } };
    expect(await ecr([answer]).scanOf()).toEqual({ state: 'complete', findings: [] });
  });

  it.each(['IN_PROGRESS', 'PENDING', undefined])('that is %s is waited for', async (status) => {
    await expect(withStatus(status).scanOf()).rejects.toThrow(ScanPendingError);
  });

  it.each([
    'FAILED',
    'FINDINGS_UNAVAILABLE',
    'SCAN_ELIGIBILITY_EXPIRED',
    'LIMIT_EXCEEDED',
    'IMAGE_ARCHIVED',
    'A_STATUS_OF_TOMORROW',
  ])('that is %s has failed, and lets nothing pass', async (status) => {
    const scan = await withStatus(status).scanOf();
    expect(scan).toEqual({ state: 'failed', reason: status, findings: [] });
    expect(judge(scan, { ...usualPolicy, maxSeverity: 'CRITICAL' }).outcome).toBe('block');
    expect(await withStatus(status, 'because').scanOf()).toMatchObject({ reason: 'because' });
  });

  it('of an image that ECR cannot read is unsupported', async () => {
    const scan = await withStatus('UNSUPPORTED_IMAGE', 'no package manager').scanOf();
    expect(scan).toEqual({ state: 'unsupported', reason: 'no package manager', findings: [] });
    expect(judge(scan, { ...usualPolicy, maxSeverity: 'CRITICAL' }).outcome).toBe('block');
  });
});

describe('an image that has no scan', () => {
  const none = new ScanNotFoundException(problem);
  it('gets one, which is waited for', async () => {
    const { scanOf, calls } = ecr([none]);
    await expect(scanOf()).rejects.toThrow(ScanPendingError);
    expect(calls).toEqual(['DescribeImageScanFindingsCommand', 'StartImageScanCommand']);
  });

  it.each([
    ['was scanned today', new LimitExceededException(problem)],
    ['is scanned by the registry itself', new ValidationException(problem)],
  ])('and %s is waited for', async (_, answer) => {
    await expect(ecr([none], answer).scanOf()).rejects.toThrow(ScanPendingError);
  });

  it('and cannot get one is unsupported', async () => {
    expect(await ecr([none], new UnsupportedImageTypeException(problem)).scanOf()).toEqual({
      state: 'unsupported',
      reason: 'as ECR says it',
      findings: [],
    });
  });

  it('because it is not there is an error', async () => {
    const gone = new ImageNotFoundException(problem);
    await expect(ecr([gone]).scanOf()).rejects.toBe(gone);
    await expect(ecr([none], gone).scanOf()).rejects.toBe(gone);
  });
});

describe('findings', () => {
  const complete = (imageScanFindings: object, nextToken?: string) => ({
    imageScanStatus: { status: 'COMPLETE' },
    imageScanFindings,
    nextToken,
  });
  const attributes = (values: Record<string, string>) => Object.entries(values).map(([key, value]) => ({ key, value }));

  it('of 2,500 are all there', async () => {
    const page = (from: number, count: number) => ({
      findings: Array.from({ length: count }, (_, at) => ({ name: `CVE-${from + at}`, severity: 'LOW' })),
    });
    const pages = [complete(page(0, 1000), '1'), complete(page(1000, 1000), '2'), complete(page(2000, 500))];
    const { scanOf, calls } = ecr(pages);
    const { findings } = await scanOf();
    expect(new Set(findings.map(({ id }) => id)).size).toBe(2500);
    expect(calls).toHaveLength(3);
    expect(await scanOf()).toMatchObject({ findings });
  });

  it('of basic scanning have their package and the version that mends it', async () => {
    const values = { package_name: 'openssl', package_version: '3.0.1', fixed_in_version: '3.0.2' };
    const findings = [
      { name: 'CVE-1', severity: 'HIGH', uri: 'https://cve.example/1', attributes: attributes(values) },
      { name: 'CVE-2', severity: 'UNDEFINED' },
    ];
    expect((await ecr([complete({ findings })]).scanOf()).findings).toEqual([
      {
        id: 'CVE-1',
        severity: 'HIGH',
        package: 'openssl',
        installed: '3.0.1',
        fixed: '3.0.2',
        url: 'https://cve.example/1',
      },
      { id: 'CVE-2', severity: 'UNDEFINED', package: 'unknown package', installed: 'unknown version' },
    ]);
  });

  it('of enhanced scanning are one for each package', async () => {
    const vulnerablePackages = [
      { name: 'libc6', version: '2.36', release: '9', fixedInVersion: '2.36-10' },
      { name: 'libc-bin', version: '2.36', fixedInVersion: 'NotAvailable' },
    ];
    const enhancedFindings = [
      {
        severity: 'UNTRIAGED',
        packageVulnerabilityDetails: {
          vulnerabilityId: 'CVE-3',
          sourceUrl: 'https://cve.example/3',
          vulnerablePackages,
        },
      },
    ];
    expect((await ecr([complete({ enhancedFindings })]).scanOf()).findings).toEqual([
      {
        id: 'CVE-3',
        severity: 'UNDEFINED',
        package: 'libc6',
        installed: '2.36-9',
        fixed: '2.36-10',
        url: 'https://cve.example/3',
      },
      { id: 'CVE-3', severity: 'UNDEFINED', package: 'libc-bin', installed: '2.36', url: 'https://cve.example/3' },
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
  ])('of enhanced scanning %s block all the same', async (_, finding) => {
    const scan = await ecr([complete({ enhancedFindings: [finding] })]).scanOf();
    expect(scan.findings).toMatchObject([{ id: expect.stringContaining('CVE-4'), severity: 'CRITICAL' }]);
    expect(judge(scan, { ...usualPolicy, maxSeverity: 'HIGH' }).outcome).toBe('block');
  });

  it('of a severity that nobody knows count as undefined', async () => {
    const findings = [{ name: 'CVE-5', severity: 'APOCALYPTIC' }, { name: 'CVE-6' }];
    const scan = await ecr([complete({ findings })]).scanOf();
    expect(scan.findings.map(({ severity }) => severity)).toEqual(['UNDEFINED', 'UNDEFINED']);
  });
});
