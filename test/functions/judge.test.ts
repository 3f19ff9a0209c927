import { describe, expect, it } from 'vitest';
import { InvalidInputError } from '../../core/model/errors.ts';
import type { Finding } from '../../core/model/findings.ts';
import type { Policy } from '../../core/model/policy.ts';
import { defaultPolicy } from '../../core/model/policy.ts';
import { type ScannerReports, scannerNames } from '../../core/scanners/report.ts';
import { createDiffWithLastRelease } from '../../functions/builds/diff-with-last-release.ts';
import { createJudge } from '../../functions/judge.ts';
import { atEveryCrashPoint, type CrashPoints, createCrashPoints } from './crash-points.ts';
import { digest, setUpServices } from './services-setup.ts';

const id = '00000000000000aa';
const critical: Finding = { id: 'CVE-2026-1', severity: 'CRITICAL', package: 'openssl', installed: '1' };

/** Each scanner has looked and found nothing. */
const clean: ScannerReports = {
  version: 1,
  reports: scannerNames.map((scanner) => ({ scanner, state: 'complete', findings: [], total: 0, seconds: 1 })),
};

async function startJudging(crashes: CrashPoints = createCrashPoints(), policy: Partial<Policy> = defaultPolicy) {
  const world = await setUpServices();
  world.scannerReports.set(id, clean);
  await world.queue(id, { status: 'scanning', candidate: { repository: 'candidate/demo/app', digest } });
  const judge = createJudge({
    builds: crashes.guard(world.builds),
    projects: crashes.guard(world.projects),
    records: crashes.guard(world.records),
    comparisons: createDiffWithLastRelease({ ...world, packages: { read: async () => undefined } }),
    policy,
  });
  return Object.assign(world, { judge: () => judge({ build: id }) });
}

describe('a candidate', () => {
  it('without findings above the policy passes, and its build goes on', async () => {
    await using world = await startJudging();
    world.scans.set(id, { state: 'complete', findings: [{ ...critical, severity: 'MEDIUM' }] });
    expect(await world.judge()).toEqual({ outcome: 'pass' });
    expect(await world.builds.require(id)).toMatchObject({
      status: 'scanning',
      verdict: { outcome: 'pass', reasons: [], counts: { MEDIUM: 1 } },
      stages: { judge: { status: 'succeeded' } },
    });
  });

  it('with a finding above the policy ends as blocked', async () => {
    await using world = await startJudging();
    world.scans.set(id, { state: 'complete', findings: [critical] });
    expect(await world.judge()).toEqual({ outcome: 'block' });
    expect(await world.builds.require(id)).toMatchObject({
      status: 'blocked',
      verdict: { outcome: 'block', reasons: [expect.stringContaining('CVE-2026-1')] },
      stages: { judge: { status: 'failed' } },
    });
  });

  it('with a finding that its entry accepts passes until the day is over, and is blocked after it', async () => {
    await using world = await startJudging();
    const exception = { id: critical.id, reason: 'not reachable', owner: 'someone@example.org', expires: '2999-01-01' };
    await world.track({ exceptions: [exception] });
    world.scans.set(id, { state: 'complete', findings: [critical] });
    expect(await world.judge()).toEqual({ outcome: 'pass' });
    await world.track({ exceptions: [{ ...exception, expires: '2026-01-01' }] });
    expect(await world.judge()).toEqual({ outcome: 'block' });
  });

  it('with a finding that its VEX statement says does no harm passes', async () => {
    await using world = await startJudging();
    const statement = { ids: [critical.id], author: 'Shop Security', file: 'vex/openssl.json', expires: '2999-01-01' };
    await world.track({ vex: [{ ...statement, status: 'not_affected' }] });
    world.scans.set(id, { state: 'complete', findings: [critical] });
    expect(await world.judge()).toEqual({ outcome: 'pass' });
    expect((await world.builds.require(id)).verdict).toMatchObject({ accepted: 1 });
  });

  it("is judged by its entry's policy before the pipeline's", async () => {
    await using world = await startJudging();
    world.scans.set(id, { state: 'complete', findings: [{ ...critical, severity: 'MEDIUM' }] });
    await world.track({ policy: { maxSeverity: 'LOW' } });
    expect(await world.judge()).toEqual({ outcome: 'block' });
  });

  it('is judged by its scanners, too, whose numbers the build keeps', async () => {
    await using world = await startJudging();
    world.scans.set(id, { state: 'complete', findings: [] });
    const reports = clean.reports.map((report) =>
      report.scanner === 'user-test'
        ? { ...report, findings: [{ script: 'test.sh', exitCode: 1, lastLines: [] }], total: 1 }
        : report,
    );
    world.scannerReports.set(id, { version: 1, reports });
    expect(await world.judge()).toEqual({ outcome: 'block' });
    const { scanners, verdict } = await world.builds.require(id);
    expect(scanners).toMatchObject({ 'user-test': { state: 'complete', total: 1 }, sbom: { total: 0 } });
    expect(verdict?.reasons).toEqual([expect.stringMatching(/^user-test: the test test\.sh ended with exit code 1/)]);
  });

  it.each(['missing', 'unreadable'])(
    'whose report of the scanners is %s is blocked, and nothing breaks',
    async (how) => {
      await using world = await startJudging();
      world.scans.set(id, { state: 'complete', findings: [] });
      world.scannerReports.clear();
      if (how === 'unreadable') {
        world.records.scanners = () => Promise.reject(new InvalidInputError('What was left cannot be read.'));
      }
      expect(await world.judge()).toEqual({ outcome: 'block' });
      expect((await world.builds.require(id)).verdict?.reasons).toEqual([
        expect.stringMatching(/^The scanner user-test left/),
      ]);
    },
  );

  it.each([
    ['empty', {}],
    ['half', { maxSeverity: 'CRITICAL' }],
  ] as const)('under a policy that is %s is blocked, with the reason', async (_, policy) => {
    await using world = await startJudging(createCrashPoints(), policy);
    world.scans.set(id, { state: 'complete', findings: [] });
    expect(await world.judge()).toEqual({ outcome: 'block' });
    expect((await world.builds.require(id)).verdict?.reasons).toEqual([
      expect.stringMatching(/^No complete policy applies/),
    ]);
  });

  it('leaves its verdict with the project, unless a newer one has left its own', async () => {
    await using world = await startJudging();
    await world.track();
    world.scans.set(id, { state: 'complete', findings: [critical] });
    await world.judge();
    expect((await world.projects.get('demo/app:latest'))?.judged).toEqual({ build: id, outcome: 'block', sequence: 1 });
    const judged = { id: '00000000000000bb', project: 'demo/app:latest' };
    await world.projects.recordVerdict({ ...judged, sequence: 3 }, 'pass');
    await world.projects.recordVerdict({ ...judged, sequence: 2 }, 'block');
    expect((await world.projects.get('demo/app:latest'))?.judged).toMatchObject({ outcome: 'pass', sequence: 3 });
  });

  it('is judged by the rules that a push of the index brings while it is judged', async () => {
    await using world = await startJudging();
    await world.track();
    world.scans.set(id, { state: 'complete', findings: [critical] });
    const { get } = world.projects;
    world.projects.get = async (name) => {
      const project = await get(name);
      await world.track({ policy: { maxSeverity: 'CRITICAL' } });
      return project;
    };
    expect(await world.judge()).toEqual({ outcome: 'pass' });
    expect((await get('demo/app:latest'))?.judged).toMatchObject({ outcome: 'pass' });
  });

  it('of a version tag leaves no verdict with the project, which the index would have built again', async () => {
    await using world = await startJudging();
    await world.track({ gitBranch: 'another' });
    world.scans.set(id, { state: 'complete', findings: [critical] });
    await world.judge();
    expect(await world.projects.get('demo/app:latest')).not.toHaveProperty('judged');
  });

  it('whose scan did not end in time is blocked, and the reason says so', async () => {
    await using world = await startJudging();
    expect(await world.judge()).toEqual({ outcome: 'block' });
    const { status, verdict } = await world.builds.require(id);
    expect(status).toBe('blocked');
    expect(verdict?.reasons[0]).toMatch(/did not end in time/);
  });

  it.each(['failed', 'unsupported', 'timed-out'] as const)('whose scan is %s is blocked', async (state) => {
    await using world = await startJudging();
    world.scans.set(id, { state, findings: [] });
    expect(await world.judge()).toEqual({ outcome: 'block' });
    expect((await world.builds.require(id)).status).toBe('blocked');
  });

  it('is held against what was released before it, whatever the verdict, and its build keeps the numbers', async () => {
    await using world = await startJudging();
    const { name } = await world.track();
    const before = '00000000000000bb';
    await world.projects.claimRelease(name, before);
    await world.projects.finishRelease(name, {
      build: before,
      ref: 'refs/heads/main',
      headRevision: 1,
      digest,
      tags: ['latest'],
      at: '2026-11-20T00:00:00.000Z',
    });
    world.scans.set(before, { state: 'complete', findings: [] });
    world.scans.set(id, { state: 'complete', findings: [critical] });
    expect(await world.judge()).toEqual({ outcome: 'block' });
    expect((await world.builds.require(id)).changes).toEqual({
      against: before,
      vulnerabilities: { fixed: 0, introduced: 1 },
    });
  });

  it('is judged the same twice', async () => {
    await using world = await startJudging();
    world.scans.set(id, { state: 'complete', findings: [] });
    expect([await world.judge(), await world.judge()]).toEqual([{ outcome: 'pass' }, { outcome: 'pass' }]);
    world.scans.set(id, { state: 'complete', findings: [critical] });
    expect([await world.judge(), await world.judge()]).toEqual([{ outcome: 'block' }, { outcome: 'block' }]);
  });

  it.each([
    ['pass', [], 'scanning'],
    ['block', [critical], 'blocked'],
  ] as const)('is judged to %s wherever the first try crashed', async (outcome, findings, status) => {
    await atEveryCrashPoint(async (crashes) => {
      const world = await startJudging(crashes);
      world.scans.set(id, { state: 'complete', findings: [...findings] });
      return {
        run: world.judge,
        async check() {
          await using _ = world;
          expect(await world.builds.require(id)).toMatchObject({ status, verdict: { outcome } });
        },
      };
    });
  });
});

it.each(['failed', 'superseded', 'cancelled', 'blocked'] as const)(
  'a build that is %s stays so and is not released',
  async (status) => {
    await using world = await startJudging();
    world.scans.set(id, { state: 'complete', findings: [] });
    const ended = await world.builds.close(await world.builds.require(id), status);
    expect(await world.judge()).toEqual({ outcome: 'block' });
    expect(await world.builds.require(id)).toEqual(ended);
  },
);
