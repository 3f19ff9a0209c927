import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Slipway, startSlipway } from './slipway.ts';
import { smallDebian } from './sources.ts';

let slipway: Slipway;

beforeAll(async () => {
  slipway = await startSlipway();
});
afterAll(() => slipway?.stop());

/** Pushes other files of the index beside its entries. */
async function pushIndex(files: Record<string, string>): Promise<void> {
  const copy = await slipway.workingCopy(slipway.machine.indexRepository);
  await copy.write(files);
  await copy.push('Change what images are judged by');
}

/** Looks for exceptions that end, as the rule of every day does. */
const warnWaivers = () => slipway.invoke('WarnWaivers');

it('an image that the policy of the index blocks is released without a push once the index accepts it, and its people hear in time that this ends', async () => {
  await pushIndex({ 'policy.yml': 'policy:\n  scanners:\n    capabilities: block\n' });
  await slipway.track(slipway.entry('strict'));
  const label = 'LABEL RUN="docker run --privileged IMAGE"\n';
  const commit = await slipway.pushSource('strict', { Dockerfile: `${smallDebian}${label}` });
  const blocked = await slipway.ended('strict', commit);
  expect(blocked.status).toBe('blocked');
  expect(blocked.verdict?.reasons).toEqual([expect.stringMatching(/^capabilities: .*privileged.*exception\.$/)]);

  const expires = new Date(Date.now() + 3 * 86_400_000).toISOString().slice(0, 10);
  const exception = `[{id: privileged, reason: It is a tool of ours., owner: shop team, expires: ${expires}}]`;
  await slipway.track(slipway.entry('strict', { exceptions: exception }));
  const released = await slipway.until('the release by an exception', async () =>
    (await slipway.builds('strict')).find(({ status }) => status === 'released'),
  );
  expect(released).toMatchObject({ commit, cause: { type: 'index', change: 'changed' }, verdict: { outcome: 'pass' } });
  expect(released.verdict).toMatchObject({
    accepted: 1,
    warnings: expect.arrayContaining([
      `The exception of shop team for privileged ends after ${expires}; from then on the finding counts again.`,
    ]),
  });

  await warnWaivers();
  await warnWaivers();
  const mails = (await slipway.mails('strict', 3)).filter(({ subject }) => subject.includes('EXCEPTIONS'));
  expect(mails.map(({ subject }) => subject)).toEqual(['[slipway] EXCEPTIONS: demo/strict:latest (1 ends soon)']);
  expect(await slipway.client.mailText(mails[0]?.id ?? '')).toContain('privileged is accepted until');
});
