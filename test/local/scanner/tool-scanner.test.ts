import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createScanner, ScannerMissingError } from '../../../local/scanner/scanner.ts';
import { manifestOf, sha256, tarOf } from '../registry/image-parts.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'slipway tools '));
  await mkdir(path.join(folder, 'bin'));
  vi.stubEnv('PATH', `${path.join(folder, 'bin')}:/usr/bin:/bin`);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true });
});

async function install(name: string, script: string) {
  const file = path.join(folder, 'bin', name);
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
}

async function scan(
  scanner: 'auto' | 'trivy',
  entries = [
    { path: 'etc/os-release', content: 'ID=debian\nVERSION_ID=12\n' },
    { path: 'var/lib/dpkg/status', content: 'Package: foo\nVersion: 1\n' },
  ],
) {
  const [config, layer] = [Buffer.from('{}'), tarOf(entries)];
  const blobs = await Promise.all(
    [config, layer].map(async (content, index) => {
      const file = path.join(folder, `blob${index}`);
      await writeFile(file, content);
      return { digest: sha256(content), file };
    }),
  );
  const manifest = manifestOf(config, [layer]);
  const image = { digest: sha256(manifest), mediaType: 'application/vnd.oci.image.manifest.v1+json', manifest };
  const made = createScanner({ scanner, osvFolder: undefined, dataFolder: folder, log: () => undefined });
  const outcome = await made.scan({ ...image, config: blobs[0] ?? fail(), layers: blobs.slice(1) });
  await made.stop();
  return outcome;
}

function fail(): never {
  throw new Error('There is no such blob');
}

const trivyAnswer = JSON.stringify({
  Results: [
    {
      Class: 'os-pkgs',
      Vulnerabilities: [
        {
          VulnerabilityID: 'CVE-2024-1',
          PkgName: 'foo',
          InstalledVersion: '1',
          FixedVersion: '2',
          Severity: 'HIGH',
          Title: 'foo breaks',
          PrimaryURL: 'https://avd.aquasec.com/nvd/cve-2024-1',
          CVSS: { nvd: { V3Vector: 'CVSS:3.1/AV:N', V3Score: 7.5 } },
        },
      ],
    },
    { Class: 'lang-pkgs', Vulnerabilities: [{ VulnerabilityID: 'CVE-2024-2', PkgName: 'x', InstalledVersion: '1' }] },
  ],
});

test('trivy comes first, reads the image as a layout, and its findings are taken', async () => {
  await install('grype', 'exit 9');
  await install(
    'trivy',
    `for last; do :; done; test -f "$last/index.json" && test -d "$last/blobs/sha256" && cat <<'END'\n${trivyAnswer}\nEND`,
  );
  expect(await scan('auto')).toMatchObject({
    status: 'COMPLETE',
    findings: [{ name: 'CVE-2024-1', severity: 'HIGH', packageName: 'foo', fixedVersion: '2', cvss: { score: 7.5 } }],
  });
  expect(await readdir(path.join(folder, 'registry', 'scans'))).toEqual([]);
});

test('grype is taken where it alone is installed', async () => {
  const answer = {
    matches: [
      {
        vulnerability: { id: 'CVE-2024-3', severity: 'Negligible', fix: { versions: [] }, cvss: [] },
        artifact: { name: 'foo', version: '1', type: 'deb' },
      },
      { vulnerability: { id: 'GHSA-1' }, artifact: { name: 'y', version: '1', type: 'npm' } },
    ],
  };
  await install('grype', `cat <<'END'\n${JSON.stringify(answer)}\nEND`);
  expect(await scan('auto')).toMatchObject({ findings: [{ name: 'CVE-2024-3', severity: 'INFORMATIONAL' }] });
});

test('osv-scanner gets an archive, and says with 1 that it found something', async () => {
  const answer = {
    results: [
      {
        source: { type: 'os' },
        packages: [
          {
            package: { name: 'foo', version: '1', ecosystem: 'Debian:12' },
            vulnerabilities: [{ id: 'DEBIAN-CVE-2024-4', details: 'foo' }],
            groups: [{ ids: ['DEBIAN-CVE-2024-4'], max_severity: '9.8' }],
          },
        ],
      },
    ],
  };
  await install(
    'osv-scanner',
    `for last; do :; done; tar -tf "$last" manifest.json > /dev/null && cat <<'END'\n${JSON.stringify(answer)}\nEND\nexit 1`,
  );
  expect(await scan('auto')).toMatchObject({ findings: [{ name: 'CVE-2024-4', severity: 'CRITICAL' }] });
});

test.each([
  ['that fails', 'echo "FATAL no database" >&2; exit 1', 'trivy: FATAL no database'],
  ['that answers rubbish', 'echo rubbish', 'trivy: gave an answer of an unknown form'],
  ['that answers something else', 'echo \'{"Results":3}\'', 'trivy: gave an answer of an unknown form'],
])('a scanner %s fails the scan with its reason', async (_what, script, reason) => {
  await install('trivy', script);
  expect(await scan('trivy')).toEqual({ status: 'FAILED', reason });
});

test('a scanner sees no credentials', async () => {
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'x');
  vi.stubEnv('GITHUB_TOKEN', 'x');
  await install('trivy', 'test -z "$AWS_SECRET_ACCESS_KEY$GITHUB_TOKEN" && echo "{}"');
  expect(await scan('trivy')).toMatchObject({ status: 'COMPLETE', findings: [] });
});

test('an image without a distribution is unsupported, whatever the scanner says', async () => {
  await install('trivy', 'echo "{}"');
  expect(await scan('trivy', [{ path: 'app', content: '' }])).toMatchObject({ status: 'UNSUPPORTED_IMAGE' });
});

test('a distribution without records needs a scanner', async () => {
  const amazon = [
    { path: 'etc/os-release', content: 'ID="amzn"\nVERSION_ID="2023"\n' },
    { path: 'var/lib/dpkg/status', content: '' },
  ];
  expect(await scan('auto', amazon)).toMatchObject({ status: 'UNSUPPORTED_IMAGE' });
  await install('trivy', 'echo "{}"');
  expect(await scan('auto', amazon)).toMatchObject({ status: 'COMPLETE' });
});

test('a scanner that was named must be there', () => {
  expect(() =>
    createScanner({ scanner: 'trivy', osvFolder: undefined, dataFolder: folder, log: () => undefined }),
  ).toThrow(ScannerMissingError);
});
