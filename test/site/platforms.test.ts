import { describe, expect, it } from 'vitest';
import { sampleBuild, sampleProject, sampleSite } from './sample-site.ts';

const platforms = ['linux/amd64', 'linux/arm64'] as const;
const digest = `sha256:${'ab'.repeat(32)}`;
const images = platforms.map((platform, at) => ({ platform, digest: `sha256:${String(at).repeat(64)}` }));
const released = sampleBuild(1, {
  status: 'released',
  endedAt: '2026-11-21T11:00:00.000Z',
  platforms: [...platforms],
  candidate: { repository: 'candidate/demo/app', digest, platforms: images },
  image: { repository: 'registry.example.org/demo/app', digest, tags: ['latest'], platforms: images },
});
const failed = sampleBuild(2, {
  status: 'failed',
  endedAt: '2026-11-21T11:00:00.000Z',
  platforms: [...platforms],
  failure: { error: 'DockerfileFailedError', message: 'linux/arm64: RUN make failed.' },
});
const plain = sampleBuild(3, { status: 'building' });
const logs = Object.fromEntries(
  [released, failed].flatMap(({ id }) => ['amd64', 'arm64'].map((part) => [`${id}/${part}`, `built on ${part}\n`])),
);
const ask = sampleSite({
  builds: [released, failed, plain],
  projects: [sampleProject('demo/app:latest')],
  logs,
  records: {
    scan: async () => ({
      state: 'complete',
      findings: [
        { id: 'CVE-1', severity: 'HIGH', package: 'openssl', installed: '3.0.15', platforms: ['linux/arm64'] },
      ],
    }),
    scanners: async () => ({
      version: 1,
      reports: [{ scanner: 'sbom', state: 'complete', findings: [], total: 0, seconds: 1 }],
    }),
  },
  releases: [
    {
      project: 'demo/app:latest',
      digest,
      repository: 'demo/app',
      build: released.id,
      platforms: images,
      releasedAt: '2026-11-21T11:00:00.000Z',
      tags: new Set(['latest']),
      floating: ['latest'],
      state: 'waiting',
    },
  ],
  parts: { sboms: { address: async (recordedAs, format) => `https://bucket.example.org/${recordedAs}/${format}` } },
});

describe('a build for several platforms', () => {
  it('has a page with its platforms, the images of each, and the way to each log and SBOM', async () => {
    const { text } = await ask(`/builds/${released.id}`);
    expect(text).toContain('linux/amd64, linux/arm64');
    for (const each of images) expect(text).toContain(each.digest);
    expect(text).toContain(`href="/builds/${released.id}/arm64/log"`);
    expect(text).toContain(`href="/api/v1/builds/${released.id}/arm64/sbom.cdx.json"`);
    expect(text).toContain('built on amd64');
  });

  it('says which of them has a finding that not all have', async () => {
    expect((await ask(`/builds/${released.id}/findings`)).text).toContain(
      'openssl<span class="why">on linux/arm64</span>',
    );
  });

  it('shows the log of the platform that failed, unless another is asked for', async () => {
    expect((await ask(`/builds/${failed.id}`)).text).toContain('built on arm64');
    expect((await ask(`/builds/${failed.id}/log`)).text).toContain('built on arm64');
    expect((await ask(`/builds/${failed.id}/amd64/log`)).text).toContain('built on amd64');
    expect((await ask(`/builds/${failed.id}/arm64/log?q=BUILT`)).text).toContain('<mark>built</mark> on arm64');
    expect((await ask(`/api/v1/builds/${failed.id}/amd64/log`)).text).toBe('built on amd64\n');
    expect((await ask(`/api/v1/builds/${failed.id}/log`)).text).toBe('built on arm64\n');
  });

  it('has an SBOM for each, and the first where none is asked for', async () => {
    const locationOf = async (path: string) => (await ask(`/api/v1/builds/${released.id}/${path}`)).headers?.location;
    expect(await locationOf('arm64/sbom.spdx.json')).toBe(`https://bucket.example.org/${released.id}/arm64/spdx`);
    expect(await locationOf('sbom.cdx.json')).toBe(`https://bucket.example.org/${released.id}/amd64/cyclonedx`);
  });

  it('names its platforms with its tags, and with its release', async () => {
    expect((await ask('/projects/demo/app/latest/tags')).text).toContain('linux/amd64, linux/arm64');
    const release = await ask(`/projects/demo/app/latest/releases/${digest}`);
    for (const each of images) expect(release.text).toContain(each.digest);
    const { text } = await ask(`/api/v1/projects/demo/app/latest/releases/${digest}`);
    expect(JSON.parse(text).platforms).toEqual(images);
  });
});

it('a platform that a build is not for has neither log nor SBOM', async () => {
  for (const path of [`${plain.id}/arm64/log`, `${plain.id}/arm64/sbom.cdx.json`, `${released.id}/s390x/log`]) {
    expect((await ask(`/api/v1/builds/${path}`)).statusCode).toBe(404);
  }
});
