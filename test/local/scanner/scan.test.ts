import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { DescribeImageScanFindingsCommand, ECRClient, StartImageScanCommand } from '@aws-sdk/client-ecr';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../../eventually.ts';
import { tarOf } from '../registry/image-parts.ts';
import { createClient } from '../registry/registry-client.ts';
import { type RegistryMachine, startRegistryMachine } from '../registry/registry-machine.ts';

const osRelease = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nID=debian\n';
const dpkg = (version: string) => `Package: libfoo1
Status: install ok installed
Architecture: amd64
Source: foo
Version: ${version}
Description: a library
 of two lines

Package: removed
Status: deinstall ok config-files
Version: 1
`;
const record = {
  schema_version: '1.7.0',
  id: 'DEBIAN-CVE-2024-0001',
  modified: '2026-01-02T03:04:05Z',
  summary: 'foo reads too far',
  severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H' }],
  affected: [
    {
      package: { ecosystem: 'Debian:12', name: 'foo' },
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '1.2-3+deb12u1' }] }],
    },
    { package: { ecosystem: 'Debian:11', name: 'foo' }, versions: ['9'] },
  ],
  references: [{ type: 'ADVISORY', url: 'https://example.org/CVE-2024-0001' }],
};

let machine: RegistryMachine;
let ecr: ECRClient;
let osvFolder: string;

beforeAll(async () => {
  osvFolder = mkdtempSync(path.join(tmpdir(), 'slipway osv '));
  writeFileSync(path.join(osvFolder, 'CVE-2024-0001.json'), JSON.stringify(record));
  writeFileSync(
    path.join(osvFolder, 'faulty.json'),
    JSON.stringify({ ...record, id: 'CVE-2024-0002', references: [{}], affected: [] }),
  );
  machine = await startRegistryMachine({ scanner: 'records', osvFolder });
  const credentials = machine.account.iam.ownerKeys();
  ecr = new ECRClient({ endpoint: `${machine.url}/aws`, region: 'us-east-1', credentials });
  for (const name of ['scanned', 'unscanned']) {
    machine.account.database
      .prepare('insert into ecr_repository (name, created_at, scan_on_push) values (?, 0, ?)')
      .run(name, name === 'scanned' ? 1 : 0);
  }
});

afterAll(async () => {
  await machine.stop();
  await rm(osvFolder, { recursive: true });
});

function findings(
  imageDigest: string,
  more: { nextToken?: string; maxResults?: number } = {},
  repositoryName = 'scanned',
) {
  return ecr.send(new DescribeImageScanFindingsCommand({ repositoryName, imageId: { imageDigest }, ...more }));
}

async function scanOf(layers: Buffer[]) {
  const digest = await createClient(machine.url, machine.owner).pushImage('scanned', 'latest', layers);
  return eventually(async () => {
    const answer = await findings(digest);
    expect(answer.imageScanStatus?.status).not.toBe('IN_PROGRESS');
    return answer;
  });
}

describe('the scan of a pushed image', () => {
  test('finds a package that a record is about, with what people must know of it', async () => {
    const scan = await scanOf([
      gzipSync(tarOf([{ path: './usr/lib/os-release', content: osRelease }])),
      zstdCompressSync(tarOf([{ path: 'var/lib/dpkg/status', content: dpkg('1.2-3') }])),
    ]);
    expect(scan.imageScanStatus).toEqual({ status: 'COMPLETE', description: 'The scan was completed successfully.' });
    expect(scan.imageScanFindings).toMatchObject({
      findingSeverityCounts: { CRITICAL: 1 },
      vulnerabilitySourceUpdatedAt: new Date(record.modified),
      findings: [
        {
          name: 'CVE-2024-0001',
          description: 'foo reads too far',
          uri: 'https://example.org/CVE-2024-0001',
          severity: 'CRITICAL',
          attributes: [
            { key: 'package_version', value: '1.2-3' },
            { key: 'package_name', value: 'foo' },
            { key: 'fixed_in_version', value: '1.2-3+deb12u1' },
            { key: 'CVSS3_VECTOR', value: record.severity[0]?.score },
            { key: 'CVSS3_SCORE', value: '9.8' },
          ],
        },
      ],
    });
    expect(machine.events).toContainEqual({
      source: 'aws.ecr',
      'detail-type': 'ECR Image Scan',
      resources: ['arn:aws:ecr:us-east-1:123456789012:repository/scanned'],
      detail: {
        'scan-status': 'COMPLETE',
        'repository-name': 'scanned',
        'finding-severity-counts': { CRITICAL: 1 },
        'image-digest': scan.imageId?.imageDigest,
        'image-tags': ['latest'],
      },
    });
  });

  test('finds nothing in a fixed version', async () => {
    const scan = await scanOf([
      tarOf([
        { path: 'etc/os-release', type: 'SymbolicLink', linkpath: '../usr/lib/os-release' },
        { path: 'usr/lib/os-release', content: osRelease },
        { path: 'var/lib/dpkg/status', content: dpkg('1.2-3+deb12u1') },
      ]),
    ]);
    expect(scan.imageScanStatus?.status).toBe('COMPLETE');
    expect(scan.imageScanFindings).toMatchObject({ findings: [], findingSeverityCounts: {} });
  });

  test('sees the packages as a container would: what an upper layer takes away is gone', async () => {
    const base = tarOf([
      { path: 'etc/os-release', content: osRelease },
      { path: 'var/lib/dpkg/status.d/foo', content: dpkg('1') },
      { path: 'var/lib/dpkg/status.d/bar', content: dpkg('1').replaceAll('foo', 'bar') },
    ]);
    const whiteout = tarOf([{ path: 'var/lib/dpkg/status.d/.wh.foo' }]);
    expect((await scanOf([base, whiteout])).imageScanFindings?.findings).toEqual([]);
    const opaque = tarOf([
      { path: 'var/lib/dpkg/status.d/new', content: 'Package: new\nVersion: 1\n' },
      { path: 'var/lib/dpkg/.wh..wh..opq' },
    ]);
    expect((await scanOf([base, opaque])).imageScanFindings?.findings).toEqual([]);
    const all = tarOf([{ path: '.wh.var' }]);
    expect((await scanOf([base, all])).imageScanStatus?.status).toBe('UNSUPPORTED_IMAGE');
  });

  test('passes over the layer of a step that changed nothing', async () => {
    const scan = await scanOf([
      gzipSync(tarOf([{ path: 'etc/os-release', content: osRelease }])),
      gzipSync(Buffer.alloc(1024)),
      gzipSync(tarOf([{ path: 'var/lib/dpkg/status', content: dpkg('1.2-3+deb12u1') }])),
    ]);
    expect(scan.imageScanStatus).toMatchObject({ status: 'COMPLETE' });
    expect(scan.imageScanFindings?.findings).toEqual([]);
  });

  test('of an image without a package database is unsupported, as ECR says it', async () => {
    const scan = await scanOf([tarOf([{ path: 'bin/app', content: 'x' }])]);
    expect(scan.imageScanStatus).toEqual({
      status: 'UNSUPPORTED_IMAGE',
      description: 'UnsupportedImageError: The operating system and/or package manager are not supported.',
    });
    expect(scan.imageScanFindings).toBeUndefined();
  });

  test('fails while there is a record that nobody knows the packages of', async () => {
    const broken = path.join(osvFolder, 'broken.json');
    writeFileSync(broken, '{');
    const layer = tarOf([
      { path: 'etc/os-release', content: osRelease },
      { path: 'var/lib/dpkg/status', content: dpkg('1.2-3') },
    ]);
    expect((await scanOf([layer])).imageScanStatus).toMatchObject({
      status: 'FAILED',
      description: expect.stringMatching(/record .* cannot be read.*broken\.json/),
    });
    await rm(broken);
  });

  test('fails for a layer that is no archive, or a broken one', async () => {
    for (const layer of [Buffer.alloc(5000, 'x'), gzipSync(tarOf([])).subarray(0, 20), Buffer.from([1])]) {
      const scan = await scanOf([layer]);
      expect(scan.imageScanStatus).toMatchObject({ status: 'FAILED', description: expect.stringMatching(/layer/) });
    }
  });

  test('takes no path out of the image', async () => {
    const scan = await scanOf([
      tarOf([
        { path: '../../etc/os-release', content: osRelease },
        { path: '/var/lib/dpkg/status', content: dpkg('1') },
      ]),
    ]);
    expect(scan.imageScanStatus?.status).toBe('UNSUPPORTED_IMAGE');
  });

  test('comes in pages', async () => {
    const one = await scanOf([
      tarOf([
        { path: 'etc/os-release', content: osRelease },
        { path: 'var/lib/dpkg/status', content: `${dpkg('1')}\n${dpkg('1.1')}` },
      ]),
    ]);
    const digest = one.imageId?.imageDigest ?? '';
    const first = await findings(digest, { maxResults: 1 });
    const second = await findings(digest, { maxResults: 1, nextToken: first.nextToken ?? '' });
    const versions = [first, second].map((page) => page.imageScanFindings?.findings?.[0]?.attributes?.[0]?.value);
    expect(versions).toEqual(['1', '1.1']);
    expect(second.nextToken).toBeUndefined();
    expect(first.imageScanFindings?.findingSeverityCounts).toEqual({ CRITICAL: 2 });
  });
});

describe('a scan that is asked for', () => {
  test('is there once a day, and not before somebody asks', async () => {
    const digest = await createClient(machine.url, machine.owner).pushImage('unscanned', 'v1', [
      tarOf([{ path: 'a' }]),
    ]);
    const ask = () =>
      ecr.send(new StartImageScanCommand({ repositoryName: 'unscanned', imageId: { imageDigest: digest } }));
    await expect(findings(digest, {}, 'unscanned')).rejects.toMatchObject({ name: 'ScanNotFoundException' });
    expect((await ask()).imageScanStatus).toEqual({ status: 'IN_PROGRESS' });
    await expect(ask()).rejects.toMatchObject({
      name: 'LimitExceededException',
      message: 'The scan quota per image has been exceeded. Wait and try again.',
    });
    await eventually(async () => {
      const { imageScanStatus } = await findings(digest, {}, 'unscanned');
      expect(imageScanStatus?.status).toBe('UNSUPPORTED_IMAGE');
    });
  });

  test('goes on after a restart', async () => {
    await machine.ecr.stop?.();
    const digest = await createClient(machine.url, machine.owner).pushImage('scanned', 'later', [
      tarOf([{ path: 'b' }]),
    ]);
    expect((await findings(digest)).imageScanStatus?.status).toBe('IN_PROGRESS');
    await machine.restart();
    await eventually(async () => expect((await findings(digest)).imageScanStatus?.status).toBe('UNSUPPORTED_IMAGE'));
  });
});
