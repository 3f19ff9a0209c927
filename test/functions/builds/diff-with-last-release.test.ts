import { describe, expect, it } from 'vitest';
import type { Build } from '../../../core/model/build.ts';
import { InvalidInputError } from '../../../core/model/errors.ts';
import type { Finding } from '../../../core/model/findings.ts';
import type { PackageList } from '../../../core/model/package-list.ts';
import { createDiffWithLastRelease } from '../../../functions/builds/diff-with-last-release.ts';
import { samplePackages, sampleReports } from '../../site/sample-records.ts';
import { digest, setUpServices } from '../services-setup.ts';

const first = '00000000000000aa';
const second = '00000000000000bb';
const candidate = { repository: 'candidate/demo/app', digest, sizeBytes: 1000 };
const defect = (id: string): Finding => ({ id, severity: 'HIGH', package: 'openssl', installed: '1' });

/** A project whose branch released its first build. */
async function startComparing() {
  const world = await setUpServices();
  const lists = new Map<string, PackageList>();
  const comparisons = createDiffWithLastRelease({ ...world, packages: { read: async (id) => lists.get(id) } });
  const { name } = await world.track();
  await world.queue(first, { candidate });
  await world.projects.claimRelease(name, first);
  const release = { build: first, headRevision: 1, digest, tags: ['latest'], at: '2026-11-20T00:00:00.000Z' };
  await world.projects.finishRelease(name, { ...release, ref: 'refs/heads/main' });
  return Object.assign(world, {
    lists,
    release,
    async keep(over: Partial<Build> = {}) {
      const build = await world.queue(second, { candidate, sequence: 2, ...over });
      const project = await world.projects.get(name);
      if (!project) throw new Error('There is no project.');
      const changes = await comparisons.keep(build, project);
      return { changes, comparison: world.comparisons.get(second) };
    },
  });
}

describe('the comparison that is kept with a build', () => {
  it('is with what its branch released last', async () => {
    await using world = await startComparing();
    world.lists.set(first, samplePackages([{ name: 'openssl', version: '1' }]));
    world.lists.set(second, samplePackages([{ name: 'openssl', version: '2' }]));
    world.scans.set(first, { state: 'complete', findings: [defect('CVE-1')] });
    world.scans.set(second, { state: 'complete', findings: [defect('CVE-2')] });
    world.scannerReports.set(first, sampleReports).set(second, sampleReports);
    const { changes, comparison } = await world.keep({ candidate: { ...candidate, sizeBytes: 2000 } });
    expect(changes).toEqual({
      against: first,
      packages: { added: 0, removed: 0, updated: 1 },
      vulnerabilities: { fixed: 1, introduced: 1 },
      size: { before: 1000, after: 2000 },
    });
    expect(comparison).toMatchObject({ against: { build: first, ref: 'refs/heads/main', digest }, leftOut: [] });
  });

  it.each([
    ['a pull request', { ref: 'refs/pull/7/head' }],
    ['a commit that was asked for by hand', { ref: 'refs/commits/abc' }],
    ['a version tag that has released nothing', { ref: 'refs/tags/v1.0.0' }],
  ])('is with the branch for %s', async (_, over) => {
    await using world = await startComparing();
    expect((await world.keep(over)).comparison?.against).toMatchObject({ build: first, ref: 'refs/heads/main' });
  });

  it("is with a tag's own release where it has one", async () => {
    await using world = await startComparing();
    const key = { project: 'demo/app:latest', ref: 'refs/tags/v1.0.0' };
    await world.heads.advance(key, undefined, { commit: 'c', build: second });
    await world.heads.recordRelease(key, { ...world.release, build: '00000000000000cc' });
    expect((await world.keep({ ref: key.ref })).comparison?.against).toMatchObject({
      build: '00000000000000cc',
      ref: key.ref,
    });
  });

  it('is with what is known of the released image today', async () => {
    await using world = await startComparing();
    world.scans.set(first, { state: 'complete', findings: [] });
    world.scans.set(second, { state: 'complete', findings: [defect('CVE-2')] });
    world.releaseFindings.set(`demo/app:latest@${digest}`, {
      version: 1,
      checkedAt: '2026-11-21T00:00:00.000Z',
      state: 'complete',
      scan: {},
      findings: [defect('CVE-2')],
    });
    expect((await world.keep()).changes?.vulnerabilities).toEqual({ fixed: 0, introduced: 0 });
  });

  it('is not made where nothing was released', async () => {
    await using world = await setUpServices();
    const comparisons = createDiffWithLastRelease({ ...world, packages: { read: async () => undefined } });
    await world.track();
    const project = await world.projects.get('demo/app:latest');
    if (!project) throw new Error('There is no project.');
    expect(await comparisons.keep(await world.queue(first, { candidate }), project)).toBeUndefined();
    expect(world.comparisons.size).toBe(0);
  });

  it('says what it could not compare where records are gone or were written over, and is made all the same', async () => {
    await using world = await startComparing();
    world.records.scanners = () => Promise.reject(new InvalidInputError('no report'));
    const { changes, comparison } = await world.keep();
    expect(changes).toEqual({ against: first, size: { before: 1000, after: 1000 } });
    expect(comparison?.leftOut.map(({ part }) => part)).toEqual(['packages', 'vulnerabilities', 'scanners']);
  });
});
