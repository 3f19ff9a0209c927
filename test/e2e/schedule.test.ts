import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Slipway, startSlipway } from './slipway.ts';
import { smallDebian } from './sources.ts';

let slipway: Slipway;

beforeAll(async () => {
  slipway = await startSlipway();
});
afterAll(() => slipway?.stop());

/** Looks for the projects whose hour has come, as the rule of every five minutes does. */
const runSchedules = () => slipway.invoke('RunSchedules');

it('a project whose hour went by while nothing ran is built once, without the cache, and then at its next hour', async () => {
  await slipway.track(slipway.entry('hourly', { schedule: 'rate(1 hour)' }));
  const commit = await slipway.pushSource('hourly', { Dockerfile: `${smallDebian}RUN date +%s%N > /built\n` });
  expect((await slipway.ended('hourly', commit)).status).toBe('released');
  await runSchedules();

  const { url, credentials, outputs } = slipway.machine;
  const client = new DynamoDBClient({ endpoint: `${url}/aws`, region: 'us-east-1', credentials });
  const database = DynamoDBDocumentClient.from(client);
  const item = { TableName: outputs.ProjectsTableName, Key: { name: 'demo/hourly:latest' } };
  await database.send(
    new UpdateCommand({
      ...item,
      UpdateExpression: 'SET dueAt = :due',
      ExpressionAttributeValues: { ':due': new Date(Date.now() - 5 * 3_600_000).toISOString() },
    }),
  );
  await Promise.all([runSchedules(), runSchedules()]);

  const build = await slipway.until('the build of the schedule', async () =>
    (await slipway.builds('hourly')).find(({ cause, endedAt }) => cause.type === 'schedule' && endedAt),
  );
  expect(build).toMatchObject({ status: 'released', commit });
  expect(build.image?.digest).not.toBe((await slipway.builds('hourly')).at(-1)?.image?.digest);
  await runSchedules();
  // The first is the push's or the index's, whichever was planned first.
  const [latest, ...others] = (await slipway.builds('hourly')).map(({ cause }) => cause.type);
  expect([latest, others.length]).toEqual(['schedule', 1]);
  const { dueAt } = (await database.send(new GetCommand(item))).Item as { dueAt: string };
  expect(Date.parse(dueAt)).toBeGreaterThan(Date.now());
  client.destroy();
});
