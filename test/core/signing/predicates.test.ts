import { describe, expect, it } from 'vitest';
import type { Build } from '../../../core/model/build.ts';
import { provenanceOf, provenanceSchema } from '../../../core/signing/provenance.ts';
import { vulnerabilityScanOf, vulnerabilityScanSchema } from '../../../core/signing/vulnerability-scan.ts';

const commit = 'a'.repeat(40);
const siteUrl = 'https://slipway.example.org';
const verdict = { outcome: 'pass' as const, reasons: [], counts: { LOW: 1 }, accepted: 2 };
const build: Build & { verdict: NonNullable<Build['verdict']> } = {
  id: '0123456789abcdef',
  project: 'demo/app:latest',
  status: 'scanning',
  cause: { type: 'schedule', schedule: '0 3 * * *' },
  commit,
  ref: 'refs/heads/main',
  sourceUrl: 'https://git.example/demo/app.git',
  notifyEmail: [],
  sequence: 1,
  createdAt: '2026-11-21T01:02:03.000Z',
  stages: {
    build: { status: 'succeeded', startedAt: '2026-11-21T01:02:04.000Z', endedAt: '2026-11-21T01:03:04.000Z' },
    scan: { status: 'succeeded', startedAt: '2026-11-21T01:03:05.000Z', endedAt: '2026-11-21T01:04:05.000Z' },
  },
  verdict,
};

describe('the provenance', () => {
  const provenance = provenanceOf({
    build,
    request: {
      source: { url: build.sourceUrl, commit, ref: build.ref },
      dockerfile: 'docker/Dockerfile',
      context: '.',
      platforms: undefined,
    },
    result: {
      engine: 'buildkit 0.33.1',
      bases: [
        {
          reference: 'debian:12',
          image: 'docker.io/library/debian:12',
          digest: `sha256:${'b'.repeat(64)}`,
          own: false,
        },
        {
          reference: 'demo/base:latest',
          image: 'localhost:4600/slipway/demo/base:latest',
          digest: `sha256:${'c'.repeat(64)}`,
          own: true,
        },
      ],
    },
    siteUrl,
  });

  it('says the source, the commit, the bases with their digests, the builder, the cause, the build and when', () => {
    expect(JSON.parse(JSON.stringify(provenance))).toEqual({
      buildDefinition: {
        buildType: 'urn:slipway:build:v1',
        externalParameters: {
          project: 'demo/app:latest',
          source: { uri: 'git+https://git.example/demo/app.git', ref: 'refs/heads/main' },
          dockerfile: 'docker/Dockerfile',
          context: '.',
        },
        internalParameters: { cause: build.cause, engine: 'buildkit 0.33.1' },
        resolvedDependencies: [
          { uri: 'git+https://git.example/demo/app.git@refs/heads/main', digest: { gitCommit: commit } },
          {
            uri: `pkg:oci/debian@sha256:${'b'.repeat(64)}?repository_url=docker.io%2Flibrary%2Fdebian&tag=12`,
            digest: { sha256: 'b'.repeat(64) },
          },
          {
            uri: `pkg:oci/base@sha256:${'c'.repeat(64)}?repository_url=localhost%3A4600%2Fslipway%2Fdemo%2Fbase&tag=latest`,
            digest: { sha256: 'c'.repeat(64) },
          },
        ],
      },
      runDetails: {
        builder: { id: siteUrl },
        metadata: {
          invocationId: `${siteUrl}/builds/${build.id}`,
          startedOn: '2026-11-21T01:02:04.000Z',
          finishedOn: '2026-11-21T01:03:04.000Z',
        },
      },
    });
  });

  it('is read again as it was written', () => {
    expect(provenanceSchema.parse(JSON.parse(JSON.stringify(provenance)))).toEqual(
      JSON.parse(JSON.stringify(provenance)),
    );
  });
});

describe('the vulnerability scan', () => {
  const finding = {
    id: 'CVE-2026-1',
    severity: 'LOW' as const,
    package: 'zlib',
    installed: '1.2',
    description: 'Long.',
  };
  const scan = vulnerabilityScanOf({
    build,
    scan: { state: 'complete', scanner: 'enhanced', sourceUpdatedAt: '2026-11-20T00:00:00.000Z', findings: [finding] },
    siteUrl,
  });

  it('says what was found, when, by which scanner, and the verdict', () => {
    expect(JSON.parse(JSON.stringify(scan))).toEqual({
      invocation: { uri: `${siteUrl}/builds/${build.id}`, event_id: build.id, 'builder.id': siteUrl },
      scanner: {
        uri: 'https://aws.amazon.com/inspector/',
        version: '',
        db: { uri: '', version: '2026-11-20T00:00:00.000Z' },
        result: {
          verdict,
          state: 'complete',
          findings: [{ id: 'CVE-2026-1', severity: 'LOW', package: 'zlib', installed: '1.2' }],
        },
      },
      metadata: { scanStartedOn: '2026-11-21T01:03:05.000Z', scanFinishedOn: '2026-11-21T01:04:05.000Z' },
    });
    expect(vulnerabilityScanSchema.safeParse(JSON.parse(JSON.stringify(scan))).success).toBe(true);
  });
});
