import { generateKeyPairSync, sign } from 'node:crypto';
import { dsse } from '@sigstore/core';
import { expect, it } from 'vitest';
import { SigningUnavailableError } from '../../core/model/errors.ts';
import { type ReleasedImage, releasedImageSchema } from '../../core/releases/release.ts';
import type { ReleaseFindings } from '../../core/releases/rescan-findings.ts';
import { bundleOf } from '../../core/signing/bundle.ts';
import { payloadType, type StatementName, statementOn } from '../../core/signing/statement.ts';
import type { TargetState } from '../../core/targets/target-state.ts';
import type { SiteParts } from '../../site/parts.ts';
import { sampleBuild, sampleProject, sampleSite, siteUrl } from './sample-site.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const older = `sha256:${'b'.repeat(64)}`;
const project = sampleProject('demo/app:latest');
const path = '/projects/demo/app/latest/releases';

function released(own: string, over: Partial<ReleasedImage> = {}): ReleasedImage {
  return releasedImageSchema.parse({
    project: project.name,
    digest: own,
    repository: 'slipway/demo/app',
    build: '0123456789abcdef',
    releasedAt: '2026-11-01T10:00:00.000Z',
    tags: new Set(['latest', 'build-20261101T100000Z-1a2b3c4']),
    floating: ['latest'],
    dueAt: '2026-11-22T10:00:00.000Z',
    ...over,
  });
}

const seen = released(digest, {
  state: 'complete',
  checkedAt: '2026-11-20T10:00:00.000Z',
  counts: { CRITICAL: 1, LOW: 2 },
  appeared: 1,
  outcome: 'block',
});

const findings: ReleaseFindings = {
  version: 1,
  checkedAt: '2026-11-20T10:00:00.000Z',
  state: 'complete',
  scan: { scanner: 'enhanced' },
  findings: [
    {
      id: '<img src=x onerror=alert(1)>',
      severity: 'CRITICAL',
      package: '"><script>alert(2)</script>',
      installed: '1\u202e0',
      fixed: '2',
      url: 'javascript:alert(3)',
      title: '<b>bold</b>',
      since: '2026-11-20T10:00:00.000Z',
    },
    { id: 'CVE-2026-1', severity: 'LOW', package: 'zlib', installed: '1' },
  ],
};

const site = () =>
  sampleSite({
    projects: [project],
    releases: [seen, released(older, { floating: [] })],
    releaseFindings: { [digest]: findings },
  });

it("a project's page has its newest releases, with what is known of them today", async () => {
  const { text } = await site()('/projects/demo/app/latest');
  expect(text).toContain('would block');
  expect(text).toContain('1 critical, 2 low; 1 not known at the release');
  expect(text).toContain(`href="${path}"`);
});

it('all releases of a project are a page and JSON, with tags, digest, times and the way to the findings', async () => {
  const ask = site();
  const page = await ask(path);
  expect(page.text).toContain('earlier');
  expect(page.text).toContain('Passed the policy at its release');
  expect(page.text).toContain(`href="${path}/${digest}"`);
  const { items, cursor } = JSON.parse((await ask(`/api/v1${path}`)).text);
  expect(cursor).toBeNull();
  expect(items).toHaveLength(2);
  expect(items[0]).toEqual({
    project: 'demo/app:latest',
    repository: 'slipway/demo/app',
    digest,
    build: '0123456789abcdef',
    releasedAt: '2026-11-01T10:00:00.000Z',
    tags: ['build-20261101T100000Z-1a2b3c4', 'latest'],
    currentTags: ['latest'],
    signed: false,
    sizeBytes: null,
    platforms: null,
    state: 'complete',
    reason: null,
    counts: { CRITICAL: 1, LOW: 2 },
    newSinceRelease: 1,
    policyToday: 'block',
    checkedAt: '2026-11-20T10:00:00.000Z',
    nextCheckAt: '2026-11-22T10:00:00.000Z',
    url: `${siteUrl}${path}/${digest}`,
    findingsUrl: `${siteUrl}/api/v1${path}/${digest}`,
  });
  expect(items[1]).toMatchObject({ state: 'waiting', counts: null, currentTags: [] });
});

it('a signed release says how anybody verifies it, with the key', async () => {
  const host = '123456789012.dkr.ecr.eu-west-1.amazonaws.com';
  const image = { repository: `${host}/slipway/demo/app`, digest, tags: ['latest'], signed: true };
  const ask = (parts: Partial<SiteParts> = {}) =>
    sampleSite({
      projects: [project],
      releases: [released(digest, { signed: true }), released(older)],
      builds: [sampleBuild(1, { id: '0123456789abcdef', status: 'released', image })],
      parts,
    });
  const { text } = await ask()(`${path}/${digest}`);
  expect(text).toContain(
    `cosign verify --key cosign.pub --insecure-ignore-tlog=true ${host}/slipway/demo/app@${digest}`,
  );
  expect(text).toContain('cosign verify-attestation --type slsaprovenance1');
  expect(text).toContain('kind: ImageValidatingPolicy');
  expect(text).toContain('kind: ClusterImagePolicy');
  const { text: pem, headers } = await ask()('/.well-known/slipway/cosign.pub');
  expect(headers['content-type']).toBe('application/x-pem-file');
  for (const line of pem.trim().split('\n')) expect(text).toContain(line);
  expect((await ask()(`${path}/${older}`)).text).toContain('The image is not signed.');
  expect((await ask()(path)).text).toContain('signed, not scanned again yet');

  const unavailable = { publicKey: () => Promise.reject(new SigningUnavailableError('KMS is silent.')) };
  const without = await ask({ signingKey: unavailable })(`${path}/${digest}`);
  expect([without.statusCode, without.text.includes('cosign verify ')]).toEqual([200, true]);
  expect(without.text).not.toContain('kind: ClusterImagePolicy');
});

it('lists go on with their cursor', async () => {
  const ask = site();
  const first = JSON.parse((await ask(`/api/v1${path}?limit=1`)).text);
  const second = JSON.parse((await ask(`/api/v1${path}?limit=1&cursor=${first.cursor}`)).text);
  expect([first, second].flatMap(({ items }) => items.map((each: { digest: string }) => each.digest))).toEqual([
    digest,
    older,
  ]);
  expect((await ask(`/api/v1${path}?cursor=made-up`)).statusCode).toBe(400);
});

it('are found by a tag that they had, and their builds by their digest, by the tag, and by both', async () => {
  const ask = sampleSite({
    projects: [project],
    builds: [sampleBuild(1), sampleBuild(2)],
    releases: [seen, released(older, { build: sampleBuild(2).id, tags: new Set(['1.2.3']) })],
  });
  const ofTag = async (tag: string) => JSON.parse((await ask(`/api/v1${path}?tag=${tag}`)).text).items;
  expect((await ofTag('1.2.3')).map((each: { digest: string }) => each.digest)).toEqual([older]);
  expect(await ofTag('9')).toEqual([]);
  expect(JSON.parse((await ask(`/api/v1${path}?tag=%3C`)).text).code).toBe('InvalidTag');
  const builds = async (query: string) =>
    JSON.parse((await ask(`/api/v1/builds?${query}`)).text).items.map(({ id }: { id: string }) => id);
  expect(await builds(`digest=${older}`)).toEqual([sampleBuild(2).id]);
  expect(await builds(`digest=${older}&status=failed`)).toEqual([]);
  const ofProject = 'project=demo/app:latest';
  expect(await builds(`${ofProject}&tag=1.2.3`)).toEqual([sampleBuild(2).id]);
  expect(await builds(`${ofProject}&tag=1.2.3&digest=${older}&since=2026-11-01`)).toEqual([sampleBuild(2).id]);
  expect(await builds(`digest=${older}&tag=latest`)).toEqual([]);
  expect(await builds(`${ofProject}&tag=1.2.3&status=failed`)).toEqual([]);
});

it('a release shows its findings, those first that were not known at the release, and nothing of a stranger as markup', async () => {
  const { text } = await site()(`${path}/${digest}`);
  expect(text.indexOf('Not known at the release')).toBeLessThan(text.indexOf('CVE-2026-1'));
  expect(text).toContain('since 2026-11-20');
  expect(text).toContain('It stays released.');
  expect(text).toContain('&lt;img src=x onerror=alert(1)&gt;');
  for (const markup of ['<img src=x', '<script>alert', 'javascript:', '<b>bold', '\u202e']) {
    expect(text).not.toContain(markup);
  }
});

it('the findings of a release are JSON in pieces', async () => {
  const { text } = await site()(`/api/v1${path}/${digest}?limit=1`);
  const answer = JSON.parse(text);
  expect(answer).toMatchObject({ digest, scan: { scanner: 'enhanced' }, findings: { total: 2 } });
  expect(answer.findings.items).toHaveLength(1);
  const rest = JSON.parse((await site()(`/api/v1${path}/${digest}?limit=1&cursor=${answer.findings.cursor}`)).text);
  expect(rest.findings).toMatchObject({ items: [{ id: 'CVE-2026-1', since: null }], cursor: null });
});

it.each([
  ['gone', 'The image is no longer in the registry.'],
  ['failed', 'The last rescan of the image failed.'],
  ['unsupported', 'The scanner of the registry cannot read the image.'],
] as const)('an image that is %s says so', async (state, words) => {
  const { dueAt: _, ...image } = released(digest, { state, reason: 'Because <i>so</i>.' });
  const ask = sampleSite({ projects: [project], releases: [image] });
  const { text } = await ask(`${path}/${digest}`);
  expect(text).toContain(words);
  expect(text).toContain('Because &lt;i&gt;so&lt;/i&gt;.');
});

it('what no project released is not found', async () => {
  const ask = site();
  expect((await ask(`${path}/sha256:${'c'.repeat(64)}`)).statusCode).toBe(404);
  expect((await ask('/projects/demo/other/latest/releases')).statusCode).toBe(404);
  expect((await ask(`/api/v1${path}/sha256:nonsense`)).statusCode).toBe(404);
  expect(JSON.parse((await ask(`/api/v1${path}/sha256:${'c'.repeat(64)}`)).text).code).toBe('ReleaseNotFound');
});

const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const der = keys.publicKey.export({ format: 'der', type: 'spki' });

/** What the key signed of an image. */
function bundleOn(image: string, name: StatementName): Buffer {
  const statement = statementOn(image, name, {});
  return Buffer.from(
    bundleOf(statement, sign('sha256', dsse.preAuthEncoding(payloadType, statement), keys.privateKey), der),
  );
}

it.each([
  ['of the image', digest, 'The key does not prove where it was built from, its scan'],
  ['of another image', older, 'The key does not prove the signature, where it was built from, its scan'],
])('a release is held against the key: a signature %s', async (_, signedImage, sentence) => {
  const ask = sampleSite({
    projects: [project],
    releases: [released(digest, { signed: true })],
    parts: {
      signingKey: { publicKey: async () => der },
      signatures: { read: async (_build, name) => (name === 'signature' ? bundleOn(signedImage, name) : undefined) },
    },
  });
  expect((await ask(`${path}/${digest}`)).text).toContain(sentence);
});

it('a release says where it is deployed, and how the project goes back to it', async () => {
  const release = {
    build: '0123456789abcdef',
    repository: 'registry.example.org/demo/app',
    digest: older,
    tag: '1.2.3',
    tags: ['1.2.3'],
    ref: 'refs/tags/v1.2.3',
    commit: 'c'.repeat(40),
    sourceUrl: 'https://github.com/demo/app',
    releasedAt: '2026-11-01T10:00:00.000Z',
    why: 'a push',
  };
  const production: TargetState = {
    project: project.name,
    target: 'production',
    kind: 'manifest',
    wanted: { ...release, call: { type: 'release' } },
    state: 'delivered',
    since: '2026-11-01T10:00:00.000Z',
    attempts: 1,
    delivered: [{ ...release, call: { type: 'release' }, deliveredAt: '2026-11-01T10:05:00.000Z' }],
    revision: 1,
  };
  const current = { build: 'b', digest, tags: ['latest'], at: '2026-11-02T10:00:00.000Z' };
  const ask = sampleSite({
    projects: [{ ...project, released: current }],
    releases: [seen, released(older, { floating: [] })],
    targets: [production],
  });
  const before = (await ask(`${path}/${older}`)).text;
  expect(before).toContain('production');
  expect(before).toContain(`npx slipway rollback demo/app:latest --to ${older}`);
  const now = (await ask(`${path}/${digest}`)).text;
  expect(now).not.toContain('slipway rollback');
  expect(now).not.toContain('>production<');
});

it('a release that was taken back says so, in the list and on its page, and where one reads why', async () => {
  const taken = released(digest, { floating: [], tags: new Set(['latest', 'build-20261102T100000Z-2b3c4d5']) });
  const current = {
    build: 'b',
    digest: older,
    tags: ['latest', 'build-20261101T100000Z-1a2b3c4'],
    at: taken.releasedAt,
  };
  const ask = sampleSite({ projects: [{ ...project, released: current }], releases: [taken, released(older)] });
  for (const address of ['/projects/demo/app/latest', path]) {
    const { text } = await ask(address);
    expect(text).toMatch(/rolled back<.*current</s);
  }
  const { text } = await ask(`${path}/${digest}`);
  expect(text).toContain('It was rolled back');
  expect(text).toContain('href="/projects/demo/app/latest/holds"');
  expect((await ask(`${path}/${older}`)).text).not.toContain('rolled back');
});

it('the tags of a project are a table with image, size and age, and 500 make no large page', async () => {
  const tags = Array.from({ length: 500 }, (_, at) => `1.2.${at}`);
  const many = released(older, { floating: tags, tags: new Set(tags), sizeBytes: 12_300_000 });
  const ask = sampleSite({ projects: [{ ...project }], releases: [seen, many] });
  for (const address of ['/projects/demo/app/latest', `/projects/demo/app/latest/tags`, path, `${path}/${older}`]) {
    const { text } = await ask(address);
    expect(text.length).toBeLessThan(60_000);
    expect(text).toContain('1.2.7<');
  }
  const { text } = await ask('/projects/demo/app/latest/tags');
  expect(text).toContain('12.3 MB');
  expect(text).toContain('unknown');
  expect(text).toContain(`href="${path}/${older}"`);
});
