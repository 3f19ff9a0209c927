import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../core/model/findings.ts';
import type { PackageList } from '../../../core/model/package-list.ts';
import {
  changesOf,
  compare,
  comparisonSchema,
  type ImageRecords,
  mostChanges,
} from '../../../core/releases/image-diff.ts';
import type { ScannerReport } from '../../../core/scanners/report.ts';
import { cpuTime } from '../../cpu-time.ts';

const against = {
  build: '00000000000000aa',
  ref: 'refs/heads/main',
  digest: `sha256:${'a'.repeat(64)}`,
  releasedAt: '2026-11-20T00:00:00.000Z',
};

function packages(...versions: [name: string, version: string][]): PackageList {
  return {
    version: 1,
    contents: {
      state: 'read',
      manager: 'dpkg',
      architecture: 'amd64',
      packages: versions.map(([name, version]) => ({ name, version, architecture: 'amd64' })),
      repositories: [],
    },
  };
}

const finding = (id: string, over: Partial<Finding> = {}): Finding => ({
  id,
  severity: 'LOW',
  package: 'openssl',
  installed: '1',
  ...over,
});

const lint = (...lines: [rule: string, line: number][]): ScannerReport => ({
  scanner: 'dockerfile-lint',
  state: 'complete',
  findings: lines.map(([rule, line]) => ({ rule, level: 'warning', line, message: `Something about ${rule}` })),
  total: lines.length,
  seconds: 1,
});

const records = (over: ImageRecords = {}): ImageRecords => ({
  packages: packages(),
  scan: { state: 'complete', findings: [] },
  scanners: { version: 1, reports: [] },
  sizeBytes: 1,
  ...over,
});

const scan = (...findings: Finding[]) => records({ scan: { state: 'complete', findings } });
const reports = (...each: ScannerReport[]) => records({ scanners: { version: 1, reports: each } });

describe('a comparison with the last release', () => {
  it('says which packages changed, which defects came and went, and what the size was and is', () => {
    const comparison = compare(
      against,
      records({
        packages: packages(['openssl', '3.0.1'], ['curl', '8']),
        scan: { state: 'complete', findings: [finding('CVE-1', { severity: 'HIGH' }), finding('CVE-2')] },
        sizeBytes: 1000,
      }),
      records({
        packages: packages(['openssl', '3.0.2'], ['jq', '1']),
        scan: { state: 'complete', findings: [finding('CVE-2'), finding('CVE-3', { package: 'jq' })] },
        sizeBytes: 900,
      }),
    );
    expect(comparisonSchema.parse(comparison)).toEqual({
      version: 1,
      against,
      packages: {
        added: { items: [{ name: 'jq', architecture: 'amd64', version: '1' }], total: 1 },
        removed: { items: [{ name: 'curl', architecture: 'amd64', version: '8' }], total: 1 },
        updated: { items: [{ name: 'openssl', architecture: 'amd64', before: '3.0.1', after: '3.0.2' }], total: 1 },
      },
      vulnerabilities: {
        fixed: { items: [{ id: 'CVE-1', package: 'openssl', severity: 'HIGH' }], total: 1 },
        introduced: { items: [{ id: 'CVE-3', package: 'jq', severity: 'LOW' }], total: 1 },
        learnt: { items: [], total: 0 },
      },
      scanners: [],
      size: { before: 1000, after: 900 },
      leftOut: [],
    });
    expect(changesOf(comparison)).toEqual({
      against: against.build,
      packages: { added: 1, removed: 1, updated: 1 },
      vulnerabilities: { fixed: 1, introduced: 1 },
      size: { before: 1000, after: 900 },
    });
  });

  it('is not a change of a defect that another version of its package still has', () => {
    const { vulnerabilities } = compare(
      against,
      scan(finding('CVE-1', { installed: '1' }), finding('CVE-1', { installed: '2' })),
      scan(finding('CVE-1', { installed: '3' })),
    );
    const none = { items: [], total: 0 };
    expect(vulnerabilities).toEqual({ fixed: none, introduced: none, learnt: none });
  });

  it('blames no image for what became known of packages that are as they were', () => {
    const installed = packages(['libssl3', '3.0.1'], ['curl', '8']);
    if (installed.contents.state === 'read' && installed.contents.packages[0]) {
      installed.contents.packages[0].source = { name: 'openssl', version: '3.0.1' };
    }
    const newer = structuredClone(installed);
    if (newer.contents.state === 'read' && newer.contents.packages[1]) newer.contents.packages[1].version = '9';
    const { vulnerabilities } = compare(
      against,
      { ...scan(), packages: installed },
      {
        ...scan(
          finding('CVE-1', { package: 'openssl' }),
          finding('CVE-2', { package: 'libssl3' }),
          finding('CVE-3', { package: 'curl' }),
          finding('CVE-4', { package: 'left-pad' }),
        ),
        packages: newer,
      },
    );
    expect(vulnerabilities?.learnt.items.map(({ id }) => id)).toEqual(['CVE-1', 'CVE-2']);
    expect(vulnerabilities?.introduced.items.map(({ id }) => id)).toEqual(['CVE-3', 'CVE-4']);
  });

  it('distinguishes one defect in two packages, and names the worst first', () => {
    const { vulnerabilities } = compare(
      against,
      scan(finding('CVE-1')),
      scan(
        finding('CVE-1'),
        finding('CVE-1', { package: 'libssl' }),
        finding('CVE-9', { severity: 'CRITICAL' }),
        finding('CVE-5', { severity: 'HIGH' }),
      ),
    );
    expect(vulnerabilities?.introduced.items.map(({ id, package: name }) => `${id} ${name}`)).toEqual([
      'CVE-9 openssl',
      'CVE-5 openssl',
      'CVE-1 libssl',
    ]);
  });

  it('says what a scanner finds anew and no longer, however often it is found and wherever it has moved', () => {
    const { scanners } = compare(
      against,
      reports(lint(['DL3006', 1], ['DL3008', 2])),
      reports(lint(['DL3006', 5], ['DL3006', 1], ['DL3059', 3])),
    );
    expect(scanners).toEqual([
      {
        scanner: 'dockerfile-lint',
        gone: { items: [expect.objectContaining({ id: 'DL3008' })], total: 1 },
        appeared: {
          items: [
            { id: 'DL3006', sentence: 'line 5 of the Dockerfile: Something about DL3006 (DL3006)' },
            expect.objectContaining({ id: 'DL3059' }),
          ],
          total: 2,
        },
      },
    ]);
    expect(compare(against, reports(lint(['DL3006', 1])), reports(lint(['DL3006', 7]))).scanners).toEqual([]);
  });

  it.each<[string, ImageRecords, ImageRecords, string]>([
    [
      'a list of packages is not there',
      records({ packages: undefined }),
      records(),
      'packages: There is no list of packages of the released image.',
    ],
    [
      'the packages are unreadable',
      records(),
      records({ packages: { version: 1, contents: { state: 'unreadable', reason: 'x' } } }),
      'packages: The packages of this image could not be read.',
    ],
    [
      'the scan of the release is not there',
      records({ scan: undefined }),
      records(),
      'vulnerabilities: There is no scan of the released image.',
    ],
    [
      'the scan failed',
      records(),
      records({ scan: { state: 'failed', findings: [] } }),
      'vulnerabilities: The scan of this image is not complete.',
    ],
    [
      'the reports are not there',
      records(),
      records({ scanners: undefined }),
      'scanners: There is no report of the scanners of this image.',
    ],
    [
      'a scanner failed',
      reports({ ...lint(), state: 'failed' } as ScannerReport),
      reports(lint(['DL3006', 1])),
      'scanners: dockerfile-lint: the scanner could not scan the released image.',
    ],
    [
      'a scanner found too much',
      reports(lint()),
      reports({ ...lint(['DL3006', 1]), total: 12_000 }),
      'scanners: dockerfile-lint: this image has more findings than are listed.',
    ],
    [
      'the size is not known',
      records({ sizeBytes: undefined }),
      records(),
      'size: There is no size of the released image.',
    ],
  ])('leaves out what is not known, and says so: %s', (_, before, after, said) => {
    const comparison = compare(against, before, after);
    expect(comparison.leftOut.map(({ part, reason }) => `${part}: ${reason}`)).toEqual([said]);
    const [part] = comparison.leftOut;
    if (part && part.part !== 'scanners') expect(comparison[part.part]).toBeUndefined();
    comparisonSchema.parse(comparison);
  });

  it('compares an image that has no package manager', () => {
    const none: PackageList = { version: 1, contents: { state: 'none' } };
    expect(compare(against, records({ packages: none }), records()).packages?.added.total).toBe(0);
  });

  it('names so many of each list and counts the rest, and takes no time over lists made to be too much', () => {
    const many = 20_000;
    const side = (version: string) =>
      records({
        packages: packages(...Array.from({ length: many }, (_, number) => [`p${number}`, version] as [string, string])),
        scan: {
          state: 'complete',
          findings: Array.from({ length: many }, (_, number) => finding(`CVE-${version}-${number}`)),
        },
        scanners: {
          version: 1,
          reports: [
            lint(...Array.from({ length: 10_000 }, (_, n) => [`DL${version}-${n}`, n + 1] as [string, number])),
          ],
        },
      });
    const [before, after] = [side('1'), side('2')];
    const began = cpuTime();
    const comparison = compare(against, before, after);
    expect(cpuTime() - began).toBeLessThan(2_000);
    expect(comparison.packages?.updated).toMatchObject({ total: many, items: { length: mostChanges } });
    expect(comparison.vulnerabilities?.fixed).toMatchObject({ total: many, items: { length: mostChanges } });
    comparisonSchema.parse(comparison);
    expect(JSON.stringify(comparison).length).toBeLessThan(4_000_000);
  });

  it('has no character in it that cannot be seen, whatever the findings are called', () => {
    const { vulnerabilities } = compare(against, scan(), scan(finding('CVE-\u202e1\n<script>')));
    expect(vulnerabilities?.introduced.items[0]?.id).toBe('CVE-\\u202e1\\n<script>');
  });
});
