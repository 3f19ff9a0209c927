import { describe, expect, it } from 'vitest';
import type { Finding } from '../../core/findings.ts';
import { usualPolicy } from '../../core/policy.ts';
import { createJudge } from '../../functions/judge.ts';
import { atEveryDeath, createMortal, type Mortal } from './mortal.ts';
import { digest, startWorld } from './world.ts';

const id = '00000000000000aa';
const critical: Finding = { id: 'CVE-2026-1', severity: 'CRITICAL', package: 'openssl', installed: '1' };

async function startJudging(mortal: Mortal = createMortal()) {
  const world = await startWorld();
  await world.queue(id, { status: 'scanning', candidate: { repository: 'candidate/demo/app', digest } });
  const judge = createJudge({
    builds: mortal.guard(world.builds),
    projects: mortal.guard(world.projects),
    records: mortal.guard(world.records),
    policy: usualPolicy,
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
  ] as const)('is judged to %s wherever the first try died', async (outcome, findings, status) => {
    await atEveryDeath(async (mortal) => {
      const world = await startJudging(mortal);
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
