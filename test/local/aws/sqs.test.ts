import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import {
  ChangeMessageVisibilityCommand,
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
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createIam } from '../../../local/aws/iam/iam.ts';
import type { Service } from '../../../local/aws/service.ts';
import { createSqs } from '../../../local/aws/sqs/sqs.ts';
import { declareRole, type EndpointHost, hostEndpoint } from './endpoint-host.ts';

const writer = fileURLToPath(new URL('sqs-writer.ts', import.meta.url));
let host: EndpointHost;
let iam: Service;
let sqs: Service;
let client: SQSClient;

async function open(dataFolder?: string): Promise<void> {
  host = await hostEndpoint((account) => {
    iam = createIam(account);
    sqs = createSqs(account);
    return [iam, sqs];
  }, dataFolder);
  client = new SQSClient(host.as(host.account.iam.ownerKeys()));
}

async function queue(logicalId = 'Queue', properties: object = {}): Promise<{ QueueUrl: string; arn: string }> {
  const { ref, attributes } = await host.declare(sqs, 'AWS::SQS::Queue', logicalId, properties);
  return { QueueUrl: ref, arn: attributes?.Arn ?? '' };
}

beforeEach(() => open());
afterEach(async () => {
  client.destroy();
  await host[Symbol.asyncDispose]();
});

describe('a message', () => {
  test('comes out as it went in, with its attributes and counts', async () => {
    const { QueueUrl } = await queue();
    const MessageAttributes = {
      kind: { DataType: 'String', StringValue: 'push' },
      raw: { DataType: 'Binary', BinaryValue: new Uint8Array([1, 2, 3]) },
    };
    const sent = await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'grüße <&>', MessageAttributes }));
    const { Messages } = await client.send(
      new ReceiveMessageCommand({ QueueUrl, MessageAttributeNames: ['All'], MessageSystemAttributeNames: ['All'] }),
    );
    expect(Messages).toHaveLength(1);
    expect(Messages?.[0]).toMatchObject({
      Body: 'grüße <&>',
      MessageId: sent.MessageId,
      MD5OfMessageAttributes: sent.MD5OfMessageAttributes,
      MessageAttributes,
      Attributes: {
        ApproximateReceiveCount: '1',
        SenderId: expect.any(String),
        SentTimestamp: expect.stringMatching(/^\d{13}$/),
      },
    });
  });

  test('is hidden from others until its visibility timeout ends, and gone once deleted', async () => {
    const { QueueUrl } = await queue('Queue', { VisibilityTimeout: 360 });
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }));
    const first = await client.send(new ReceiveMessageCommand({ QueueUrl }));
    const ReceiptHandle = first.Messages?.[0]?.ReceiptHandle;
    expect((await client.send(new ReceiveMessageCommand({ QueueUrl }))).Messages).toBeUndefined();
    await client.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 1 }));
    const again = await client.send(
      new ReceiveMessageCommand({
        QueueUrl,
        WaitTimeSeconds: 20,
        VisibilityTimeout: 1,
        MessageSystemAttributeNames: ['ApproximateReceiveCount'],
      }),
    );
    expect(again.Messages?.[0]?.Attributes).toEqual({ ApproximateReceiveCount: '2' });

    // The first receipt is not the last one any more.
    await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    const third = await client.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
    expect(third.Messages).toHaveLength(1);
    await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: third.Messages?.[0]?.ReceiptHandle }));
    const { Attributes } = await client.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
    expect(Attributes).toMatchObject({ ApproximateNumberOfMessages: '0', ApproximateNumberOfMessagesNotVisible: '0' });
  });

  test('wakes a receiver that waits for it', async () => {
    const { QueueUrl } = await queue();
    const waiting = client.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
    const started = Date.now();
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'now' }));
    expect((await waiting).Messages?.[0]?.Body).toBe('now');
    expect(Date.now() - started).toBeLessThan(15_000);
  });

  test('with a delay comes when the delay is over', async () => {
    const { QueueUrl } = await queue();
    const sent = Date.now();
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'later', DelaySeconds: 1 }));
    const { Messages } = await client.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
    expect(Messages?.[0]?.Body).toBe('later');
    expect(Date.now() - sent).toBeGreaterThanOrEqual(1000);
  });

  test('that was received too often stands in the dead-letter queue', async () => {
    const dead = await queue('Dead');
    const { QueueUrl, arn } = await queue('Queue', {
      RedrivePolicy: { deadLetterTargetArn: dead.arn, maxReceiveCount: 2 },
    });
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'poison' }));
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const { Messages } = await client.send(new ReceiveMessageCommand({ QueueUrl, VisibilityTimeout: 0 }));
      expect(Messages).toHaveLength(1);
    }
    expect((await client.send(new ReceiveMessageCommand({ QueueUrl }))).Messages).toBeUndefined();
    const { Messages } = await client.send(
      new ReceiveMessageCommand({ QueueUrl: dead.QueueUrl, MessageSystemAttributeNames: ['All'] }),
    );
    expect(Messages?.[0]).toMatchObject({
      Body: 'poison',
      Attributes: { ApproximateReceiveCount: '3', DeadLetterQueueSourceArn: arn },
    });
  });

  test('whose receiver died with the machine is there again as soon as the machine is', async () => {
    const { QueueUrl } = await queue('Queue', { VisibilityTimeout: 360 });
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'push' }));
    const receive = async () => (await client.send(new ReceiveMessageCommand({ QueueUrl }))).Messages?.[0]?.Body;
    expect(await receive()).toBe('push');
    expect(await receive()).toBeUndefined();
    await sqs.start?.();
    expect(await receive()).toBe('push');
    await sqs.stop?.();
  });

  test('that was accepted is there after the process was killed', async () => {
    const { dataFolder } = host;
    await host.crash();
    const child = spawn(process.execPath, [writer, dataFolder], { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (output.includes('\n500\n')) child.kill('SIGKILL');
    });
    await once(child, 'close');
    await open(dataFolder);
    const { QueueUrl } = await queue();
    const { Attributes } = await client.send(
      new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['ApproximateNumberOfMessages'] }),
    );
    const said = output.slice(0, output.lastIndexOf('\n')).split('\n').length;
    expect(Number(Attributes?.ApproximateNumberOfMessages)).toBeGreaterThanOrEqual(said);
  });

  test('can be given back early', async () => {
    const { QueueUrl } = await queue();
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }));
    const { Messages } = await client.send(new ReceiveMessageCommand({ QueueUrl }));
    const ReceiptHandle = Messages?.[0]?.ReceiptHandle;
    await client.send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 0 }));
    expect((await client.send(new ReceiveMessageCommand({ QueueUrl }))).Messages).toHaveLength(1);
  });
});

describe('a batch', () => {
  test('answers for each entry by itself', async () => {
    const { QueueUrl } = await queue('Queue', { MaximumMessageSize: 1024 });
    const { Successful, Failed } = await client.send(
      new SendMessageBatchCommand({
        QueueUrl,
        Entries: [
          { Id: 'a', MessageBody: 'fits' },
          { Id: 'b', MessageBody: 'x'.repeat(1025) },
        ],
      }),
    );
    expect(Successful?.map(({ Id }) => Id)).toEqual(['a']);
    expect(Failed).toEqual([
      {
        Id: 'b',
        Code: 'InvalidParameterValue',
        Message: 'One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes.',
        SenderFault: true,
      },
    ]);
  });

  test('of ten is received and deleted together', async () => {
    const { QueueUrl } = await queue();
    const Entries = Array.from({ length: 10 }, (_, index) => ({ Id: `m${index}`, MessageBody: String(index) }));
    await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
    const { Messages = [] } = await client.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
    expect(Messages.map(({ Body }) => Body)).toEqual(Entries.map(({ MessageBody }) => MessageBody));
    const { Successful } = await client.send(
      new DeleteMessageBatchCommand({
        QueueUrl,
        Entries: Messages.map(({ ReceiptHandle }, index) => ({ Id: `m${index}`, ReceiptHandle })),
      }),
    );
    expect(Successful).toHaveLength(10);
  });
});

describe('what SQS refuses', () => {
  const failing = (promise: Promise<unknown>) =>
    promise.then(
      () => 'no error',
      ({ name, message, $metadata }) => ({ name, message, status: $metadata.httpStatusCode }),
    );

  test('has the names and words of AWS', async () => {
    const { QueueUrl } = await queue();
    expect(await failing(client.send(new GetQueueUrlCommand({ QueueName: 'nowhere' })))).toEqual({
      name: 'QueueDoesNotExist',
      message: 'The specified queue does not exist.',
      status: 400,
    });
    expect(await failing(client.send(new SendMessageCommand({ QueueUrl, MessageBody: '' })))).toEqual({
      name: 'MissingParameter',
      message: 'The request must contain the parameter MessageBody.',
      status: 400,
    });
    expect(await failing(client.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 11 })))).toEqual({
      name: 'InvalidParameterValue',
      message: 'Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.',
      status: 400,
    });
    expect(await failing(client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: 'x' })))).toMatchObject({
      name: 'ReceiptHandleIsInvalid',
      status: 404,
    });
    expect(
      await failing(client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x'.repeat(1_048_577) }))),
    ).toMatchObject({
      message: 'One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes.',
    });
    expect(await failing(client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'bell\u0007' })))).toMatchObject({
      name: 'InvalidMessageContents',
    });
  });

  test('is a call that the role may not make', async () => {
    const { QueueUrl, arn } = await queue();
    const roleArn = await declareRole(host, iam, 'Sender', [
      { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: arn },
    ]);
    const sender = new SQSClient(host.as(host.account.iam.keysOf(roleArn, 'webhook')));
    await sender.send(new SendMessageCommand({ QueueUrl, MessageBody: 'allowed' }));
    expect(await failing(sender.send(new PurgeQueueCommand({ QueueUrl })))).toEqual({
      name: 'AccessDenied',
      message: `User: arn:aws:sts::123456789012:assumed-role/${roleArn.split('/')[1]}/webhook is not authorized to perform: sqs:purgequeue on resource: ${arn} because no identity-based policy allows the sqs:purgequeue action`,
      status: 403,
    });
    sender.destroy();
  });

  test('is a first-in-first-out queue, by name', async () => {
    await expect(queue('Fifo', { FifoQueue: true })).rejects.toThrow(/FifoQueue/);
  });
});

test('a queue policy lets a service send, if the condition fits', async () => {
  const { QueueUrl, arn } = await queue();
  const sendFrom = (sourceArn: string) =>
    host.account.iam.authorize({ arn: 'service:events.amazonaws.com', kind: 'service', sourceArn }, [
      { action: 'sqs:SendMessage', resource: arn },
    ]);
  expect(() => sendFrom('arn:aws:events:us-east-1:123456789012:rule/r')).toThrow(
    `User: events.amazonaws.com is not authorized to perform: sqs:sendmessage on resource: ${arn} because no resource-based policy allows the sqs:sendmessage action`,
  );
  await host.declare(sqs, 'AWS::SQS::QueuePolicy', 'Policy', {
    Queues: [QueueUrl],
    PolicyDocument: {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { Service: 'events.amazonaws.com' },
          Action: ['sqs:SendMessage', 'sqs:GetQueueAttributes'],
          Resource: arn,
          Condition: { ArnEquals: { 'aws:SourceArn': 'arn:aws:events:us-east-1:123456789012:rule/r' } },
        },
        {
          Effect: 'Deny',
          Principal: '*',
          Action: 'sqs:*',
          Resource: arn,
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        },
      ],
    },
  });
  sendFrom('arn:aws:events:us-east-1:123456789012:rule/r');
  expect(() => sendFrom('arn:aws:events:us-east-1:123456789012:rule/other')).toThrow(/not authorized/);
  expect((await client.send(new ListQueuesCommand({}))).QueueUrls).toEqual([QueueUrl]);
});
