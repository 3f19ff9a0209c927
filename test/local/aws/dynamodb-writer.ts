import { startDynamoDbEngine } from '../../../local/aws/dynamodb/engine.ts';

/** Changes the indexed attribute of a few items for ever, until somebody kills the process. `node dynamodb-writer.ts FOLDER` */
const engine = await startDynamoDbEngine(process.argv[2] ?? '');
process.stdout.write('writing\n');
for (let turn = 0; ; turn += 1) {
  const writes = ['a', 'b', 'c', 'd'].map((id) =>
    engine.call('PutItem', { TableName: 'builds', Item: { id: { S: id }, status: { S: `status-${turn % 7}` } } }),
  );
  await Promise.all(writes);
}
