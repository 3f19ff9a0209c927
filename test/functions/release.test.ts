import { describe, expect, it } from 'vitest';
import type { Build } from '../../core/model/build.ts';
import type { SbomFormat } from '../../core/model/builder-contract.ts';
import { RecordConflictError, ReleaseBusyError } from '../../core/model/errors.ts';
import { defaultPolicy, type OwnPolicy } from '../../core/model/policy.ts';
import type { Project } from '../../core/model/project.ts';
import { bundleType } from '../../core/signing/bundle.ts';
import { requiredStatements, type StatementName, statements } from '../../core/signing/statement.ts';
import { createRelease } from '../../functions/release.ts';
import { createAttachReferrers } from '../../functions/releases/attach-referrers.ts';
import { ReferrerRefusedError } from '../../services/registry/registry.ts';
import type { Heads } from '../../services/tables/heads.ts';
import { atEveryCrashPoint, type CrashPoints, createCrashPoints } from './crash-points.ts';
import { createFakeRegistry } from './fake-registry.ts';
import { commit, digest, setUpServices } from './services-setup.ts';

const repository = 'slipway/demo/app';
const candidate = { repository: 'slipway/candidate/demo/app', digest };
const verdict = { outcome: 'pass' as const, reasons: [], counts: {} };
const createdAt = '2026-11-21T01:02:03.000Z';
const immutable = 'build-20261121T010203Z-aaaaaaa';
/** What the step before has signed of each image. */
const signed = {
  [statements.signature.predicateType]: 'signature',
  [statements.provenance.predicateType]: 'provenance',
  [statements.vulnerabilities.predicateType]: 'vulnerabilities',
};
const bothSboms = {
  ...signed,
  'application/vnd.cyclonedx+json': 'an SBOM',
  'application/spdx+json': 'another SBOM',
};
const idOf = (sequence: number) => sequence.toString(16).padStart(16, '0');
const digestOf = (sequence: number) => `sha256:${String(sequence).repeat(64).slice(0, 64)}`;

async function startReleasing({
  crashes = createCrashPoints(),
  project = {},
}: {
  crashes?: CrashPoints;
  project?: Partial<Project>;
} = {}) {
  const world = await setUpServices();
  await world.track(project);
  const shelf = createFakeRegistry();
  const kept = new Map<string, string>();
  const sboms = {
    async read(build: string, format: SbomFormat) {
      const text = kept.get(`${build} ${format}`);
      return text === undefined ? undefined : Buffer.from(text);
    },
  };
  const signatures = {
    /** The statements that were signed. */
    names: new Set<StatementName>(requiredStatements),
    read: async (_build: string, name: StatementName) => (signatures.names.has(name) ? Buffer.from(name) : undefined),
  };
  const services = {
    attachReferrers: createAttachReferrers({ sboms, signatures }),
    builds: world.builds,
    projects: world.projects,
    heads: world.heads,
    releases: world.releases,
    openRegistry: async () => shelf.registry,
    repositoryPrefix: 'slipway/',
    policy: defaultPolicy,
  };
  const release = createRelease({
    ...services,
    attachReferrers: createAttachReferrers({ sboms: crashes.guard(sboms), signatures: crashes.guard(signatures) }),
    builds: crashes.guard(world.builds),
    projects: crashes.guard(world.projects),
    heads: crashes.guard(world.heads),
    releases: crashes.guard(world.releases),
    openRegistry: async () => crashes.guard(shelf.registry),
  });
  return Object.assign(world, {
    shelf,
    signatures,
    services,
    /** Leaves an SBOM of the build with this number. */
    addSbom: (sequence: number, format: SbomFormat, text: string) => void kept.set(`${idOf(sequence)} ${format}`, text),
    release: (sequence = 1) => release({ build: idOf(sequence) }),
    /** A candidate that passed, of the build with this number. */
    async pass(sequence: number, over: Partial<Build> = {}): Promise<Build> {
      const own = sequence === 1 ? digest : digestOf(sequence);
      shelf.push(candidate.repository, own);
      return world.queue(idOf(sequence), {
        status: 'scanning',
        sequence,
        headRevision: sequence,
        createdAt,
        verdict: { ...verdict, digest: over.candidate?.digest ?? own },
        candidate: { ...candidate, digest: own },
        ...over,
      });
    },
  });
}

describe('a candidate that passed', () => {
  it('is copied by digest and gets its tags', async () => {
    await using world = await startReleasing();
    await world.pass(1);
    expect(await world.release()).toEqual({ status: 'released' });
    const tags = ['latest', 'main', `sha-${commit}`, immutable];
    expect(world.shelf.tagsOf(repository)).toEqual(Object.fromEntries(tags.map((tag) => [tag, digest])));
    expect(await world.builds.require(idOf(1))).toMatchObject({
      status: 'released',
      image: { repository: `registry.example/${repository}`, digest, tags },
      stages: { release: { status: 'succeeded' } },
    });
    const project = await world.projects.get('demo/app:latest');
    expect(project).toMatchObject({ released: { build: idOf(1), headRevision: 1, digest, tags } });
    expect(project).not.toHaveProperty('releasing');
  });

  it('has the same tags and one release wherever the first try crashed', async () => {
    await atEveryCrashPoint(async (crashes) => {
      const world = await startReleasing({ crashes });
      await world.pass(1);
      world.addSbom(1, 'cyclonedx', 'an SBOM');
      world.addSbom(1, 'spdx', 'another SBOM');
      return {
        run: world.release,
        async check() {
          await using _ = world;
          expect(Object.keys(world.shelf.tagsOf(repository)).sort()).toEqual(
            [immutable, 'latest', 'main', `sha-${commit}`].sort(),
          );
          expect(world.shelf.attachedTo(repository, digest)).toEqual(bothSboms);
          expect((await world.builds.require(idOf(1))).status).toBe('released');
          const project = await world.projects.get('demo/app:latest');
          expect(project?.released?.build).toBe(idOf(1));
          const recorded = await world.releases.get({ project: 'demo/app:latest', digest });
          expect(recorded).toMatchObject({ build: idOf(1), floating: ['latest', 'main'] });
          expect(project).not.toHaveProperty('releasing');
        },
      };
    });
  });

  it('is held while a hold is in force: no image is copied, no tag is set, and the claim is free', async () => {
    await using world = await startReleasing();
    await world.projects.hold('demo/app:latest', { id: 'hold:1', by: 'alice', at: createdAt, reason: 'the fair' });
    await world.pass(1);
    expect(await world.release()).toEqual({ status: 'unchanged' });
    expect(await world.builds.require(idOf(1))).toMatchObject({ held: { by: 'alice', reason: 'the fair' } });
    expect(world.shelf.tagsOf(repository)).toEqual({});
    expect(await world.projects.get('demo/app:latest')).not.toHaveProperty('releasing');
    // The entry's own hold has passed.
    await world.track({ hold: { until: '2026-01-01' } });
    await world.projects.unhold('demo/app:latest', { id: 'hold:1' });
    await world.pass(2);
    expect(await world.release(2)).toEqual({ status: 'released' });
  });

  it('is released after a rollback and its hold only from a head that is newer than the one taken back', async () => {
    await using world = await startReleasing();
    for (const number of [1, 3]) {
      await world.pass(number);
      await world.release(number);
    }
    const { released } = (await world.projects.get('demo/app:latest')) ?? {};
    await world.projects.claimRelease('demo/app:latest', 'rollback');
    await world.projects.finishRollback('demo/app:latest', 'rollback', {
      build: idOf(1),
      digest,
      tags: ['latest', 'main'],
      at: createdAt,
      headRevision: released?.headRevision,
    });
    await world.pass(2);
    expect(await world.release(2)).toEqual({ status: 'superseded' });
    await world.pass(4);
    expect(await world.release(4)).toEqual({ status: 'released' });
  });

  it('has the SBOMs of its build as referrers, those that there are', async () => {
    await using world = await startReleasing();
    await world.pass(1);
    world.addSbom(1, 'cyclonedx', 'an SBOM');
    world.addSbom(1, 'spdx', 'another SBOM');
    await world.pass(2);
    world.addSbom(2, 'spdx', 'the only SBOM');
    await world.release(1);
    await world.release(2);
    expect(world.shelf.attachedTo(repository, digest)).toEqual(bothSboms);
    expect(world.shelf.attachedTo(repository, digestOf(2))).toEqual({
      ...signed,
      'application/spdx+json': 'the only SBOM',
    });
    await world.pass(3);
    expect(await world.release(3)).toEqual({ status: 'released' });
    expect(world.shelf.attachedTo(repository, digestOf(3))).toEqual(signed);
  });

  it('has its signature before it has a tag', async () => {
    await using world = await startReleasing();
    await world.pass(1);
    const { tag } = world.shelf.registry;
    world.shelf.registry.tag = async (...call) => {
      expect(world.shelf.attachedTo(repository, digest)).toEqual(signed);
      return tag(...call);
    };
    expect(await world.release()).toEqual({ status: 'released' });
    expect((await world.builds.require(idOf(1))).image).toMatchObject({ signed: true });
    expect(await world.releases.get({ project: 'demo/app:latest', digest })).toMatchObject({ signed: true });
  });

  it.each<[string, OwnPolicy | undefined, StatementName[], boolean]>([
    ['without a signature', undefined, ['provenance', 'vulnerabilities'], false],
    ['without its provenance', undefined, ['signature', 'vulnerabilities'], false],
    ['without anything signed, if the policy lets it', { unsigned: 'warn' }, [], true],
    ['without a signed SBOM', undefined, [...requiredStatements], true],
  ])('%s', async (_what, policy, names, isReleased) => {
    await using world = await startReleasing({ project: { policy } });
    await world.pass(1);
    world.signatures.names = new Set(names);
    if (!isReleased) {
      await expect(world.release()).rejects.toThrow(/is not signed .* it is not released/);
      expect(world.shelf.tagsOf(repository)).toEqual({});
      return;
    }
    expect(await world.release()).toEqual({ status: 'released' });
    const { image, verdict } = await world.builds.require(idOf(1));
    const isSigned = names.length > 0;
    expect(image?.signed).toBe(isSigned);
    expect(verdict?.warnings).toEqual(isSigned ? undefined : [expect.stringContaining('is not signed')]);
  });

  it('is released without an SBOM that the registry does not take, with a warning, unless the policy says otherwise', async () => {
    const refusing = async (response?: 'block' | 'ignore') => {
      const project = response ? { policy: { scanners: { sbom: response } } } : {};
      const world = await startReleasing({ project });
      await world.pass(1);
      world.addSbom(1, 'spdx', 'an SBOM');
      const { attach } = world.shelf.registry;
      world.shelf.registry.attach = async (repository, digest, referrer) => {
        if (referrer.type === bundleType) return attach(repository, digest, referrer);
        throw new ReferrerRefusedError('The registry does not take sbom.spdx.json beside the image: 405 UNSUPPORTED');
      };
      return world;
    };
    await using warned = await refusing();
    expect(await warned.release()).toEqual({ status: 'released' });
    const { verdict } = await warned.builds.require(idOf(1));
    expect(verdict?.warnings).toEqual([expect.stringMatching(/does not take sbom\.spdx\.json .* 405/)]);

    await using blocked = await refusing('block');
    await expect(blocked.release()).rejects.toThrow(ReferrerRefusedError);
    expect(blocked.shelf.tagsOf(repository)).toEqual({});

    await using ignored = await refusing('ignore');
    expect(await ignored.release()).toEqual({ status: 'released' });
    expect((await ignored.builds.require(idOf(1))).verdict?.warnings).toBeUndefined();
  });

  it('is noted as an image that is looked at again, and takes its moving tags from the one before', async () => {
    await using world = await startReleasing();
    await world.pass(1);
    await world.pass(2);
    await world.release(1);
    const project = 'demo/app:latest';
    expect(await world.releases.get({ project, digest })).toMatchObject({
      repository,
      build: idOf(1),
      floating: ['latest', 'main'],
      state: 'waiting',
      tags: new Set(['latest', 'main', `sha-${commit}`, immutable]),
      dueAt: expect.any(String),
    });
    await world.release(2);
    expect(await world.releases.get({ project, digest })).toMatchObject({ floating: [], build: idOf(1) });
    expect(await world.releases.get({ project, digest: digestOf(2) })).toMatchObject({ floating: ['latest', 'main'] });
    expect((await world.releases.ofProject(project, { limit: 10 })).items.map((each) => each.digest)).toEqual([
      digestOf(2),
      digest,
    ]);
  });

  it('gets the tag of the next second when another image has its own', async () => {
    await using world = await startReleasing();
    await world.pass(1);
    await world.pass(2);
    await world.release(1);
    await world.release(2);
    const tags = world.shelf.tagsOf(repository);
    expect(tags[immutable]).toBe(digest);
    expect(tags['build-20261121T010204Z-aaaaaaa']).toBe(digestOf(2));
    expect(tags.latest).toBe(digestOf(2));
  });

  it('of a repository that several entries share has only tags of its own', async () => {
    await using world = await startReleasing({ project: { sharesRepository: true } });
    await world.pass(1);
    await world.release();
    expect(Object.keys(world.shelf.tagsOf(repository))).toEqual([immutable, 'latest']);
  });

  it('of a version tag moves what no higher version holds', async () => {
    await using world = await startReleasing();
    await world.pass(1, { ref: 'refs/tags/v2.0.0' });
    await world.pass(2, { ref: 'refs/tags/v1.5.0' });
    await world.release(1);
    await world.release(2);
    const tags = world.shelf.tagsOf(repository);
    expect(tags).toMatchObject({ '2': digest, latest: digest, '1': digestOf(2), '1.5.0': digestOf(2) });
  });
});

describe('of version tags', () => {
  it.each([
    ['in their order', ['v1.1.0', 'v1.2.0', 'v1.2.1', 'v2.0.0', 'v2.1.0-rc.1']],
    ['the other way round', ['v2.1.0-rc.1', 'v2.0.0', 'v1.2.1', 'v1.2.0', 'v1.1.0']],
    ['in any order', ['v1.2.0', 'v2.0.0', 'v1.1.0', 'v2.1.0-rc.1', 'v1.2.1']],
  ])('released %s, the shorter tags name the highest', async (_, versions) => {
    await using world = await startReleasing();
    const digests = new Map<string, string>();
    for (const [at, version] of versions.entries()) {
      const build = await world.pass(at + 1, { ref: `refs/tags/${version}` });
      digests.set(version, build.candidate?.digest ?? '');
      await world.release(at + 1);
    }
    expect(world.shelf.tagsOf(repository)).toMatchObject({
      latest: digests.get('v2.0.0'),
      '2': digests.get('v2.0.0'),
      '2.0': digests.get('v2.0.0'),
      '1': digests.get('v1.2.1'),
      '1.2': digests.get('v1.2.1'),
      '1.1': digests.get('v1.1.0'),
      '2.1.0-rc.1': digests.get('v2.1.0-rc.1'),
    });
    expect(world.shelf.tagsOf(repository)).not.toHaveProperty(['2.1']);
  });

  it('each leaves the release of the branch as it is', async () => {
    await using world = await startReleasing();
    await world.pass(1);
    await world.release(1);
    const before = await world.projects.get('demo/app:latest');
    await world.heads.advance({ project: 'demo/app:latest', ref: 'refs/tags/v1.0.0' }, undefined, {
      commit,
      build: idOf(2),
    });
    await world.pass(2, { ref: 'refs/tags/v1.0.0' });
    expect(await world.release(2)).toEqual({ status: 'released' });
    expect(await world.projects.get('demo/app:latest')).toEqual(before);
    expect((await world.heads.get('demo/app:latest', 'refs/tags/v1.0.0'))?.released).toMatchObject({
      build: idOf(2),
      tags: expect.arrayContaining(['1.0.0', '1.0', '1']),
    });
  });

  it('an older build of the branch is released after one, and the branch by its own order', async () => {
    await using world = await startReleasing();
    await world.pass(2, { ref: 'refs/tags/v1.0.0' });
    await world.release(2);
    await world.pass(1);
    expect(await world.release(1)).toEqual({ status: 'released' });
  });

  it('one that was moved is released as it is now, also if its older build is held up', async () => {
    await using world = await startReleasing();
    const ref = 'refs/tags/v1.0.0';
    await world.pass(1, { ref });
    await world.pass(2, { ref });
    await world.heads.advance({ project: 'demo/app:latest', ref }, undefined, {
      commit,
      build: idOf(2),
    });
    await world.builds.begin(idOf(1), 'release', 'releasing');
    await world.release(2);
    expect(await world.release(1)).toEqual({ status: 'superseded' });
    expect(world.shelf.tagsOf(repository)['1.0.0']).toBe(digestOf(2));
  });
});

describe('a build of the digest that is released already', () => {
  it('is unchanged: no tag moves and none is made', async () => {
    await using world = await startReleasing();
    await world.pass(1);
    await world.release(1);
    const before = { tags: world.shelf.tagsOf(repository), project: await world.projects.get('demo/app:latest') };
    await world.pass(2, { candidate: { ...candidate, digest } });
    expect(await world.release(2)).toEqual({ status: 'unchanged' });
    expect(world.shelf.tagsOf(repository)).toEqual(before.tags);
    expect(await world.projects.get('demo/app:latest')).toEqual(before.project);
    expect(await world.builds.require(idOf(2))).not.toHaveProperty('image');
  });

  it('is unchanged also where its digest is another one, but only because of times', async () => {
    await using world = await startReleasing();
    await world.pass(1);
    await world.release(1);
    const before = world.shelf.tagsOf(repository);
    await world.pass(2);
    world.shelf.twin(digest, digestOf(2));
    expect(await world.release(2)).toEqual({ status: 'unchanged' });
    expect(world.shelf.tagsOf(repository)).toEqual(before);
  });

  it('is released again where somebody has deleted the repository', async () => {
    await using world = await startReleasing();
    await world.pass(1);
    await world.release(1);
    world.shelf.deleteRepository(repository);
    await world.pass(2, { candidate: { ...candidate, digest } });
    expect(await world.release(2)).toEqual({ status: 'released' });
    expect(world.shelf.tagsOf(repository).latest).toBe(digest);
  });

  it('is released where its content is another one', async () => {
    await using world = await startReleasing();
    await world.pass(1);
    await world.release(1);
    await world.pass(2);
    expect(await world.release(2)).toEqual({ status: 'released' });
    expect(world.shelf.tagsOf(repository).latest).toBe(digestOf(2));
  });

  it('is released when the entry has a new tag for it', async () => {
    await using world = await startReleasing();
    await world.pass(1);
    await world.release(1);
    await world.track({ extraTags: ['stable'] });
    await world.pass(2, { candidate: { ...candidate, digest } });
    expect(await world.release(2)).toEqual({ status: 'released' });
    expect(world.shelf.tagsOf(repository).stable).toBe(digest);
  });
});

describe('a build of a pull request', () => {
  it('that passed is unchanged and gets no tag', async () => {
    await using world = await startReleasing();
    const cause = { type: 'pull-request' as const, delivery: 'd', number: 1, commit, author: 'someone' };
    await world.pass(1, { cause, ref: 'refs/pull/1/head' });
    expect(await world.release()).toEqual({ status: 'unchanged' });
    expect(world.shelf.tagsOf(repository)).toEqual({});
    expect(await world.projects.get('demo/app:latest')).not.toHaveProperty('releasing');
  });
});

describe('nothing is released', () => {
  const cases: [string, Partial<Build>][] = [
    ['without a verdict', { verdict: undefined as never }],
    ['when the verdict is to block', { verdict: { ...verdict, outcome: 'block', reasons: ['no'] } }],
    ['without a candidate', { candidate: undefined as never }],
    ['when the verdict is on another image', { verdict: { ...verdict, digest: digestOf(2) } }],
    ['when the verdict is on no image', { verdict }],
  ];
  it.each(cases)('%s', async (_, over) => {
    await using world = await startReleasing();
    await world.pass(1, over);
    await expect(world.release()).rejects.toThrow(RecordConflictError);
    expect(world.shelf.tagsOf(repository)).toEqual({});
    expect(await world.projects.get('demo/app:latest')).not.toHaveProperty('releasing');
  });

  it.each(['blocked', 'failed', 'superseded', 'cancelled', 'released'] as const)(
    'for a build that is %s already',
    async (status) => {
      await using world = await startReleasing();
      await world.pass(1, { status });
      expect(await world.release()).toEqual({ status });
      expect(world.shelf.tagsOf(repository)).toEqual({});
    },
  );

  it('for a project that nobody knows', async () => {
    await using world = await startReleasing();
    await world.pass(1, { project: 'demo/app:unknown' });
    await expect(world.release()).rejects.toThrow(RecordConflictError);
    expect(world.shelf.tagsOf(repository)).toEqual({});
  });
});

describe('a build that another superseded', () => {
  const place = (world: { heads: Heads }, build: string) =>
    world.heads.advance({ project: 'demo/app:latest', ref: 'refs/heads/main' }, undefined, {
      commit: 'c'.repeat(40),
      build,
    });

  it('is superseded instead of released', async () => {
    await using world = await startReleasing();
    await world.pass(1);
    await place(world, idOf(2));
    expect(await world.release()).toEqual({ status: 'superseded' });
    expect(world.shelf.tagsOf(repository)).toEqual({});
    expect(await world.builds.require(idOf(1))).toMatchObject({ supersededBy: idOf(2) });
  });

  it('goes on to its end if it had begun to put its tags on', async () => {
    await using world = await startReleasing();
    await world.pass(1);
    await world.builds.begin(idOf(1), 'release', 'releasing');
    await place(world, idOf(2));
    expect(await world.release()).toEqual({ status: 'released' });
  });

  it('that was ended between two checks says so', async () => {
    await using world = await startReleasing();
    const build = await world.pass(1);
    const { get } = world.heads;
    world.heads.get = async (...key) => {
      await world.builds.close(build, 'superseded');
      return get(...key);
    };
    expect(await world.release()).toEqual({ status: 'superseded' });
    expect(world.shelf.tagsOf(repository)).toEqual({});
  });

  it('is not released to a branch that the entry tracks no more', async () => {
    await using world = await startReleasing({ project: { gitBranch: 'next' } });
    await world.pass(1);
    expect(await world.release()).toEqual({ status: 'superseded' });
    expect(world.shelf.tagsOf(repository)).toEqual({});
  });

  it('of the branch that was tracked before does not keep the first of another from its release', async () => {
    await using world = await startReleasing();
    await world.pass(2);
    await world.release(2);
    await world.track({ gitBranch: 'next' });
    await world.pass(1, { ref: 'refs/heads/next' });
    expect(await world.release(1)).toEqual({ status: 'released' });
  });
});

describe('a build that has all its tags and crashed', () => {
  it.each(['finishRelease', 'close'] as const)(
    'before its %s is released, although a newer one was meanwhile',
    async (call) => {
      await using world = await startReleasing();
      await world.pass(1);
      await world.pass(2);
      const service = call === 'close' ? world.builds : world.projects;
      const original = Reflect.get(service, call) as object;
      Reflect.set(service, call, () => Promise.reject(new Error('killed')));
      await expect(world.release(1)).rejects.toThrow('killed');
      Reflect.set(service, call, original);
      if (call === 'finishRelease') await world.projects.yieldRelease('demo/app:latest', idOf(1));
      await world.release(2);
      expect(await world.release(1)).toEqual({ status: 'released' });
      expect(world.shelf.tagsOf(repository).latest).toBe(digestOf(2));
      expect((await world.projects.get('demo/app:latest'))?.released?.build).toBe(idOf(2));
    },
  );
});

describe('of two builds', () => {
  it('the older one that comes later is superseded, and no tag has moved', async () => {
    await using world = await startReleasing();
    await world.pass(1);
    await world.pass(2);
    await world.release(2);
    const before = world.shelf.tagsOf(repository);
    expect(await world.release(1)).toEqual({ status: 'superseded' });
    expect(world.shelf.tagsOf(repository)).toEqual(before);
    expect((await world.builds.require(idOf(1))).status).toBe('superseded');
    expect((await world.projects.get('demo/app:latest'))?.released?.headRevision).toBe(2);
  });

  it('one waits while the other puts its tags on', async () => {
    await using world = await startReleasing();
    await world.pass(1);
    await world.pass(2);
    await world.projects.claimRelease('demo/app:latest', idOf(1));
    await expect(world.release(2)).rejects.toThrow(ReleaseBusyError);
    expect(world.shelf.tagsOf(repository)).toEqual({});
    await world.release(1);
    expect(await world.release(2)).toEqual({ status: 'released' });
    expect(world.shelf.tagsOf(repository).latest).toBe(digestOf(2));
  });

  it.each([1, 2, 3, 4, 5])('that race, the newer has the floating tags in the end (%i)', async (first) => {
    await using world = await startReleasing();
    const sequences = [first, ...[1, 2, 3, 4, 5].filter((sequence) => sequence !== first)];
    for (const sequence of sequences) await world.pass(sequence);
    // As the state machine does it: who finds the tags taken comes again.
    const untilDone = async (sequence: number): Promise<string> => {
      for (;;) {
        const { status } = await world.release(sequence).catch((error: unknown) => {
          if (error instanceof ReleaseBusyError) return { status: 'busy' };
          throw error;
        });
        if (status !== 'busy') return status;
      }
    };
    const ends = await Promise.all(sequences.map(untilDone));
    expect(ends[sequences.indexOf(5)]).toBe('released');
    expect(world.shelf.tagsOf(repository)).toMatchObject({ latest: digestOf(5), main: digestOf(5) });
    const released = sequences
      .filter((_, at) => ends[at] === 'released')
      .map((at) => (at === 1 ? digest : digestOf(at)));
    const immutables = Object.entries(world.shelf.tagsOf(repository)).filter(([tag]) => tag.startsWith('build-'));
    expect(new Set(immutables.map(([, image]) => image))).toEqual(new Set(released));
  });
});
