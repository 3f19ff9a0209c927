import { randomUUID } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CreateRepositoryCommand, ECRClient, PutRegistryScanningConfigurationCommand } from '@aws-sdk/client-ecr';
import { Inspector2Client } from '@aws-sdk/client-inspector2';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { Finding } from '../../../local/scanner/finding.ts';
import { failures, type Scanner, type ScanOutcome } from '../../../local/scanner/scanner.ts';
import { createImageScans, type ImageScans } from '../../../services/registry/image-scans.ts';
import { eventually } from '../../eventually.ts';
import { tarOf } from '../../local/registry/image-parts.ts';
import { createClient } from '../../local/registry/registry-client.ts';
import { type RegistryMachine, startRegistryMachine } from '../../local/registry/registry-machine.ts';

const repository = 'slipway/candidate/demo/app';
let machine: RegistryMachine;
let clock = Date.now;
let ecr: ECRClient;
let scans: ImageScans;
/** What the next scan ends with; none for one that goes on for ever. */
let outcome: ScanOutcome | undefined;

const scanner: Scanner = {
  scan: async () => outcome ?? new Promise<ScanOutcome>((resolve) => stopped.push(resolve)),
  async stop() {
    for (const resolve of stopped.splice(0)) resolve({ status: 'FAILED', reason: 'stopped' });
  },
};
const stopped: ((end: ScanOutcome) => void)[] = [];

const finding = (number: number): Finding => ({
  name: `CVE-2026-${number}`,
  description: undefined,
  uri: `https://example.org/${number}`,
  severity: 'HIGH',
  packageName: 'zlib',
  packageVersion: '1.2-3',
  fixedVersion: '1.2-4',
  cvss: undefined,
});
const complete = (count: number): ScanOutcome => ({
  status: 'COMPLETE',
  findings: Array.from({ length: count }, (_, number) => finding(number)),
  sourceUpdatedAt: Date.UTC(2026, 0, 2),
});

async function open(options: Parameters<typeof startRegistryMachine>[0]) {
  machine = await startRegistryMachine(options);
  const credentials = machine.account.iam.ownerKeys();
  ecr = new ECRClient({ endpoint: `${machine.url}/aws`, region: 'us-east-1', credentials, maxAttempts: 1 });
  const inspector = new Inspector2Client({ endpoint: `${machine.url}/aws`, region: 'us-east-1', credentials });
  scans = createImageScans(ecr, inspector, () => clock());
  const imageScanningConfiguration = { scanOnPush: true };
  await ecr.send(new CreateRepositoryCommand({ repositoryName: repository, imageScanningConfiguration }));
}

const enhance = (scanFrequency: 'SCAN_ON_PUSH' | 'CONTINUOUS_SCAN', filter = 'slipway/candidate/*') =>
  ecr.send(
    new PutRegistryScanningConfigurationCommand({
      scanType: 'ENHANCED',
      rules: [{ scanFrequency, repositoryFilters: [{ filter, filterType: 'WILDCARD' }] }],
    }),
  );
/** Each image is another one, so that it is scanned. */
const layerOf = () => tarOf([{ path: 'bin/app', content: randomUUID() }]);
const push = async (layer = layerOf()) => ({
  repository,
  digest: await createClient(machine.url, machine.owner).pushImage(repository, 'v1', [layer]),
});
const scanOf = (image: { repository: string; digest: string }) => eventually(() => scans.scanOf(image));

beforeEach(() => {
  clock = Date.now;
  outcome = complete(2);
});

describe.each(['basic', 'SCAN_ON_PUSH', 'CONTINUOUS_SCAN'] as const)('with %s scanning', (kind) => {
  beforeAll(async () => {
    await open({ scanner });
    if (kind !== 'basic') await enhance(kind);
  });
  afterAll(() => machine.stop());

  test('the findings of a candidate are read, and its size', async () => {
    const image = await push();
    expect(await scanOf(image)).toEqual({
      state: 'complete',
      scanner: kind === 'basic' ? 'basic' : 'enhanced',
      status: kind === 'CONTINUOUS_SCAN' ? 'ACTIVE' : 'COMPLETE',
      completedAt: expect.stringMatching(/Z$/),
      sourceUpdatedAt: '2026-01-02T00:00:00.000Z',
      findings: [0, 1].map((number) => ({
        id: `CVE-2026-${number}`,
        severity: 'HIGH',
        package: 'zlib',
        installed: '1.2-3',
        fixed: '1.2-4',
        url: `https://example.org/${number}`,
        ...(kind === 'basic'
          ? {}
          : {
              title: `CVE-2026-${number} - zlib`,
              packageManager: 'OS',
              fixAvailable: 'YES',
              exploitAvailable: false,
            }),
      })),
    });
    expect(await scans.tagged(image.repository, 'v1')).toEqual({
      digest: image.digest,
      sizeBytes: layerOf().length,
    });
    expect(await scans.start(image)).toBe('refused');
  });

  test('a clean image has no findings, for certain', async () => {
    outcome = complete(0);
    const image = await push();
    // Within the minute after Inspector's look nobody can be certain.
    if (kind !== 'basic')
      await eventually(async () =>
        expect(await scans.read(image)).toMatchObject({ reason: expect.stringMatching(/may still come/) }),
      );
    clock = () => Date.now() + 120_000;
    expect(await scanOf(image)).toMatchObject({ state: 'complete', findings: [] });
  });

  test('findings of several pages are all read', async () => {
    outcome = complete(2_500);
    const scan = await scanOf(await push());
    expect(scan.state).toBe('complete');
    expect(new Set(scan.findings.map(({ id }) => id)).size).toBe(2_500);
  });

  test('a scan that does not end is pending, and never passes', async () => {
    outcome = undefined;
    const image = await push();
    expect(await scans.read(image)).toMatchObject({ state: 'pending' });
    await expect(scans.scanOf(image)).rejects.toThrow(image.digest);
    // The next image is scanned when this one has been.
    await eventually(() => expect(stopped).toHaveLength(1));
    await scanner.stop();
  });

  test.each(failures)('a scan that ends as %s has a reason', async (status) => {
    outcome = { status, reason: 'because' };
    const scan = await scanOf(await push());
    expect(scan).toMatchObject({
      state: status === 'UNSUPPORTED_IMAGE' ? 'unsupported' : 'failed',
      status,
      findings: [],
    });
    expect(scan.reason).toContain('because');
  });
});

test('a candidate that no filter of enhanced scanning covers is pending, and it is said what to check', async () => {
  await open({ scanner });
  onTestFinished(() => machine.stop());
  await enhance('CONTINUOUS_SCAN', 'other/*');
  const image = await push();
  expect(await scans.read(image)).toMatchObject({ state: 'none' });
  await expect(scans.scanOf(image)).rejects.toThrow(/whether a filter of the registry's enhanced scanning covers/);
});

test('what is not in the registry is gone', async () => {
  await open({ scanner });
  onTestFinished(() => machine.stop());
  expect(await scans.read({ repository, digest: `sha256:${'0'.repeat(64)}` })).toMatchObject({ state: 'gone' });
  expect(await scans.read({ repository: 'no/where', digest: `sha256:${'0'.repeat(64)}` })).toMatchObject({
    state: 'gone',
  });
});

test('what Inspector learns later of an image that it watches is read', async () => {
  const osvFolder = mkdtempSync(path.join(tmpdir(), 'slipway osv '));
  await open({ scanner: 'records', osvFolder });
  onTestFinished(() => machine.stop());
  await enhance('CONTINUOUS_SCAN');
  const image = await push(
    tarOf([
      { path: 'etc/os-release', content: 'VERSION_ID="12"\nID=debian\n' },
      { path: 'var/lib/dpkg/status', content: 'Package: zlib\nStatus: install ok installed\nVersion: 1.2-3\n' },
    ]),
  );
  clock = () => Date.now() + 120_000;
  expect(await scanOf(image)).toMatchObject({ state: 'complete', findings: [] });
  const affected = [{ package: { ecosystem: 'Debian:12', name: 'zlib' }, versions: ['1.2-3'] }];
  const record = { id: 'CVE-2026-9', modified: '2026-01-02T03:04:05Z', affected };
  writeFileSync(path.join(osvFolder, 'CVE-2026-9.json'), JSON.stringify(record));
  await eventually(async () => expect(await scans.read(image)).toMatchObject({ findings: [{ id: 'CVE-2026-9' }] }));
  await rm(osvFolder, { recursive: true });
});
