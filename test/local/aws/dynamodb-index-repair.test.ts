import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { startDynamoDbEngine } from '../../../local/aws/dynamodb/engine.ts';
import { repairIndexes } from '../../../local/aws/dynamodb/index-repair.ts';
import { scan } from '../../../local/aws/dynamodb/table.ts';
import { eventually } from '../../eventually.ts';

const table = {
  TableName: 'builds',
  AttributeDefinitions: ['id', 'status'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' as const })),
  KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' as const }],
  GlobalSecondaryIndexes: [
    {
      IndexName: 'byStatus',
      KeySchema: [{ AttributeName: 'status', KeyType: 'HASH' as const }],
      Projection: { ProjectionType: 'ALL' as const },
    },
  ],
};
const writer = fileURLToPath(new URL('dynamodb-writer.ts', import.meta.url));

test('an index has exactly the items of its table after every kill of their writer', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-repair-'));
  const first = await startDynamoDbEngine(folder);
  await first.call('CreateTable', { ...table, BillingMode: 'PAY_PER_REQUEST' });
  await eventually(async () =>
    expect(await first.call('DescribeTable', { TableName: 'builds' })).toMatchObject({
      Table: { TableStatus: 'ACTIVE' },
    }),
  );
  await first.stop();

  for (let kill = 0; kill < 6; kill += 1) {
    const child = spawn(process.execPath, [writer, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    // Another moment of the writer's work each time.
    await sleep(50 + kill * 13);
    child.kill('SIGKILL');
    await once(child, 'exit');

    const engine = await startDynamoDbEngine(folder);
    expect(engine.wasStopped).toBe(false);
    await repairIndexes(engine, table);
    const sorted = async (input: object) => {
      const items: string[] = [];
      for await (const item of scan(engine, { TableName: 'builds', ...input })) items.push(JSON.stringify(item));
      return items.sort();
    };
    expect(await sorted({ IndexName: 'byStatus' })).toEqual(await sorted({}));
    await engine.stop();
  }
  const last = await startDynamoDbEngine(folder);
  expect(last.wasStopped, 'so that the start after a regular end reads no table').toBe(true);
  await last.stop();
  await rm(folder, { recursive: true });
});
