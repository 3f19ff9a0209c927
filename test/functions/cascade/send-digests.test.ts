import PostalMime from 'postal-mime';
import { describe, expect, it } from 'vitest';
import type { CascadeMember } from '../../../core/cascade/member.ts';
import type { TerminalStatus } from '../../../core/model/build.ts';
import { atEveryCrashPoint, type CrashPoints } from '../crash-points.ts';
import { setUpTell } from '../tell-setup.ts';

const cascade = '20261121T011642Z-abcdef';
const minutes = (count: number) => new Date(Date.now() + count * 60_000);

/** A cascade of seven projects, whose builds have ended and were told: who owns each, and how it ended. */
async function setUpCascade(
  builds: readonly { owners: string[]; status: TerminalStatus }[],
  { size = 7, state = 'released' as CascadeMember['state'], crashes = undefined as CrashPoints | undefined } = {},
) {
  const world = await setUpTell(crashes);
  const at = new Date().toISOString();
  const cause = { type: 'bases-changed' as const, bases: [{ image: 'debian:12', digest: 'd', previous: 'p' }] };
  await world.cascades.recordEvent(cascade, { id: 'bases:1', cause, at });
  await world.cascades.addMembers(
    cascade,
    Array.from({ length: size }, (_, index) => ({
      project: `demo/app${index}:latest`,
      state,
      parents: [],
      root: true,
      since: at,
      version: 1,
    })),
  );
  for (const [index, { owners, status }] of builds.entries()) {
    const id = index.toString(16).padStart(16, '0');
    await world.end(status, id, { project: `demo/app${index}:latest`, cascade, cause, notifyEmail: owners });
  }
  return Object.assign(world, {
    async tellAll() {
      for (const index of builds.keys()) await world.tell(index.toString(16).padStart(16, '0'));
    },
    async inbox() {
      const mails = await Promise.all(world.ses.sent.map(async ({ raw }) => PostalMime.parse(raw)));
      return mails.map(({ subject, to, text = '' }) => ({ subject, to: to?.[0]?.address, text }));
    },
  });
}

const alice = 'alice@example.org';
const bob = 'Bob@example.org';
const seven = [
  { owners: [alice], status: 'released' },
  { owners: [alice, bob], status: 'failed' },
  { owners: [alice], status: 'failed' },
  { owners: [alice], status: 'unchanged' },
  { owners: [alice], status: 'blocked' },
] as const satisfies { owners: string[]; status: TerminalStatus }[];

describe('the builds of a cascade of many projects', () => {
  it('are one mail to each owner when the cascade has ended, and their own mail to who owns only one', async () => {
    await using world = await setUpCascade(seven);
    await world.tellAll();
    expect(await world.inbox()).toEqual([]);
    await world.sendDigests();
    expect(await world.inbox()).toEqual([]);
    await world.sendDigests(minutes(2));
    await world.sendDigests(minutes(7));
    const inbox = await world.inbox();
    expect(inbox.map(({ to, subject }) => [to, subject]).sort()).toEqual([
      [bob, '[slipway] FAILED: demo/app1:latest (main aaaaaaa)'],
      [alice, '[slipway] FAILED 2, BLOCKED 1, RELEASED 1 (New base debian:12)'],
    ]);
    const { text = '' } = inbox.find(({ to }) => to === alice) ?? {};
    expect(text).toContain('RUN make failed.');
    expect(text).toContain('https://slipway.example/builds/0000000000000001');
    expect(text).toContain(`https://slipway.example/cascades/${cascade}`);
    expect(text).not.toContain('demo/app3');
  });

  it('do not say how many others are in the cascade: some may be private', async () => {
    await using world = await setUpCascade(seven, { size: 11 });
    await world.tellAll();
    await world.sendDigests(minutes(2));
    for (const { subject = '', text } of await world.inbox()) expect(subject + text).not.toContain('11 released');
  });

  it('name what they were built for, and no other cause of the cascade, which their owner may not be allowed to know', async () => {
    await using world = await setUpCascade(seven);
    const base = { image: 'ghcr.io/acme/secret:1', digest: 'd', previous: 'p' };
    const earlier = new Date(Date.now() - 60_000).toISOString();
    const event = { id: 'bases:0', cause: { type: 'bases-changed' as const, bases: [base] }, at: earlier };
    await world.cascades.recordEvent(cascade, event);
    await world.tellAll();
    await world.sendDigests(minutes(2));
    const { text = '', subject = '' } = (await world.inbox()).find(({ to }) => to === alice) ?? {};
    expect(subject).toContain('(New base debian:12)');
    expect(subject + text).not.toContain('acme');
  });

  it('say what is fixed', async () => {
    await using world = await setUpCascade([{ owners: [alice], status: 'failed' }]);
    const fixed = { project: 'demo/app0:latest', cascade, sequence: 2, notifyEmail: [alice] };
    await world.end('released', '00000000000000bb', fixed);
    await world.tellAll();
    await world.tell('00000000000000bb');
    await world.sendDigests(minutes(2));
    expect((await world.inbox())[0]?.subject).toMatch(/^\[slipway\] FAILED 1, FIXED 1 \(/);
  });

  it('do not wait for longer than an hour; what ends later is another mail', async () => {
    await using world = await setUpCascade(seven, { state: 'building' });
    await world.tellAll();
    await world.sendDigests(minutes(50));
    expect(await world.inbox()).toEqual([]);
    await world.sendDigests(minutes(61));
    const inbox = await world.inbox();
    expect(inbox).toHaveLength(2);
    expect(inbox.find(({ to }) => to === alice)?.text).toContain('still to be built');
    await world.end('failed', '00000000000000bb', { project: 'demo/app6:latest', cascade, notifyEmail: [alice] });
    await world.tell('00000000000000bb');
    await world.sendDigests(minutes(122));
    expect((await world.inbox()).map(({ subject }) => subject).at(-1)).toMatch(/^\[slipway\] FAILED: demo\/app6/);
  });

  it('are told to each owner once, though SES throttles in the middle', async () => {
    await using world = await setUpCascade(seven);
    await world.tellAll();
    world.ses.refuse = ({ to }) => (to.includes(bob) ? ['Throttling', 'Maximum sending rate exceeded.'] : undefined);
    await expect(world.sendDigests(minutes(2))).rejects.toMatchObject({ name: 'Throttling' });
    await world.end('failed', '00000000000000bb', { project: 'demo/app6:latest', cascade, notifyEmail: [alice] });
    await world.digests.add({ cascade, build: '00000000000000bb' }, minutes(2));
    world.ses.refuse = () => undefined;
    await world.sendDigests(minutes(3));
    expect((await world.inbox()).map(({ to }) => to).sort()).toEqual([bob, alice]);
    await world.sendDigests(minutes(8));
    expect((await world.inbox()).at(-1)).toMatchObject({ to: alice, subject: expect.stringContaining('demo/app6') });
  });

  it('are told wherever a run crashed', async () => {
    await atEveryCrashPoint(async (crashes) => {
      const world = await setUpCascade(seven, { crashes });
      await world.tellAll();
      return {
        run: () => world.sendDigests(minutes(2)),
        async check() {
          await using _ = world;
          expect(new Set((await world.inbox()).map(({ to }) => to))).toEqual(new Set([alice, bob]));
          expect(await world.digests.waiting()).toEqual([]);
        },
      };
    });
  });
});

it('the builds of a cascade of a few projects each have a mail of their own, at once', async () => {
  await using world = await setUpCascade(seven, { size: 5 });
  await world.tellAll();
  expect(await world.inbox()).toHaveLength(5);
  await world.sendDigests(minutes(2));
  expect(await world.inbox()).toHaveLength(5);
});
