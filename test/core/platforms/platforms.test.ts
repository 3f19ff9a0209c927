import { describe, expect, it } from 'vitest';
import type { Finding, Scan } from '../../../core/model/findings.ts';
import type { Platform } from '../../../core/model/platform.ts';
import { imageIndexOf, imagesOf, type ListedImage } from '../../../core/platforms/image-index.ts';
import { mergedScan, scanOfPlatform } from '../../../core/platforms/merged-scan.ts';
import { platformsToBuild } from '../../../core/platforms/platforms-to-build.ts';

const [amd64, arm64] = ['linux/amd64', 'linux/arm64'] as const;
const digestOf = (digit: string) => `sha256:${digit.repeat(64)}`;

describe('what an entry is built for', () => {
  it.each<[Platform[] | undefined, Platform, Platform[] | undefined]>([
    [undefined, arm64, undefined],
    [[], arm64, undefined],
    [[arm64], arm64, undefined],
    [[amd64], arm64, [amd64]],
    [[amd64, arm64], arm64, [arm64, amd64]],
    [[amd64, arm64], amd64, [amd64, arm64]],
  ])('where it names %j and the pipeline is for %s: %j', (wanted, own, expected) => {
    expect(platformsToBuild(wanted, own)).toEqual(expected);
  });
});

describe('an image index', () => {
  const image = (platform: Platform, digit: string, annotations: Record<string, string> = {}): ListedImage => ({
    platform,
    digest: digestOf(digit),
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    size: 500,
    annotations,
  });
  const images = [image(arm64, '2', { a: 'same', b: 'arm' }), image(amd64, '1', { b: 'amd', a: 'same' })];

  it('is the same bytes whatever the order of its images, and has the annotations that all have', () => {
    const text = imageIndexOf(images);
    expect(imageIndexOf(images.toReversed())).toBe(text);
    expect(JSON.parse(text)).toMatchObject({
      annotations: { a: 'same' },
      manifests: [
        { digest: digestOf('1'), platform: { os: 'linux', architecture: 'amd64' } },
        { digest: digestOf('2'), platform: { os: 'linux', architecture: 'arm64', variant: 'v8' } },
      ],
    });
    expect(JSON.parse(text).annotations).not.toHaveProperty('b');
  });

  it('has one image for each platform of its build', () => {
    expect(imagesOf(imageIndexOf(images), [arm64, amd64])).toEqual([
      { platform: arm64, digest: digestOf('2') },
      { platform: amd64, digest: digestOf('1') },
    ]);
  });

  it.each<[string, string, Platform[]]>([
    ['one too few', imageIndexOf([image(amd64, '1')]), [amd64, arm64]],
    ['one too many', imageIndexOf(images), [amd64]],
    ['two for one platform', imageIndexOf([image(amd64, '1'), image(amd64, '3')]), [amd64, arm64]],
    ['one more for the same platform', imageIndexOf([...images, image(amd64, '3')]), [amd64, arm64]],
    ['no index', '{"config": {}, "layers": []}', [amd64, arm64]],
    ['no JSON', 'x', [amd64, arm64]],
  ])('with %s is none', (_, text, wanted) => {
    expect(imagesOf(text, wanted)).toBeUndefined();
  });
});

describe('the scan of an image index', () => {
  const finding = (id: string, over: Partial<Finding> = {}): Finding => ({
    id,
    severity: 'LOW',
    package: 'zlib',
    installed: '1',
    ...over,
  });
  const scan = (over: Partial<Scan>): Scan => ({ state: 'complete', findings: [], ...over });
  const merged = (amd: Partial<Scan>, arm: Partial<Scan>) =>
    mergedScan([
      { platform: amd64, scan: scan(amd) },
      { platform: arm64, scan: scan(arm) },
    ]);

  it('has what any platform has, the worst first, and says which do where not all do', () => {
    const both = merged(
      { findings: [finding('CVE-1'), finding('CVE-2')] },
      { findings: [finding('CVE-2', { severity: 'HIGH' }), finding('CVE-3', { severity: 'CRITICAL' })] },
    );
    expect(both.findings).toEqual([
      finding('CVE-3', { severity: 'CRITICAL', platforms: [arm64] }),
      finding('CVE-2', { severity: 'HIGH' }),
      finding('CVE-1', { platforms: [amd64] }),
    ]);
    expect(scanOfPlatform(both, amd64).findings.map(({ id }) => id)).toEqual(['CVE-2', 'CVE-1']);
  });

  it.each<[Scan['state'], Scan['state'], Scan['state']]>([
    ['complete', 'complete', 'complete'],
    ['complete', 'unsupported', 'unsupported'],
    ['failed', 'unsupported', 'failed'],
    ['complete', 'timed-out', 'timed-out'],
  ])('is as good as that of its worst platform: %s and %s are %s', (one, other, expected) => {
    expect(merged({ state: one }, { state: other }).state).toBe(expected);
  });

  it('says of which platform a reason is, and is as old as the oldest', () => {
    const { reason, completedAt, sourceUpdatedAt } = merged(
      { completedAt: '2026-11-30T00:00:00Z', sourceUpdatedAt: '2026-11-30T00:00:00Z' },
      { state: 'unsupported', reason: 'no distribution', completedAt: '2026-11-29T00:00:00Z' },
    );
    expect(reason).toBe('linux/arm64: no distribution');
    expect(completedAt).toBe('2026-11-29T00:00:00Z');
    expect(sourceUpdatedAt).toBeUndefined();
  });
});
