import {
  ChangeMessageVisibilityBatchCommand,
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';

import type { Case, Side } from './side.ts';

const clients = new Map<Side, SQSClient>();

function client(side: Side): SQSClient {
  const known = clients.get(side) ?? new SQSClient(side.settings);
  clients.set(side, known);
  return known;
}

export async function prepareSqs(side: Side): Promise<void> {
  for (const QueueName of ['first', 'second']) {
    const service = side.host?.services.find(({ signingName }) => signingName === 'sqs');
    const url = service
      ? (await side.host?.declare(service, 'AWS::SQS::Queue', QueueName, { QueueName }))?.ref
      : (await client(side).send(new CreateQueueCommand({ QueueName }))).QueueUrl;
    side.memory.set(QueueName, url ?? '');
  }
}

const url = (side: Side) => side.memory.get('first') ?? '';
const receive = async (side: Side, options: object = {}) => {
  const answer = await client(side).send(new ReceiveMessageCommand({ QueueUrl: url(side), ...options }));
  side.memory.set('receipt', answer.Messages?.[0]?.ReceiptHandle ?? '');
  return answer;
};
const MessageAttributes = {
  text: { DataType: 'String', StringValue: 'ü' },
  number: { DataType: 'Number.custom', StringValue: '1.50' },
  bytes: { DataType: 'Binary', BinaryValue: new Uint8Array([0, 255]) },
};

export const sqsCases: Case[] = [
  { name: 'GetQueueUrl', call: (side) => client(side).send(new GetQueueUrlCommand({ QueueName: 'first' })) },
  { name: 'GetQueueUrl of none', call: (side) => client(side).send(new GetQueueUrlCommand({ QueueName: 'none' })) },
  { name: 'ListQueues', call: (side) => client(side).send(new ListQueuesCommand({})) },
  {
    name: 'ListQueues by prefix',
    call: (side) => client(side).send(new ListQueuesCommand({ QueueNamePrefix: 'sec' })),
  },
  {
    name: 'GetQueueAttributes, all',
    call: (side) => client(side).send(new GetQueueAttributesCommand({ QueueUrl: url(side), AttributeNames: ['All'] })),
  },
  {
    name: 'GetQueueAttributes, unknown',
    call: (side) =>
      client(side).send(new GetQueueAttributesCommand({ QueueUrl: url(side), AttributeNames: ['Nothing' as 'All'] })),
  },
  {
    name: 'SendMessage',
    call: (side) =>
      client(side).send(new SendMessageCommand({ QueueUrl: url(side), MessageBody: 'ä <&> \n', MessageAttributes })),
  },
  {
    name: 'ReceiveMessage with everything',
    call: (side) => receive(side, { MessageAttributeNames: ['All'], AttributeNames: ['All'] }),
  },
  {
    name: 'ReceiveMessage from an empty queue',
    call: (side) => client(side).send(new ReceiveMessageCommand({ QueueUrl: url(side) })),
  },
  {
    name: 'ChangeMessageVisibility',
    call: (side) =>
      client(side).send(
        new ChangeMessageVisibilityCommand({
          QueueUrl: url(side),
          ReceiptHandle: side.memory.get('receipt'),
          VisibilityTimeout: 0,
        }),
      ),
  },
  {
    name: 'ReceiveMessage again',
    call: (side) =>
      receive(side, { AttributeNames: ['ApproximateReceiveCount'], MessageAttributeNames: ['te.*', 'text'] }),
  },
  {
    name: 'ChangeMessageVisibility too long',
    because: 'moto has other words',
    call: (side) =>
      client(side).send(
        new ChangeMessageVisibilityCommand({
          QueueUrl: url(side),
          ReceiptHandle: side.memory.get('receipt'),
          VisibilityTimeout: 50_000,
        }),
      ),
  },
  {
    name: 'DeleteMessage',
    call: (side) =>
      client(side).send(new DeleteMessageCommand({ QueueUrl: url(side), ReceiptHandle: side.memory.get('receipt') })),
  },
  {
    name: 'DeleteMessage again',
    call: (side) =>
      client(side).send(new DeleteMessageCommand({ QueueUrl: url(side), ReceiptHandle: side.memory.get('receipt') })),
  },
  {
    name: 'DeleteMessage with nonsense',
    because: 'moto has other words, and not the status of the model',
    call: (side) => client(side).send(new DeleteMessageCommand({ QueueUrl: url(side), ReceiptHandle: 'nonsense' })),
  },
  {
    name: 'ChangeMessageVisibility of a deleted message',
    because: 'SQS knows the handle, and says that the message is gone',
    call: (side) =>
      client(side).send(
        new ChangeMessageVisibilityCommand({
          QueueUrl: url(side),
          ReceiptHandle: side.memory.get('receipt'),
          VisibilityTimeout: 1,
        }),
      ),
  },
  {
    name: 'SendMessageBatch',
    because: 'SQS leaves out an empty list',
    call: (side) =>
      client(side).send(
        new SendMessageBatchCommand({
          QueueUrl: url(side),
          Entries: [
            { Id: 'a', MessageBody: 'one' },
            { Id: 'b', MessageBody: 'two', MessageAttributes },
          ],
        }),
      ),
  },
  { name: 'ReceiveMessage of two', call: (side) => receive(side, { MaxNumberOfMessages: 10 }) },
  {
    name: 'ChangeMessageVisibilityBatch',
    because: 'SQS leaves out an empty list',
    call: (side) =>
      client(side).send(
        new ChangeMessageVisibilityBatchCommand({
          QueueUrl: url(side),
          Entries: [{ Id: 'a', ReceiptHandle: side.memory.get('receipt'), VisibilityTimeout: 5 }],
        }),
      ),
  },
  {
    name: 'DeleteMessageBatch',
    call: (side) =>
      client(side).send(
        new DeleteMessageBatchCommand({
          QueueUrl: url(side),
          Entries: [
            { Id: 'a', ReceiptHandle: side.memory.get('receipt') },
            { Id: 'b', ReceiptHandle: 'nonsense' },
          ],
        }),
      ),
  },
  {
    name: 'SendMessage, empty',
    because: 'moto takes it',
    call: (side) => client(side).send(new SendMessageCommand({ QueueUrl: url(side), MessageBody: '' })),
  },
  {
    name: 'SendMessage, no body',
    because: 'moto breaks',
    call: (side) => client(side).send(new SendMessageCommand({ QueueUrl: url(side), MessageBody: undefined })),
  },
  {
    name: 'SendMessage, control character',
    because: 'moto takes it',
    call: (side) => client(side).send(new SendMessageCommand({ QueueUrl: url(side), MessageBody: '\u0007' })),
  },
  {
    name: 'SendMessage, 1 MiB',
    call: (side) =>
      client(side).send(new SendMessageCommand({ QueueUrl: url(side), MessageBody: 'x'.repeat(1_048_576) })),
  },
  {
    name: 'SendMessage, more',
    call: (side) =>
      client(side).send(new SendMessageCommand({ QueueUrl: url(side), MessageBody: 'x'.repeat(1_048_577) })),
  },
  {
    name: 'SendMessage, delay of an hour',
    call: (side) =>
      client(side).send(new SendMessageCommand({ QueueUrl: url(side), MessageBody: 'x', DelaySeconds: 3600 })),
  },
  {
    name: 'SendMessage, attribute without a value',
    because: 'moto takes it',
    call: (side) =>
      client(side).send(
        new SendMessageCommand({
          QueueUrl: url(side),
          MessageBody: 'x',
          MessageAttributes: { a: { DataType: 'String', StringValue: '' } },
        }),
      ),
  },
  {
    name: 'SendMessage, attribute of no type',
    because: 'moto has other words',
    call: (side) =>
      client(side).send(
        new SendMessageCommand({
          QueueUrl: url(side),
          MessageBody: 'x',
          MessageAttributes: { a: { DataType: 'Text', StringValue: 'x' } },
        }),
      ),
  },
  {
    name: 'SendMessage to none',
    call: (side) => client(side).send(new SendMessageCommand({ QueueUrl: `${url(side)}-none`, MessageBody: 'x' })),
  },
  {
    name: 'SendMessageBatch, empty',
    call: (side) => client(side).send(new SendMessageBatchCommand({ QueueUrl: url(side), Entries: [] })),
  },
  {
    name: 'SendMessageBatch, eleven',
    call: (side) =>
      client(side).send(
        new SendMessageBatchCommand({
          QueueUrl: url(side),
          Entries: Array.from({ length: 11 }, (_, id) => ({ Id: String(id), MessageBody: 'x' })),
        }),
      ),
  },
  {
    name: 'SendMessageBatch, same ids',
    call: (side) =>
      client(side).send(
        new SendMessageBatchCommand({
          QueueUrl: url(side),
          Entries: [
            { Id: 'a', MessageBody: 'x' },
            { Id: 'a', MessageBody: 'y' },
          ],
        }),
      ),
  },
  {
    name: 'SendMessageBatch, wrong id',
    call: (side) =>
      client(side).send(
        new SendMessageBatchCommand({ QueueUrl: url(side), Entries: [{ Id: 'a b', MessageBody: 'x' }] }),
      ),
  },
  {
    name: 'ReceiveMessage of eleven',
    because: 'moto has other words',
    call: (side) => receive(side, { MaxNumberOfMessages: 11 }),
  },
  {
    name: 'ReceiveMessage, waiting a minute',
    because: 'moto has other words',
    call: (side) => receive(side, { WaitTimeSeconds: 60 }),
  },
  { name: 'PurgeQueue', call: (side) => client(side).send(new PurgeQueueCommand({ QueueUrl: url(side) })) },
];
