import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startWorld, type World } from '../functions/world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

it('a delivery is remembered for a month, with what became of it', async () => {
  expect(await world.deliveries.get('d')).toBeUndefined();
  await world.deliveries.put({ delivery: 'd', outcome: 'started 1', builds: ['00aa'] });
  expect(await world.deliveries.get('d')).toMatchObject({ outcome: 'started 1', builds: ['00aa'] });
  const { Item } = await world.client.send(new GetCommand({ TableName: 'deliveries', Key: { delivery: 'd' } }));
  const days = (Item?.expiresAt - Date.now() / 1000) / 86_400;
  expect(days).toBeGreaterThan(29);
  expect(days).toBeLessThan(31);
});

it('a base knows every project that stands on it, and the digest last seen', async () => {
  const image = 'docker.io/library/debian:12';
  const seen = (digest: string, project: string) =>
    world.bases.observe({ reference: 'debian:12', image, digest, own: false }, project);
  await Promise.all(['demo/a:1', 'demo/b:1', 'demo/c:1'].map((project) => seen('sha256:1', project)));
  await seen('sha256:2', 'demo/a:1');
  const { Item } = await world.client.send(new GetCommand({ TableName: 'bases', Key: { image } }));
  expect(Item).toMatchObject({ digest: 'sha256:2', own: false });
  expect([...(Item?.projects ?? [])].sort()).toEqual(['demo/a:1', 'demo/b:1', 'demo/c:1']);
});
