import { describe, expect, it } from 'vitest';
import { sampleBuild, sampleSite } from './sample-site.ts';

const running = sampleBuild(1, { status: 'building' });
const ended = sampleBuild(2, { status: 'released', endedAt: '2026-11-21T11:00:00.000Z' });
const bare = sampleBuild(3, { status: 'failed', endedAt: '2026-11-21T11:00:00.000Z' });
const ask = sampleSite({
  builds: [running, ended, bare],
  parts: {
    sboms: {
      address: async (build, format) =>
        build === ended.id ? `https://bucket.example.org/${format}?signed` : undefined,
    },
  },
});

describe('an SBOM', () => {
  it.each([
    ['sbom.cdx.json', 'cyclonedx'],
    ['sbom.spdx.json', 'spdx'],
  ])('is to be had at %s, and nobody keeps where that leads', async (name, format) => {
    const { statusCode, headers } = await ask(`/api/v1/builds/${ended.id}/${name}`);
    expect(statusCode).toBe(302);
    expect(headers).toMatchObject({
      location: `https://bucket.example.org/${format}?signed`,
      'cache-control': 'no-store',
    });
  });

  it('that there is not, or not yet, is said to be so, with what to do', async () => {
    const early = await ask(`/api/v1/builds/${running.id}/sbom.cdx.json`);
    expect([early.statusCode, early.text]).toEqual([
      404,
      expect.stringContaining('Try again when the build has ended'),
    ]);
    const never = await ask(`/api/v1/builds/${bare.id}/sbom.spdx.json`);
    expect([never.statusCode, never.text]).toEqual([404, expect.stringContaining('Its page says why')]);
    expect(JSON.parse(never.text).code).toBe('SbomNotFound');
    expect(JSON.parse((await ask('/api/v1/builds/00000000000000ff/sbom.spdx.json')).text).code).toBe('BuildNotFound');
    expect((await ask(`/api/v1/builds/${ended.id}/sbom.xml`)).statusCode).toBe(404);
  });
});
