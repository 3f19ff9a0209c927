import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Rig, startRig } from './rig.ts';
import { smallDebian } from './sources.ts';

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig?.stop());

/** Pushes other files of the index beside its entries. */
async function pushIndex(files: Record<string, string>): Promise<void> {
  const copy = await rig.workingCopy(rig.machine.indexRepository);
  await copy.write(files);
  await copy.push('Change what images are judged by');
}

/** Looks for exceptions that end, as the rule of every day does. */
const warnWaivers = () => rig.invoke('WarnWaivers');

it('an image that the policy of the index blocks is released without a push once the index accepts it, and its people hear in time that this ends', async () => {
  await pushIndex({ 'policy.yml': 'policy:\n  scanners:\n    capabilities: block\n' });
  await rig.track(rig.entry('strict'));
  const label = 'LABEL RUN="docker run --privileged IMAGE"\n';
  const commit = await rig.pushSource('strict', { Dockerfile: `${smallDebian}${label}` });
  const blocked = await rig.ended('strict', commit);
  expect(blocked.status).toBe('blocked');
  expect(blocked.verdict?.reasons).toEqual([expect.stringMatching(/^capabilities: .*privileged.*exception\.$/)]);

  const expires = new Date(Date.now() + 3 * 86_400_000).toISOString().slice(0, 10);
  const exception = `[{id: privileged, reason: It is a tool of ours., owner: shop team, expires: ${expires}}]`;
  await rig.track(rig.entry('strict', { exceptions: exception }));
  const released = await rig.until('the release by an exception', async () =>
    (await rig.builds('strict')).find(({ status }) => status === 'released'),
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
  const mails = (await rig.mails('strict', 3)).filter(({ subject }) => subject.includes('EXCEPTIONS'));
  expect(mails.map(({ subject }) => subject)).toEqual(['[slipway] EXCEPTIONS: demo/strict:latest (1 ends soon)']);
  expect(await rig.client.mailText(mails[0]?.id ?? '')).toContain('privileged ends with');
});
