import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BuilderSetup } from '../builder-setup.ts';

/** The step's text is the same whatever the script is. */
const dockerfile = [
  'FROM demo/base:v1',
  'RUN --mount=type=bind,source=make.sh,target=/make.sh --mount=type=cache,target=/kept sh /make.sh',
  '',
].join('\n');
const honest = 'echo "made: honest, kept: $(cat /kept/*)"';
const hostile = 'echo evil > /kept/tool; echo "made: hostile"';

test('what a pull request builds is used by no release, and the other way round', async () => {
  await using setup = await BuilderSetup.open();
  setup.release('demo/base');
  const proposed = await setup.build({ Dockerfile: dockerfile, 'make.sh': hostile }, { cache: 'none' });
  expect(proposed.log).toContain('made: hostile');

  const released = await setup.build({ Dockerfile: dockerfile, 'make.sh': honest });
  expect(released.printed).toMatch(/^made: honest, kept: *$/m);

  // The step is in the cache now, by its text: a pull request with another script must see what its own does.
  const again = await setup.build({ Dockerfile: dockerfile, 'make.sh': hostile }, { cache: 'none' });
  expect(again.log).toContain('made: hostile');
});

/** Stands for Docker with a builder of its own: it notes what it is asked to build, and builds nothing. */
const docker = `#!/bin/sh
case "$2" in
  inspect) printf 'Driver: docker-container\\nStatus: running\\nBuildKit version: v0.20.0\\n' ;;
  build) printf '%s\\n' "$@" > "$HOME/asked"; exit 1 ;;
esac
`;

test('BuildKit neither reads nor writes the cache in the registry for a pull request', async () => {
  await using setup = await BuilderSetup.open();
  const file = join(setup.home, 'docker');
  await writeFile(file, docker);
  await chmod(file, 0o755);
  setup.environment = { PATH: `${setup.home}:${process.env.PATH}` };
  const files = { Dockerfile: 'FROM scratch\nCOPY Dockerfile /\n' };
  const asked = async (cache: 'shared' | 'none', id: string) => {
    const { log } = await setup.build(files, { cache, id });
    expect(log).toContain('BuildKit 0.20.0');
    return (await readFile(join(setup.home, 'asked'), 'utf8')).split('\n');
  };
  const shared = await asked('shared', '00000000000000aa');
  expect(shared.filter((argument) => argument.startsWith('--cache-to='))).toHaveLength(1);
  const none = await asked('none', '00000000000000bb');
  expect(none.filter((argument) => argument.startsWith('--cache-'))).toEqual([]);
  expect(none).toContain('--no-cache');
  expect(none).toContain('--build-arg=BUILDKIT_CACHE_MOUNT_NS=00000000000000bb');
});
