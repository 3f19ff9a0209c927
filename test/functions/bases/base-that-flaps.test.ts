import { expect, it } from 'vitest';
import { setUpCascades } from '../cascade-setup.ts';
import { digestOf, setUpWatchBases, startNamedRegistry } from '../watch-bases-setup.ts';

const [A, B] = ['a', 'b'].map(digestOf) as [string, string];

it('a base that goes back to what it was while projects are rebuilt for it is what they depend on in the end', async () => {
  await using registry = await startNamedRegistry({ 'base:1': A });
  await using world = await setUpWatchBases({ around: await setUpCascades() });
  const image = `${registry.host}/base:1`;
  await world.dependsOn('app', { [image]: A });
  await world.watch();
  expect(await world.running()).toEqual([]);

  registry.images['base:1'] = B;
  await world.watch();
  await world.drain();
  const [rebuild] = await world.running();
  expect(rebuild?.cause).toMatchObject({ bases: [{ image, previous: A, digest: B }] });

  registry.images['base:1'] = A;
  await world.watch();
  await world.drain();
  expect(await world.running()).toHaveLength(1);

  // The rebuild has taken the base that was there when it began.
  if (!rebuild) return expect.unreachable();
  const bases = [{ reference: image, image, digest: B, own: false }];
  await world.recordBases(rebuild, { outcome: 'failed', error: 'x', message: 'x', bases });
  await world.finish(rebuild, 'released');
  await world.drain();
  expect(await world.running()).toEqual([]);

  await world.watch();
  await world.drain();
  const [last] = await world.running();
  expect(last?.cause).toMatchObject({ bases: [{ image, previous: B, digest: A }] });
  if (!last) return expect.unreachable();
  await world.recordBases(last, {
    outcome: 'failed',
    error: 'x',
    message: 'x',
    bases: bases.map((base) => ({ ...base, digest: A })),
  });
  await world.finish(last, 'released');
  await world.drain();
  await world.watch();
  await world.drain();
  expect(await world.running()).toEqual([]);
});
