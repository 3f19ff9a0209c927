import { openAccount } from '../../../local/aws/account.ts';
import { createSqs } from '../../../local/aws/sqs/sqs.ts';
import { declareIn } from './endpoint-host.ts';

/** Sends numbered messages for ever, and says each number once its message is accepted. `node sqs-writer.ts FOLDER` */
const account = openAccount({ url: 'http://localhost:1', dataFolder: process.argv[2] ?? '', log: () => undefined });
const sqs = createSqs(account);
const { attributes } = await declareIn(sqs, 'AWS::SQS::Queue', 'Queue', {});
for (let number = 0; ; number += 1) {
  sqs.send(attributes?.Arn ?? '', String(number), { arn: account.id, kind: 'owner' });
  process.stdout.write(`${number}\n`);
  if (number % 100 === 99) await new Promise(setImmediate);
}
