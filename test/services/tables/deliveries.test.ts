import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { setUpServices, type TestServices } from '../../functions/services-setup.ts';

let world: TestServices;
beforeAll(async () => {
  world = await setUpServices();
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
