import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Build } from '../../core/model/build.ts';
import type { BuildRequest, SbomFormat } from '../../core/model/builder-contract.ts';
import { RecordConflictError, SigningUnavailableError } from '../../core/model/errors.ts';
import { defaultPolicy } from '../../core/model/policy.ts';
import type { Project } from '../../core/model/project.ts';
import { verifiedStatement } from '../../core/signing/bundle.ts';
import { publicKeyPem } from '../../core/signing/public-key.ts';
import { type StatementName, statementNames, statements } from '../../core/signing/statement.ts';
import { createSign } from '../../functions/sign.ts';
import { newPrivateKey, publicKeyOf, signDigest } from '../../local/aws/kms/signature.ts';
import { atEveryCrashPoint, type CrashPoints, createCrashPoints } from './crash-points.ts';
import { commit, digest, setUpServices } from './services-setup.ts';

const id = '0000000000000001';
const candidate = { repository: 'slipway/candidate/demo/app', digest };
const verdict = { outcome: 'pass' as const, reasons: [], counts: {}, digest };
const privateKey = newPrivateKey();
const publicKey = publicKeyOf(privateKey);
const request: BuildRequest = {
  id,
  project: 'demo/app:latest',
  source: { url: 'https://git.example/demo/app.git', commit, ref: 'refs/heads/main' },
  dockerfile: 'Dockerfile',
  context: '.',
  candidate: candidate.repository,
  repositoryPrefix: 'slipway/',
  labels: {},
  timeoutSeconds: 600,
  logLimitBytes: 1_000_000,
};

async function startSigning({
  crashes = createCrashPoints(),
  project = {},
  build = {},
}: {
  crashes?: CrashPoints;
  project?: Partial<Project>;
  build?: Partial<Build>;
} = {}) {
  const world = await setUpServices();
  await world.track(project);
  await world.queue(id, { status: 'scanning', candidate, verdict, ...build });
  world.requests.push(request);
  world.results.set(id, {
    outcome: 'built',
    digest,
    commit,
    committedAt: '2026-11-21T01:02:03.000Z',
    engine: 'buildkit',
    bases: [],
  });
  world.scans.set(id, { state: 'complete', findings: [] });
  const boms = new Map<SbomFormat, string>([
    ['cyclonedx', '{"bomFormat":"CycloneDX"}'],
    ['spdx', '{"spdxVersion":"SPDX-2.3"}'],
  ]);
  const bundles = new Map<StatementName, Buffer<ArrayBuffer>>();
  const signatures = {
    read: async (_build: string, name: StatementName) => bundles.get(name),
    async keep(_build: string, name: StatementName, bundle: Uint8Array) {
      if (!bundles.has(name)) bundles.set(name, Buffer.from(bundle));
    },
  };
  const sboms = {
    async read(_build: string, format: SbomFormat) {
      const text = boms.get(format);
      return text === undefined ? undefined : Buffer.from(text);
    },
  };
  const key = {
    publicKey: async (): Promise<Uint8Array> => publicKey,
    sign: async (given: Uint8Array) => signDigest(privateKey, given),
  };
  const sign = createSign({
    builds: crashes.guard(world.builds),
    projects: crashes.guard(world.projects),
    heads: crashes.guard(world.heads),
    records: crashes.guard(world.records),
    sboms: crashes.guard(sboms),
    signatures: crashes.guard(signatures),
    key: crashes.guard(key),
    siteUrl: 'https://slipway.example.org',
    policy: defaultPolicy,
  });
  return Object.assign(world, { boms, bundles, key, sign: () => sign({ build: id }) });
}

/** What is said of the image by whom has the key. */
const provenBy = (bundles: Map<StatementName, Buffer>) =>
  Object.fromEntries(
    [...bundles].map(([name, bundle]) => [
      name,
      verifiedStatement(JSON.parse(bundle.toString()), publicKeyPem(publicKey)),
    ]),
  );

describe('a candidate that passed', () => {
  it('is signed, with its origin, its findings and its packages', async () => {
    await using world = await startSigning();
    await world.sign();
    const proven = provenBy(world.bundles);
    expect(Object.keys(proven).toSorted()).toEqual(statementNames.toSorted());
    for (const name of statementNames)
      expect(proven[name]).toMatchObject({
        subject: [{ digest: { sha256: 'd'.repeat(64) } }],
        predicateType: statements[name].predicateType,
      });
    expect(proven.provenance).toMatchObject({
      predicate: { runDetails: { builder: { id: 'https://slipway.example.org' } } },
    });
    expect(proven.vulnerabilities).toMatchObject({
      predicate: { scanner: { result: { verdict: { outcome: 'pass' } } } },
    });
    expect(proven.cyclonedx).toMatchObject({ predicate: { bomFormat: 'CycloneDX' } });
    expect((await world.builds.require(id)).stages.sign).toMatchObject({ status: 'succeeded' });
  });

  it('is signed once, wherever the first try crashed', async () => {
    await atEveryCrashPoint(async (crashes) => {
      const world = await startSigning({ crashes });
      return {
        run: world.sign,
        async check() {
          await using _ = world;
          const first = new Map(world.bundles);
          await world.sign();
          expect(world.bundles).toEqual(first);
          expect(Object.values(provenBy(world.bundles))).not.toContain(undefined);
          expect(world.bundles.size).toBe(statementNames.length);
        },
      };
    });
  });

  it('has no signed SBOM where there is none, or one that cannot be read', async () => {
    await using world = await startSigning();
    world.boms.delete('spdx');
    world.boms.set('cyclonedx', 'no JSON');
    await world.sign();
    expect([...world.bundles.keys()].toSorted()).toEqual(['provenance', 'signature', 'vulnerabilities']);
  });

  it('waits while the key is not available, unless the policy says otherwise', async () => {
    for (const policy of [undefined, { unsigned: 'warn' as const }]) {
      await using world = await startSigning({ project: { policy } });
      world.key.sign = () => Promise.reject(new SigningUnavailableError('The key is disabled.'));
      if (policy) await world.sign();
      else await expect(world.sign()).rejects.toThrow(SigningUnavailableError);
      expect(world.bundles.size).toBe(0);
      const { status, stages } = await world.builds.require(id);
      expect([status, stages.sign?.status]).toEqual(['scanning', policy ? 'failed' : 'running']);
    }
  });
});

describe('nothing is signed', () => {
  it.each<[string, Partial<Build>, RegExp]>([
    ['that was blocked', { verdict: { ...verdict, outcome: 'block' } }, /no verdict of pass/],
    ['without a verdict', { verdict: undefined }, /no verdict of pass/],
    ['of which another image was judged', { verdict: { ...verdict, digest: 'sha256:other' } }, /another image/],
    [
      'that another image is the result of',
      { candidate: { ...candidate, digest: 'sha256:x' }, verdict: { ...verdict, digest: 'sha256:x' } },
      /another image/,
    ],
  ])('%s', async (_what, build, message) => {
    await using world = await startSigning({ build });
    await expect(world.sign()).rejects.toThrow(RecordConflictError);
    await expect(world.sign()).rejects.toThrow(message);
    expect(world.bundles.size).toBe(0);
  });

  it.each<[string, Partial<Build>]>([
    ['of a pull request', { cause: { type: 'pull-request', delivery: 'd', number: 1, commit, author: 'a' } }],
    ['of a ref that is neither a branch nor a tag', { ref: commit }],
    ['of a branch that the entry does not track', { ref: 'refs/heads/other' }],
    ['of a build that has ended', { status: 'cancelled' }],
  ])('%s', async (_what, build) => {
    await using world = await startSigning({ build });
    await world.sign();
    expect(world.bundles.size).toBe(0);
    expect((await world.builds.require(id)).stages.sign).toBeUndefined();
  });

  it('that verifies with another key', async () => {
    await using world = await startSigning();
    await world.sign();
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'pem', type: 'spki' });
    for (const bundle of world.bundles.values())
      expect(verifiedStatement(JSON.parse(bundle.toString()), other.toString())).toBeUndefined();
  });
});
