import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Rig, startRig } from './rig.ts';
import { smallDebian } from './sources.ts';

let rig: Rig;

beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig?.stop());

/** The command as an operator calls it, with the keys that the machine tells. */
async function slipway(...args: string[]): Promise<{ code: number | null; output: string }> {
  const { endpoint, region, credentials } = rig.machine;
  const { accessKeyId, secretAccessKey } = credentials;
  const child = spawn(process.execPath, [join(import.meta.dirname, '../../cli/slipway.js'), ...args], {
    env: {
      PATH: process.env.PATH,
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const [code] = await once(child, 'close');
  return { code, output };
}

it('a build by hand is released from the head of the branch, and takes no tag back to an older commit', async () => {
  await rig.track(rig.entry('byhand'));
  const dockerfile = (text: string) => ({ Dockerfile: `${smallDebian}RUN echo ${text} > /text\n` });
  const older = await rig.pushSource('byhand', dockerfile('one'));
  expect((await rig.ended('byhand', older)).status).toBe('released');
  const newer = await rig.pushSource('byhand', dockerfile('two'));
  const released = await rig.ended('byhand', newer);
  expect(released.status).toBe('released');

  const again = await slipway('build', 'demo/byhand:latest', '--follow');
  expect(again).toMatchObject({ code: 0, output: expect.stringMatching(/unchanged/) });

  const back = await slipway('build', 'demo/byhand:latest', '--commit', older, '--follow');
  expect(back).toMatchObject({ code: 0, output: expect.stringMatching(/not released: it is not the head/) });
  const [latest, ...rest] = await rig.builds('byhand');
  expect(latest).toMatchObject({ commit: older, status: 'unchanged', image: null, cause: { type: 'manual' } });
  expect(rest.filter(({ cause }) => cause.type === 'manual')).toMatchObject([{ commit: newer }]);
  const manifest = await fetch(`${rig.machine.url}/v2/demo/byhand/manifests/latest`, {
    headers: { accept: 'application/vnd.oci.image.manifest.v1+json' },
  });
  expect(manifest.headers.get('docker-content-digest')).toBe(released.image?.digest);

  const nobody = await slipway('build', 'demo/nobody:latest');
  expect(nobody).toMatchObject({ code: 2, output: expect.stringMatching(/not in the index/) });
});
