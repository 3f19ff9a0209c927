import { beforeAll, describe, expect, it } from 'vitest';
import { operations } from '../../site/api/operations.ts';
import { expectDocumented } from './documented.ts';
import { sampleComparison, samplePackages, sampleReports } from './sample-records.ts';
import { type Answer, now, sampleBuild, sampleProject, sampleSite, siteUrl } from './sample-site.ts';

const digest = `sha256:${'ab'.repeat(32)}`;
const cascade = '20261121T115000Z-0000cc';
const build = sampleBuild(1, { status: 'released', platforms: ['linux/amd64', 'linux/arm64'] });
const at = now.toISOString();

const ask = sampleSite({
  builds: [build, sampleBuild(2)],
  projects: [sampleProject('demo/app:latest')],
  cascades: [
    {
      summary: {
        id: cascade,
        startedAt: at,
        causes: [{ event: 'e', cause: build.cause, at }],
        levels: [],
        first: [],
        counts: { waiting: 1 },
      },
      members: [{ project: 'demo/app:latest', state: 'waiting', parents: [], root: true, since: at, version: 1 }],
    },
  ],
  logs: { [`${build.id}/amd64`]: 'the log\n' },
  records: {
    scan: async () => ({
      state: 'complete',
      findings: [{ id: 'CVE-2026-1', severity: 'LOW', package: 'zlib', installed: '1' }],
    }),
    scanners: async () => sampleReports,
    comparison: async () => sampleComparison,
    packages: async () => samplePackages([{ name: 'openssl', version: '3.0.15' }]),
  },
  releases: [
    {
      project: 'demo/app:latest',
      digest,
      repository: 'demo/app',
      build: build.id,
      releasedAt: at,
      tags: new Set(['latest']),
      floating: ['latest'],
      state: 'waiting',
    },
  ],
  holds: [{ project: 'demo/app:latest', id: 'trigger', action: 'held', at, by: 'alice' }],
  parts: { sboms: { address: async () => 'https://store.example.org/sbom' } },
});

const example: Record<string, string> = {
  build: build.id,
  architecture: 'amd64',
  scanner: 'file-integrity',
  app: 'demo',
  job: 'app',
  tag: 'latest',
  digest,
  cascade,
};
const exampleOf = (path: string) => path.replace(/\{(\w+)\}/g, (_, name) => example[name] ?? '');

describe('the document of the API', () => {
  let served: Answer;
  let text: string;

  beforeAll(async () => {
    served = await ask('/api/v1/openapi.json');
    text = served.text;
  });

  it('is served to everybody, and found from the root of the API', async () => {
    expect(served).toMatchObject({
      statusCode: 200,
      headers: { 'content-type': 'application/json; charset=utf-8', 'access-control-allow-origin': '*' },
    });
    expect(JSON.parse(text)).toMatchObject({ openapi: '3.1.1', servers: [{ url: siteUrl }] });
    expect((await ask('/api/v1')).headers.location).toBe('/api/v1/openapi.json');
  });

  it('refers to nothing that it does not have', () => {
    const { components } = JSON.parse(text);
    const references = [...text.matchAll(/"\$ref":"#\/components\/(\w+)\/(\w+)"/g)];
    expect(references.length).toBeGreaterThan(50);
    for (const [, kind = '', name = ''] of references) expect(components[kind]).toHaveProperty(name);
    expect(text).not.toContain('__shared');
  });

  it.each(operations.map(({ path }) => path))('has what %s answers', async (path) => {
    expect(JSON.parse(text).paths).toHaveProperty([path, 'get', 'responses']);
    const { statusCode } = await ask(exampleOf(path));
    expect([200, 302]).toContain(statusCode);
  });

  it('would not have what it does not name', async () => {
    const address = new URL(`/api/v1/builds/${build.id}`, siteUrl);
    const answer = await ask(address.pathname);
    for (const change of [{ secret: 'field' }, { status: 'unheard of' }, { url: undefined }]) {
      const changed = JSON.stringify({ ...JSON.parse(answer.text), ...change });
      expect(() => expectDocumented(address, 'GET', { ...answer, text: changed })).toThrow();
    }
  });
});
