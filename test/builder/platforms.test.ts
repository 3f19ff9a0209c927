import { afterAll, beforeAll, expect, test } from 'vitest';
import * as z from 'zod';
import { ownPlatform, runnablePlatforms } from '../../builder/platform.ts';
import { partTag, platforms } from '../../core/model/platform.ts';
import { BuilderSetup } from './builder-setup.ts';

const { os, architecture } = ownPlatform();
const own = `${os}/${architecture}`;
const foreign = platforms.find((platform) => platform !== own) ?? 'linux/arm64';

let setup: BuilderSetup;

beforeAll(async () => {
  setup = await BuilderSetup.open();
  const base = { id: 'v1', project: 'demo/tools:v1', candidate: 'demo/tools' };
  expect((await setup.build({ Dockerfile: 'FROM scratch\nCOPY Dockerfile /\n' }, base)).log).toContain('==> done');
  setup.environment = { PLATFORM: foreign };
});
afterAll(() => setup[Symbol.asyncDispose]());

test('an image without commands is built for another machine, under a tag and with records of its own', async () => {
  const commit = setup.git.commit('app', { Dockerfile: 'FROM scratch\nARG TARGETARCH\nCOPY Dockerfile /\n' });
  const request = setup.request(commit);
  const { result } = await setup.run(request);

  expect(result.outcome).toBe('built');
  const digest = result.outcome === 'built' ? result.digest : '';
  const { registry } = setup;
  expect(registry.manifest('candidate/demo/app', partTag(request.id, foreign))?.digest).toBe(digest);
  const { config } = z
    .object({ config: z.object({ digest: z.string() }) })
    .parse(registry.manifest('candidate/demo/app', digest)?.body);
  const [ofOs, ofArchitecture] = foreign.split('/');
  expect(registry.blob(config.digest)).toMatchObject({ os: ofOs, architecture: ofArchitecture });
});

test('commands that this machine cannot run are refused before the build', async () => {
  if ((await runnablePlatforms()).includes(foreign)) return;
  const { result, log } = await setup.build({ Dockerfile: 'FROM demo/tools:v1\nRUN true\n' });

  expect(result).toMatchObject({ outcome: 'failed', error: 'PlatformNotBuiltError' });
  expect(result).toHaveProperty('message', expect.stringContaining(`cannot run commands of ${foreign}`));
  expect(log).not.toContain('==> bases');
});

test('a base that is not for the machine is refused before the build, by its name', async () => {
  const { result, log } = await setup.build({ Dockerfile: 'FROM demo/tools:v1\nCOPY Dockerfile /\n' });

  expect(result).toMatchObject({ outcome: 'failed', error: 'BasePlatformError' });
  expect(result).toHaveProperty(
    'message',
    expect.stringContaining(`demo/tools:v1 is not for ${foreign}, but for ${own}`),
  );
  expect(log).not.toContain('==> build');
});
