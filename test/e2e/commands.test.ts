import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import type { ShownBuild } from '../../local/demo/slipway-client.ts';
import { runCommand } from './command.ts';
import { type Slipway, startSlipway } from './slipway.ts';
import { smallDebian } from './sources.ts';

let slipway: Slipway;

beforeAll(async () => {
  slipway = await startSlipway();
  await slipway.standIn();
});
afterAll(() => slipway?.stop());

const project = 'demo/rolled:latest';
const command = (...args: string[]) => runCommand(slipway.machine, ...args);
const digestOf = (tag: string) => slipway.client.digestOf('demo/rolled', tag);

async function pushed(text: string): Promise<ShownBuild> {
  const commit = await slipway.pushSource('rolled', { Dockerfile: `${smallDebian}RUN echo ${text} > /text\n` });
  return slipway.ended('rolled', commit);
}

async function unheld(): Promise<ShownBuild> {
  return slipway.until('the end of the build after the hold', async () => {
    const found = (await slipway.builds('rolled')).find((build) => build.cause.type === 'unheld');
    return found?.endedAt ? found : undefined;
  });
}

async function subjects(): Promise<string[]> {
  const messages = await slipway.client.messages();
  const own = messages.filter(({ to }) => to.includes('rolled@example.org')).map(({ subject }) => subject);
  return own.filter((subject) => !subject.includes('CONFIRM'));
}

async function holds() {
  const answer = await fetch(`${slipway.machine.url}/api/v1/projects/demo/rolled/latest/holds`);
  const change = z.object({ action: z.string(), by: z.string(), reason: z.string().nullable() });
  return z.object({ items: z.array(change) }).parse(await answer.json()).items;
}

it('a release is taken back by one command and stays taken back, until the hold ends and the newest image is released', async () => {
  await slipway.track(slipway.entry('rolled'));
  const first = await pushed('one');
  const second = await pushed('two');
  expect([first.status, second.status]).toEqual(['released', 'released']);
  const [one, two] = [first.image?.digest, second.image?.digest];

  const nonsense = await command('rollback', 'demo/rolled', '--to', 'v9');
  expect(nonsense).toMatchObject({ code: 1, output: expect.stringContaining(`had: ${one?.slice(0, 19)} (build-`) });
  expect(await digestOf('latest')).toBe(two);

  // Two people at once: one of them does it.
  const both = await Promise.all([1, 2].map(() => command('rollback', 'demo/rolled', '--reason', 'logins are broken')));
  expect(both.map(({ code }) => code).toSorted()).toEqual([0, 1]);
  expect(both.find(({ code }) => code === 1)?.output).toMatch(/Nothing was changed|no release before/);
  expect([await digestOf('latest'), await digestOf('main')]).toEqual([one, one]);
  const immutable = second.image?.tags.find((tag) => tag.startsWith('build-')) ?? '';
  expect(await digestOf(immutable)).toBe(two);
  const rollbacks = (await slipway.builds('rolled')).filter(({ cause }) => cause.type === 'rollback');
  expect(rollbacks.filter(({ status }) => status === 'released')).toMatchObject([{ image: { digest: one } }]);
  await slipway.until(
    'its mail',
    async () => (await subjects()).some((each) => each.includes('ROLLED BACK')) || undefined,
  );
  expect(await slipway.client.page('/projects/demo/rolled/latest')).toContain('logins are broken');

  const held = await pushed('three');
  expect(held).toMatchObject({ status: 'unchanged', image: null, verdict: { outcome: 'pass' } });
  expect(await slipway.client.page(`/builds/${held.id}`)).toContain('Held, would release');
  await slipway.until('its mail', async () => (await subjects()).some((each) => each.includes('HELD')) || undefined);
  expect(await digestOf('latest')).toBe(one);

  const ended = await command('unhold', project, '--reason', 'fixed');
  expect(ended).toMatchObject({ code: 0, output: expect.stringContaining('judged again') });
  const released = await unheld();
  expect(released).toMatchObject({ status: 'released', commit: held.commit });
  expect([await digestOf('latest'), await digestOf('main')]).toEqual([released.image?.digest, released.image?.digest]);
  // The very image that waited: nothing was built again.
  expect(await slipway.client.log(released.id, 0)).toMatchObject({ text: '' });

  const again = await command('unhold', project);
  expect(again).toMatchObject({ code: 1, output: expect.stringContaining('is not held') });
  const pinned = await command('hold', project, '--until', '2099-12-31', '--reason', 'a fair');
  expect(pinned).toMatchObject({ code: 0, output: expect.stringContaining('until 2099-12-31') });
  await expect.poll(holds).toMatchObject([
    { action: 'held', reason: 'a fair' },
    { action: 'unheld', reason: 'fixed' },
    { action: 'rolled back', reason: 'logins are broken' },
  ]);
  const mails = await slipway.until('a mail of each', async () => {
    const sent = await subjects();
    return sent.length >= 7 ? sent : undefined;
  });
  const kinds = mails.map((subject) => /^\[slipway\] ([A-Z ]+):/.exec(subject)?.[1]);
  expect(kinds.toSorted()).toEqual(
    ['HELD', 'HELD', 'RELEASED', 'RELEASED', 'RELEASED', 'ROLLED BACK', 'UNHELD'].toSorted(),
  );
  await command('unhold', project);
});

it('a build by hand is made of the head of the branch, and takes no tag back to an older commit', async () => {
  const [released] = await slipway.builds('rolled');
  const older = (await slipway.builds('rolled')).at(-1)?.commit ?? '';
  const again = await command('build', project, '--follow');
  expect(again).toMatchObject({ code: 0, output: expect.stringMatching(/unchanged/) });

  const back = await command('build', project, '--commit', older, '--follow');
  expect(back).toMatchObject({ code: 0, output: expect.stringMatching(/is not released, because it is not the head/) });
  const [latest, before] = await slipway.builds('rolled');
  expect(latest).toMatchObject({ commit: older, status: 'unchanged', image: null, cause: { type: 'manual' } });
  expect(before).toMatchObject({ commit: released?.commit, cause: { type: 'manual' } });
  expect(await digestOf('latest')).toBe(released?.image?.digest);

  const nobody = await command('build', 'demo/nobody:latest');
  expect(nobody).toMatchObject({ code: 2, output: expect.stringMatching(/not in the index/) });

  // Operators see both, by their credentials; strangers do not.
  const report = JSON.parse((await command('status', '--operators', '--json')).output);
  expect(report).toMatchObject({ builds: { quota: 2 }, queues: [{ failed: 0 }, { failed: 0 }, { failed: 0 }] });
  const byHand = report.deliveries.filter(({ type }: { type: string }) => type === 'manual');
  expect(byHand).toMatchObject([
    { subject: project, outcome: expect.stringContaining('not to be released') },
    { subject: project, outcome: 'started 1' },
  ]);
  for (const path of ['/operators', '/api/v1/operators'])
    for (const method of ['GET', 'HEAD'])
      expect((await fetch(`${slipway.machine.url}${path}`, { method })).status, method).toBe(403);
});

it('a build that somebody cancels ends with who and why, and nothing of it runs on', async () => {
  await slipway.buildReally();
  const commit = await slipway.pushSource('rolled', { Dockerfile: `${smallDebian}RUN sleep 86398\n` });
  const { id: build } = await slipway.until('the build', async () =>
    (await slipway.builds('rolled')).find((each) => each.commit === commit && each.status === 'building'),
  );
  const stopped = await command('cancel', build, '--reason', 'the wrong branch');
  expect(stopped).toMatchObject({ code: 0, output: expect.stringContaining('cancelled the build: the wrong branch') });
  const again = await command('cancel', build);
  expect(again).toMatchObject({ code: 1, output: expect.stringContaining('has ended: cancelled') });
});
