import { openAccount } from '../../../local/account.ts';
import { createSqs } from '../../../local/aws/sqs/sqs.ts';
import { declareIn } from './endpoint-host.ts';

/** Sends numbered messages for ever, and says each number once its message is accepted. `node sqs-writer.ts FOLDER` */
const account = openAccount({ url: 'http://localhost:1', dataFolder: process.argv[2] ?? '', log: () => undefined });
const sqs = createSqs(account);
const { ref } = await declareIn(sqs, 'AWS::SQS::Queue', 'Queue', {});
const send = sqs.operations?.SendMessage;
for (let number = 0; ; number += 1) {
  const input = { QueueUrl: ref, MessageBody: String(number) };
  send?.handle(
    input as never,
    { arn: account.id, kind: 'owner' },
    { requestId: '', gone: new AbortController().signal },
  );
  process.stdout.write(`${number}\n`);
  if (number % 100 === 99) await new Promise(setImmediate);
}
