import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../eventually.ts';
import { runCommand } from './command.ts';
import { type Slipway, startSlipway } from './slipway.ts';
import { smallDebian } from './sources.ts';

let slipway: Slipway;

beforeAll(async () => {
  slipway = await startSlipway();
});
afterAll(() => slipway?.stop());

const command = (...args: string[]) => runCommand(slipway.machine, ...args);

it('a build by hand is released from the head of the branch, and takes no tag back to an older commit', async () => {
  await slipway.track(slipway.entry('byhand'));
  const dockerfile = (text: string) => ({ Dockerfile: `${smallDebian}RUN echo ${text} > /text\n` });
  const older = await slipway.pushSource('byhand', dockerfile('one'));
  expect((await slipway.ended('byhand', older)).status).toBe('released');
  const newer = await slipway.pushSource('byhand', dockerfile('two'));
  const released = await slipway.ended('byhand', newer);
  expect(released.status).toBe('released');

  const again = await command('build', 'demo/byhand:latest', '--follow');
  expect(again).toMatchObject({ code: 0, output: expect.stringMatching(/unchanged/) });

  const back = await command('build', 'demo/byhand:latest', '--commit', older, '--follow');
  expect(back).toMatchObject({ code: 0, output: expect.stringMatching(/is not released, because it is not the head/) });
  const [latest, ...rest] = await slipway.builds('byhand');
  expect(latest).toMatchObject({ commit: older, status: 'unchanged', image: null, cause: { type: 'manual' } });
  expect(rest.filter(({ cause }) => cause.type === 'manual')).toMatchObject([{ commit: newer }]);
  const manifest = await fetch(`${slipway.machine.url}/v2/demo/byhand/manifests/latest`, {
    headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
  });
  expect(manifest.headers.get('docker-content-digest')).toBe(released.image?.digest);

  const nobody = await command('build', 'demo/nobody:latest');
  expect(nobody).toMatchObject({ code: 2, output: expect.stringMatching(/not in the index/) });
});

it('a build that somebody cancels ends with who and why, and nothing of it runs on', async () => {
  const { build } = JSON.parse((await command('build', 'demo/byhand', '--json')).output);
  const stopped = await eventually(async () => {
    const answer = await command('cancel', build, '--reason', 'the wrong branch');
    expect(answer.output).not.toContain('no build');
    return answer;
  });
  expect(stopped).toMatchObject({ code: 0, output: expect.stringContaining('cancelled the build: the wrong branch') });
  const again = await command('cancel', build);
  expect(again).toMatchObject({ code: 1, output: expect.stringContaining('has ended: cancelled') });
});
