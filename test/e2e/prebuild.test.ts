import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Rig, startRig } from './rig.ts';
import { smallDebian } from './sources.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

it('a project whose Dockerfile is made by a script is built of what the script makes, in an image of the pipeline’s own', async () => {
  const tools = await rig.pushSource('tools', { Dockerfile: smallDebian });
  await rig.track(rig.entry('tools'));
  expect((await rig.ended('tools', tools)).status).toBe('released');

  const files = {
    'hooks/pre_build': '#!/bin/sh\nset -e\nsed "s/@WORD@/made by $(basename "$PWD")/" Dockerfile.in > Dockerfile\n',
    'Dockerfile.in': `${smallDebian}RUN echo @WORD@ > /word\n`,
  };
  const app = await rig.pushSource('scripted', files);
  await rig.track(
    rig.entry('tools'),
    rig.entry('scripted', { 'prebuild-script': 'hooks/pre_build', 'prebuild-context': './' }),
  );

  const build = await rig.ended('scripted', app);
  const log = await rig.log(build);
  expect(build.status, log).toBe('released');
  expect(log).toContain('made by source');

  const broken = await rig.pushSource('scripted', {
    ...files,
    'hooks/pre_build': '#!/bin/sh\necho no template\nexit 1\n',
  });
  const failed = await rig.ended('scripted', broken);
  expect(failed.failure).toMatchObject({ error: 'PrebuildFailedError' });
  const [mail] = await rig.mails('scripted', 2);
  expect(mail?.subject).toContain('scripted');
});
