import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Slipway, startSlipway } from './slipway.ts';
import { smallDebian } from './sources.ts';

let slipway: Slipway;
beforeAll(async () => {
  slipway = await startSlipway();
});
afterAll(() => slipway.stop());

it('a project whose Dockerfile is made by a script is built of what the script makes, in an image of the pipeline’s own', async () => {
  const tools = await slipway.pushSource('tools', { Dockerfile: smallDebian });
  await slipway.track(slipway.entry('tools'));
  expect((await slipway.ended('tools', tools)).status).toBe('released');

  const files = {
    'hooks/pre_build': '#!/bin/sh\nset -e\nsed "s/@WORD@/made by $(basename "$PWD")/" Dockerfile.in > Dockerfile\n',
    'Dockerfile.in': `${smallDebian}RUN echo @WORD@ > /word\n`,
  };
  const app = await slipway.pushSource('scripted', files);
  await slipway.track(
    slipway.entry('tools'),
    slipway.entry('scripted', { 'prebuild-script': 'hooks/pre_build', 'prebuild-context': './' }),
  );

  const build = await slipway.ended('scripted', app);
  const log = await slipway.log(build);
  expect(build.status, log).toBe('released');
  expect(log).toContain('made by source');

  const broken = await slipway.pushSource('scripted', {
    ...files,
    'hooks/pre_build': '#!/bin/sh\necho no template\nexit 1\n',
  });
  const failed = await slipway.ended('scripted', broken);
  expect(failed.failure).toMatchObject({ error: 'PrebuildFailedError' });
  const [mail] = await slipway.mails('scripted', 2);
  expect(mail?.subject).toContain('scripted');
});
