import type { Finding, Scan } from '../../core/model/findings.ts';
import type { InstalledPackage, PackageList } from '../../core/model/package-list.ts';
import { compare } from '../../core/releases/image-diff.ts';
import type { ScannerReports } from '../../core/scanners/report.ts';

/** What scanners might say of an image, for the pages and the mails to show. */

const line = { seconds: 1.4, state: 'complete' } as const;

export const sampleReports: ScannerReports = {
  version: 1,
  reports: [
    {
      ...line,
      scanner: 'package-updates',
      tool: 'apt 2.6.1',
      findings: [
        { name: 'openssl', installed: '3.0.15-1~deb12u1', available: '3.0.17-1~deb12u3', security: true },
        { name: 'tzdata', installed: '2024a-0+deb12u1', available: '2025b-0+deb12u2', repository: 'bookworm-updates' },
      ],
      total: 2,
    },
    {
      ...line,
      scanner: 'language-updates',
      state: 'not-applicable',
      reason: 'There is no pip, npm or gem.',
      findings: [],
      total: 0,
    },
    {
      ...line,
      scanner: 'capabilities',
      findings: [
        { label: 'RUN', kind: 'privileged' },
        { label: 'RUN', kind: 'host-path', value: '/var/run/docker.sock' },
      ],
      total: 2,
    },
    {
      ...line,
      scanner: 'file-integrity',
      tool: 'dpkg 1.21.22',
      findings: [
        { path: '/usr/bin/passwd', problems: ['digest', 'mode'], package: 'passwd' },
        { path: '/etc/issue', problems: ['digest'], kind: 'config', package: 'base-files', vendor: 'Debian' },
      ],
      total: 2,
    },
    {
      ...line,
      scanner: 'dockerfile-lint',
      tool: 'hadolint 2.14.0',
      findings: [
        {
          rule: 'DL3008',
          level: 'warning',
          line: 4,
          message: 'Pin versions in apt get install.',
          url: 'https://github.com/hadolint/hadolint/wiki/DL3008',
        },
      ],
      total: 1,
    },
    {
      ...line,
      scanner: 'user-test',
      findings: [
        {
          script: 'tests/smoke.sh',
          exitCode: 1,
          lastLines: ['checking the port', 'expected 200, got 503', '<b>not bold</b>'],
        },
      ],
      total: 1,
    },
    { ...line, scanner: 'sbom', tool: 'trivy 0.50.0', findings: [], total: 0 },
  ],
};

const severities = ['CRITICAL', 'HIGH', 'MEDIUM', 'LOW', 'INFORMATIONAL', 'UNDEFINED'] as const;

export function sampleFindings(count: number): Finding[] {
  return Array.from({ length: count }, (_, number): Finding => {
    const id = `CVE-2026-${1000 + number}`;
    return {
      id,
      severity: severities[number % severities.length] ?? 'LOW',
      package: ['openssl', 'libc6', 'curl', 'zlib1g'][number % 4] ?? 'curl',
      installed: '3.0.15-1~deb12u1',
      ...(number % 3 === 0 ? {} : { fixed: '3.0.17-1~deb12u3' }),
      url: `https://security-tracker.debian.org/tracker/${id}`,
      title:
        number % 5 === 0 ? 'A heap overflow in the parser of certificates lets a server write beyond its buffer' : id,
    };
  });
}

export function sampleScan(count: number): Scan {
  return {
    state: 'complete',
    scanner: 'enhanced',
    completedAt: '2026-11-21T11:50:50.000Z',
    findings: sampleFindings(count),
  };
}

export function samplePackages(packages: Pick<InstalledPackage, 'name' | 'version'>[]): PackageList {
  return {
    version: 1,
    distribution: { id: 'debian', version: '12' },
    contents: {
      state: 'read',
      manager: 'dpkg',
      architecture: 'amd64',
      packages: packages.map((each) => ({ ...each, architecture: 'amd64' })),
      repositories: [],
    },
  };
}

export const sampleComparison = compare(
  {
    build: '00000000000000ff',
    ref: 'refs/heads/main',
    digest: `sha256:${'cd'.repeat(32)}`,
    releasedAt: '2026-11-20T08:00:00.000Z',
  },
  {
    packages: samplePackages([
      { name: 'openssl', version: '3.0.14-1' },
      { name: 'curl', version: '7.88.1-10' },
      { name: 'wget', version: '1.21.3-1' },
    ]),
    scan: { state: 'complete', findings: sampleFindings(12).slice(4) },
    scanners: { version: 1, reports: sampleReports.reports.filter(({ scanner }) => scanner !== 'dockerfile-lint') },
    sizeBytes: 45_300_000,
  },
  {
    packages: samplePackages([
      { name: 'openssl', version: '3.0.15-1~deb12u1' },
      { name: 'curl', version: '7.88.1-10' },
      { name: 'jq', version: '1.6-2.1' },
    ]),
    scan: { state: 'complete', findings: sampleFindings(9) },
    scanners: sampleReports,
    sizeBytes: 46_500_000,
  },
);
