import { expect, test } from 'vitest';
import { busybox, Workshop } from './workshop.ts';

/** The step's text is the same whatever the script is. */
const dockerfile = [
  'FROM demo/base:v1',
  'RUN --mount=type=bind,source=make.sh,target=/make.sh --mount=type=cache,target=/kept sh /make.sh',
  '',
].join('\n');
const honest = 'echo "made: honest, kept: $(cat /kept/*)"';
const hostile = 'echo evil > /kept/tool; echo "made: hostile"';

test('what a pull request builds is used by no release, and the other way round', { timeout: 60_000 }, async () => {
  await using workshop = await Workshop.open();
  await workshop.build(
    { ...busybox.files, Dockerfile: busybox.dockerfile },
    { id: 'v1', project: 'demo/base:v1', candidate: 'demo/base' },
  );
  const proposed = await workshop.build({ Dockerfile: dockerfile, 'make.sh': hostile }, { cache: 'none' });
  expect(proposed.log).toContain('made: hostile');

  const released = await workshop.build({ Dockerfile: dockerfile, 'make.sh': honest });
  expect(released.log).toMatch(/^made: honest, kept: *$/m);

  // The step is in the cache now, by its text: a pull request with another script must see what its own does.
  const again = await workshop.build({ Dockerfile: dockerfile, 'make.sh': hostile }, { cache: 'none' });
  expect(again.log).toContain('made: hostile');
});
