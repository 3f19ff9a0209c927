import { z } from 'zod';
import { AwsError, type Caller, type Operation, operation, type Permission } from '../service.ts';
import { inBatch } from './batch.ts';
import type { QueueDirectory } from './directory.ts';
import {
  attributesSchema,
  checkMessage,
  chosenAttributes,
  invalid,
  largestMessage,
  md5OfAttributes,
  missing,
  type NewMessage,
  sizeOf,
} from './message.ts';
import { InvalidReceiptError, type Queue, type QueueStore, type ReceivedMessage } from './queue.ts';

const text = z.string();
const queueUrl = { QueueUrl: text };
const batchId = z.string();

const sendFields = {
  MessageBody: text,
  DelaySeconds: z.int().optional(),
  MessageAttributes: attributesSchema.optional(),
  MessageSystemAttributes: attributesSchema.optional(),
};
const receiveSchema = z.object({
  ...queueUrl,
  MaxNumberOfMessages: z.int().optional(),
  VisibilityTimeout: z.int().optional(),
  WaitTimeSeconds: z.int().optional(),
  AttributeNames: z.array(text).optional(),
  MessageSystemAttributeNames: z.array(text).optional(),
  MessageAttributeNames: z.array(text).optional(),
});

/** What SQS's API can do. `stopped` ends the receivers that wait. */
export function createQueueOperations(
  queues: QueueDirectory,
  store: QueueStore,
  stopped: AbortSignal,
): Record<string, Operation> {
  const on =
    (action: string) =>
    (input: { QueueUrl: string }): Permission[] => [
      { action: `sqs:${action}`, resource: queues.arnAt(input.QueueUrl) },
    ];

  const withReceipt = (
    receiptHandle: string,
    queue: Queue,
    act: (queue: Queue, receiptHandle: string) => boolean,
  ): boolean => {
    try {
      return act(queue, receiptHandle);
    } catch (error) {
      if (!(error instanceof InvalidReceiptError)) throw error;
      throw new AwsError(
        'ReceiptHandleIsInvalid',
        `The input receipt handle "${receiptHandle}" is not a valid receipt handle.`,
        404,
      );
    }
  };
  // A handle that is not the message's last one deletes nothing and is no error.
  const remove = (queue: Queue, receiptHandle: string) => withReceipt(receiptHandle, queue, store.delete);
  const hide = (queue: Queue, receiptHandle: string, seconds: number) => {
    checkVisibility(seconds);
    if (withReceipt(receiptHandle, queue, (...parts) => store.hide(...parts, seconds))) return;
    throw invalid(
      `Value ${receiptHandle} for parameter ReceiptHandle is invalid. Reason: Message does not exist or is not available for visibility timeout change.`,
    );
  };

  const attributesOf = (queue: Queue): Record<string, string | undefined> => {
    const { settings } = queue;
    const { visible, inFlight, delayed } = store.counts(queue);
    const created = String(Math.floor(store.createdAt(queue) / 1000));
    return {
      QueueArn: queue.arn,
      ApproximateNumberOfMessages: String(visible),
      ApproximateNumberOfMessagesNotVisible: String(inFlight),
      ApproximateNumberOfMessagesDelayed: String(delayed),
      CreatedTimestamp: created,
      LastModifiedTimestamp: created,
      VisibilityTimeout: String(settings.visibilitySeconds),
      MaximumMessageSize: String(settings.maximumMessageSize),
      MessageRetentionPeriod: String(settings.retentionSeconds),
      DelaySeconds: String(settings.delaySeconds),
      ReceiveMessageWaitTimeSeconds: String(settings.receiveWaitSeconds),
      SqsManagedSseEnabled: 'true',
      Policy: queue.policy === undefined ? undefined : JSON.stringify(queue.policy),
      RedrivePolicy:
        settings.redrive &&
        JSON.stringify({
          deadLetterTargetArn: queues.arnOf(settings.redrive.deadLetterQueue),
          maxReceiveCount: settings.redrive.maxReceiveCount,
        }),
    };
  };

  return {
    SendMessage: operation({
      input: z.object({ ...queueUrl, ...sendFields }),
      permissions: on('SendMessage'),
      handle: (input, caller) => sendMessage(store, queues.at(input.QueueUrl), input, caller),
    }),
    SendMessageBatch: operation({
      input: z.object({ ...queueUrl, Entries: z.array(z.object({ Id: batchId, ...sendFields })) }),
      permissions: on('SendMessage'),
      handle({ QueueUrl, Entries }, caller) {
        const queue = queues.at(QueueUrl);
        const size = Entries.reduce(
          (sum, { MessageBody, MessageAttributes }) => sum + sizeOf(MessageBody, MessageAttributes ?? {}),
          0,
        );
        if (size > largestMessage) {
          throw new AwsError(
            'BatchRequestTooLong',
            `Batch requests cannot be longer than ${largestMessage} bytes. You have sent ${size} bytes.`,
          );
        }
        return inBatch(Entries, (entry) => sendMessage(store, queue, entry, caller));
      },
    }),
    ReceiveMessage: operation({
      input: receiveSchema,
      permissions: on('ReceiveMessage'),
      async handle(input, _caller, { gone }) {
        const queue = queues.at(input.QueueUrl);
        const { MaxNumberOfMessages: most = 1, VisibilityTimeout = queue.settings.visibilitySeconds } = input;
        const { WaitTimeSeconds = queue.settings.receiveWaitSeconds } = input;
        if (most < 1 || most > 10) {
          throw invalid(
            `Value ${most} for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.`,
          );
        }
        if (WaitTimeSeconds < 0 || WaitTimeSeconds > 20) {
          throw invalid(
            `Value ${WaitTimeSeconds} for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.`,
          );
        }
        checkVisibility(VisibilityTimeout);
        const end = Date.now() + WaitTimeSeconds * 1000;
        const signals = [gone, stopped];
        for (;;) {
          // A message for a receiver that has disconnected would only be hidden from the others.
          if (signals.some(({ aborted }) => aborted)) return {};
          const messages = store.take(queue, most, VisibilityTimeout);
          if (messages.length > 0) return { Messages: messages.map((message) => messageFor(message, input)) };
          if (Date.now() >= end) return {};
          await store.arrival(queue, end, signals);
        }
      },
    }),
    DeleteMessage: operation({
      input: z.object({ ...queueUrl, ReceiptHandle: text }),
      permissions: on('DeleteMessage'),
      handle({ QueueUrl, ReceiptHandle }) {
        remove(queues.at(QueueUrl), ReceiptHandle);
      },
    }),
    DeleteMessageBatch: operation({
      input: z.object({ ...queueUrl, Entries: z.array(z.object({ Id: batchId, ReceiptHandle: text })) }),
      permissions: on('DeleteMessage'),
      handle({ QueueUrl, Entries }) {
        const queue = queues.at(QueueUrl);
        return inBatch(Entries, ({ ReceiptHandle }) => {
          remove(queue, ReceiptHandle);
          return {};
        });
      },
    }),
    ChangeMessageVisibility: operation({
      input: z.object({ ...queueUrl, ReceiptHandle: text, VisibilityTimeout: z.int() }),
      permissions: on('ChangeMessageVisibility'),
      handle: ({ QueueUrl, ReceiptHandle, VisibilityTimeout }) =>
        hide(queues.at(QueueUrl), ReceiptHandle, VisibilityTimeout),
    }),
    ChangeMessageVisibilityBatch: operation({
      input: z.object({
        ...queueUrl,
        Entries: z.array(z.object({ Id: batchId, ReceiptHandle: text, VisibilityTimeout: z.int().optional() })),
      }),
      permissions: on('ChangeMessageVisibility'),
      handle({ QueueUrl, Entries }) {
        const queue = queues.at(QueueUrl);
        return inBatch(Entries, ({ ReceiptHandle, VisibilityTimeout }) => {
          if (VisibilityTimeout === undefined) throw missing('VisibilityTimeout');
          hide(queue, ReceiptHandle, VisibilityTimeout);
          return {};
        });
      },
    }),
    GetQueueAttributes: operation({
      input: z.object({ ...queueUrl, AttributeNames: z.array(text).optional() }),
      permissions: on('GetQueueAttributes'),
      handle({ QueueUrl, AttributeNames = [] }) {
        const all = attributesOf(queues.at(QueueUrl));
        const unknown = AttributeNames.find((name) => name !== 'All' && !queueAttributes.has(name));
        if (unknown !== undefined) throw new AwsError('InvalidAttributeName', `Unknown Attribute ${unknown}.`);
        const wanted = Object.entries(all).filter(
          ([name]) => AttributeNames.includes('All') || AttributeNames.includes(name),
        );
        return wanted.length === 0 ? {} : { Attributes: Object.fromEntries(wanted) };
      },
    }),
    GetQueueUrl: operation({
      input: z.object({ QueueName: text, QueueOwnerAWSAccountId: text.optional() }),
      permissions: ({ QueueName }) => [{ action: 'sqs:GetQueueUrl', resource: queues.arnOf(QueueName) }],
      handle: ({ QueueName }) => ({ QueueUrl: queues.urlOf(queues.named(QueueName).name) }),
    }),
    ListQueues: operation({
      input: z.object({
        QueueNamePrefix: text.optional(),
        MaxResults: z.int().min(1).max(1000).optional(),
        NextToken: text.optional(),
      }),
      permissions: () => [{ action: 'sqs:ListQueues', resource: queues.arnOf('') }],
      handle({ QueueNamePrefix = '', MaxResults = 1000, NextToken = '' }) {
        const names = queues.names().filter((name) => name.startsWith(QueueNamePrefix) && name > NextToken);
        const page = names.slice(0, MaxResults);
        return {
          QueueUrls: page.length > 0 ? page.map(queues.urlOf) : undefined,
          NextToken: page.length < names.length ? page.at(-1) : undefined,
        };
      },
    }),
    PurgeQueue: operation({
      input: z.object(queueUrl),
      permissions: on('PurgeQueue'),
      handle: ({ QueueUrl }) => store.purge(queues.at(QueueUrl)),
    }),
  };
}

/** Checks and stores a message; the answer is that of SendMessage. */
export function sendMessage(
  store: QueueStore,
  queue: Queue,
  input: z.infer<z.ZodObject<typeof sendFields>>,
  caller: Caller,
) {
  const message: NewMessage = {
    body: input.MessageBody,
    attributes: input.MessageAttributes ?? {},
    systemAttributes: input.MessageSystemAttributes ?? {},
    delaySeconds: input.DelaySeconds,
  };
  checkMessage(message, queue.settings.maximumMessageSize);
  const { messageId, md5 } = store.send(queue, message, senderOf(caller));
  return {
    MessageId: messageId,
    MD5OfMessageBody: md5,
    MD5OfMessageAttributes: md5OfAttributes(message.attributes),
    MD5OfMessageSystemAttributes: md5OfAttributes(message.systemAttributes),
  };
}

const queueAttributes = new Set([
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesDelayed',
  'ApproximateNumberOfMessagesNotVisible',
  'CreatedTimestamp',
  'DelaySeconds',
  'KmsDataKeyReusePeriodSeconds',
  'KmsMasterKeyId',
  'LastModifiedTimestamp',
  'MaximumMessageSize',
  'MessageRetentionPeriod',
  'Policy',
  'QueueArn',
  'ReceiveMessageWaitTimeSeconds',
  'RedriveAllowPolicy',
  'RedrivePolicy',
  'SqsManagedSseEnabled',
  'VisibilityTimeout',
]);

function checkVisibility(seconds: number): void {
  if (seconds >= 0 && seconds <= 43_200) return;
  throw invalid(
    `Value ${seconds} for parameter VisibilityTimeout is invalid. Reason: Must be >= 0 and <= 43200, if provided.`,
  );
}

function messageFor(message: ReceivedMessage, input: z.infer<typeof receiveSchema>) {
  const { AttributeNames = [], MessageSystemAttributeNames = [], MessageAttributeNames = [] } = input;
  const wanted = [...AttributeNames, ...MessageSystemAttributeNames];
  const system = Object.entries(message.systemAttributes).filter(
    ([name]) => wanted.includes('All') || wanted.includes(name),
  );
  const attributes = chosenAttributes(message.attributes, MessageAttributeNames);
  const hasAttributes = Object.keys(attributes).length > 0;
  return {
    MessageId: message.messageId,
    ReceiptHandle: message.receiptHandle,
    Body: message.body,
    MD5OfBody: message.md5,
    Attributes: system.length > 0 ? Object.fromEntries(system) : undefined,
    MessageAttributes: hasAttributes ? attributes : undefined,
    MD5OfMessageAttributes: hasAttributes ? md5OfAttributes(attributes) : undefined,
  };
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids */
function senderOf({ arn, kind }: Caller): string {
  if (kind === 'role') return `AROA${arn.split('/').slice(1).join(':')}`;
  return kind === 'owner' ? (arn.split(':')[4] ?? '') : arn.replace(/^service:/, '');
}
