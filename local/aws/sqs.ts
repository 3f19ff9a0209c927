import { setInterval } from 'node:timers';
import { z } from 'zod';
import { physicalName } from './physical-name.ts';
import {
  type Account,
  AwsError,
  type Caller,
  operation,
  type Permission,
  resourceType,
  type Service,
} from './service.ts';
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
} from './sqs-message.ts';
import { createQueueStore, InvalidReceiptError, type Queue, type ReceivedMessage } from './sqs-queue.ts';

export interface Sqs extends Service {
  /** Sends one message as a service does that delivers to a queue (EventBridge, SNS). */
  send(queueArn: string, body: string, caller: Caller, attributes?: NewMessage['attributes']): void;
}

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

/** SQS with standard queues. A first-in-first-out queue is not known: a template that has one does not deploy. */
export function createSqs(account: Account): Sqs {
  const queues = new Map<string, Queue>();
  const store = createQueueStore(account.database, (name) => queues.get(name));
  const stopped = new AbortController();
  let sweep: NodeJS.Timeout | undefined;

  const arnOf = (name: string) => `arn:aws:sqs:${account.region}:${account.id}:${name}`;
  const urlOf = (name: string) => `${account.endpoint}/${account.id}/${name}`;

  /** Of a queue's URL only the path counts, as with AWS: `…/<account>/<name>`. */
  const nameIn = (url: string) => url.slice(url.lastIndexOf('/') + 1);
  const queueNamed = (name: string): Queue => {
    const queue = queues.get(name);
    if (!queue) throw new AwsError('QueueDoesNotExist', 'The specified queue does not exist.');
    return queue;
  };
  const queueAt = (url: string) => queueNamed(nameIn(url));
  const on =
    (action: string) =>
    (input: { QueueUrl: string }): Permission[] => [
      { action: `sqs:${action}`, resource: arnOf(nameIn(input.QueueUrl)) },
    ];

  const send = (queue: Queue, input: z.infer<z.ZodObject<typeof sendFields>>, caller: Caller) => {
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
  };
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

  const operations = {
    SendMessage: operation({
      input: z.object({ ...queueUrl, ...sendFields }),
      permissions: on('SendMessage'),
      handle: (input, caller) => send(queueAt(input.QueueUrl), input, caller),
    }),
    SendMessageBatch: operation({
      input: z.object({ ...queueUrl, Entries: z.array(z.object({ Id: batchId, ...sendFields })) }),
      permissions: on('SendMessage'),
      handle({ QueueUrl, Entries }, caller) {
        const queue = queueAt(QueueUrl);
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
        return inBatch(Entries, (entry) => send(queue, entry, caller));
      },
    }),
    ReceiveMessage: operation({
      input: receiveSchema,
      permissions: on('ReceiveMessage'),
      async handle(input, _caller, { gone }) {
        const queue = queueAt(input.QueueUrl);
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
        const signals = [gone, stopped.signal];
        for (;;) {
          // A message for a receiver that is gone would only be hidden from the others.
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
        remove(queueAt(QueueUrl), ReceiptHandle);
      },
    }),
    DeleteMessageBatch: operation({
      input: z.object({ ...queueUrl, Entries: z.array(z.object({ Id: batchId, ReceiptHandle: text })) }),
      permissions: on('DeleteMessage'),
      handle({ QueueUrl, Entries }) {
        const queue = queueAt(QueueUrl);
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
        hide(queueAt(QueueUrl), ReceiptHandle, VisibilityTimeout),
    }),
    ChangeMessageVisibilityBatch: operation({
      input: z.object({
        ...queueUrl,
        Entries: z.array(z.object({ Id: batchId, ReceiptHandle: text, VisibilityTimeout: z.int().optional() })),
      }),
      permissions: on('ChangeMessageVisibility'),
      handle({ QueueUrl, Entries }) {
        const queue = queueAt(QueueUrl);
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
        const all = attributesOf(queueAt(QueueUrl));
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
      permissions: ({ QueueName }) => [{ action: 'sqs:GetQueueUrl', resource: arnOf(QueueName) }],
      handle: ({ QueueName }) => ({ QueueUrl: urlOf(queueNamed(QueueName).name) }),
    }),
    ListQueues: operation({
      input: z.object({
        QueueNamePrefix: text.optional(),
        MaxResults: z.int().min(1).max(1000).optional(),
        NextToken: text.optional(),
      }),
      permissions: () => [{ action: 'sqs:ListQueues', resource: arnOf('') }],
      handle({ QueueNamePrefix = '', MaxResults = 1000, NextToken = '' }) {
        const names = [...queues.keys()].filter((name) => name.startsWith(QueueNamePrefix) && name > NextToken).sort();
        const page = names.slice(0, MaxResults);
        return {
          ...(page.length > 0 && { QueueUrls: page.map(urlOf) }),
          ...(page.length < names.length && { NextToken: page.at(-1) }),
        };
      },
    }),
    PurgeQueue: operation({
      input: z.object(queueUrl),
      permissions: on('PurgeQueue'),
      handle: ({ QueueUrl }) => store.purge(queueAt(QueueUrl)),
    }),
  };

  const attributesOf = (queue: Queue): Record<string, string> => {
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
      ...(queue.policy !== undefined && { Policy: JSON.stringify(queue.policy) }),
      ...(settings.redrive && {
        RedrivePolicy: JSON.stringify({
          deadLetterTargetArn: arnOf(settings.redrive.deadLetterQueue),
          maxReceiveCount: settings.redrive.maxReceiveCount,
        }),
      }),
    };
  };

  const queueResource = resourceType({
    properties: z.strictObject({
      QueueName: z
        .string()
        .regex(/^[\w-]{1,80}$/)
        .optional(),
      DelaySeconds: z.int().min(0).max(900).default(0),
      MaximumMessageSize: z.int().min(1024).max(largestMessage).default(largestMessage),
      MessageRetentionPeriod: z.int().min(60).max(1_209_600).default(345_600),
      ReceiveMessageWaitTimeSeconds: z.int().min(0).max(20).default(0),
      VisibilityTimeout: z.int().min(0).max(43_200).default(30),
      RedrivePolicy: z
        .strictObject({ deadLetterTargetArn: z.string(), maxReceiveCount: z.int().min(1).max(1000) })
        .optional(),
      // Which queues may name this one as theirs for dead letters: within one template the author is the same.
      RedriveAllowPolicy: z.unknown().optional(),
      // Nothing is encrypted at rest on one machine, and nobody is billed by tag.
      SqsManagedSseEnabled: z.boolean().optional(),
      Tags: z.unknown().optional(),
    }),
    create({ properties, ...resource }) {
      const name = properties.QueueName ?? physicalName(resource, 80);
      const { RedrivePolicy } = properties;
      const deadLetterQueue = RedrivePolicy?.deadLetterTargetArn.split(':').at(-1) ?? '';
      if (RedrivePolicy && !queues.has(deadLetterQueue)) {
        throw invalid(
          `Value ${JSON.stringify(RedrivePolicy)} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist.`,
        );
      }
      const queue: Queue = {
        name,
        arn: arnOf(name),
        settings: {
          delaySeconds: properties.DelaySeconds,
          maximumMessageSize: properties.MaximumMessageSize,
          retentionSeconds: properties.MessageRetentionPeriod,
          receiveWaitSeconds: properties.ReceiveMessageWaitTimeSeconds,
          visibilitySeconds: properties.VisibilityTimeout,
          redrive: RedrivePolicy && { deadLetterQueue, maxReceiveCount: RedrivePolicy.maxReceiveCount },
        },
        policy: queues.get(name)?.policy,
      };
      queues.set(name, queue);
      store.createdAt(queue);
      return { ref: urlOf(name), attributes: { Arn: queue.arn, QueueName: name, QueueUrl: urlOf(name) } };
    },
  });

  const queuePolicy = resourceType({
    properties: z.strictObject({ PolicyDocument: z.unknown(), Queues: z.array(z.string()).min(1) }),
    create({ logicalId, properties }) {
      for (const url of properties.Queues) {
        const queue = queueAt(url);
        account.iam.setResourcePolicy(queue.arn, properties.PolicyDocument);
        queue.policy = properties.PolicyDocument;
      }
      return { ref: logicalId, attributes: { Id: logicalId } };
    },
  });

  return {
    signingName: 'sqs',
    protocol: 'json-1.0',
    operations,
    resources: { 'AWS::SQS::Queue': queueResource, 'AWS::SQS::QueuePolicy': queuePolicy },
    queryErrorCodes,
    invalidInput: ({ member, missing: absent, value, message }) =>
      absent
        ? missing(member.split('.').at(-1) ?? member)
        : invalid(`Value ${String(value)} for parameter ${member} is invalid. Reason: ${message}.`),
    start() {
      sweep = setInterval(() => store.removeExpired(), 60_000);
    },
    stop() {
      stopped.abort();
      clearInterval(sweep);
    },
    send(queueArn, body, caller, attributes = {}) {
      account.iam.authorize(caller, [{ action: 'sqs:SendMessage', resource: queueArn }]);
      send(queueNamed(queueArn.split(':').at(-1) ?? ''), { MessageBody: body, MessageAttributes: attributes }, caller);
    },
  };
}

/** What the query protocol called these errors; the SDK shows some of them under this name still. */
const queryErrorCodes = {
  BatchEntryIdsNotDistinct: 'AWS.SimpleQueueService.BatchEntryIdsNotDistinct',
  BatchRequestTooLong: 'AWS.SimpleQueueService.BatchRequestTooLong',
  EmptyBatchRequest: 'AWS.SimpleQueueService.EmptyBatchRequest',
  InvalidBatchEntryId: 'AWS.SimpleQueueService.InvalidBatchEntryId',
  InvalidParameterValueException: 'InvalidParameterValue',
  MissingRequiredParameterException: 'MissingParameter',
  QueueDoesNotExist: 'AWS.SimpleQueueService.NonExistentQueue',
  TooManyEntriesInBatchRequest: 'AWS.SimpleQueueService.TooManyEntriesInBatchRequest',
};

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

/** Runs each entry of a batch by itself; what fails for one does not touch the others. */
function inBatch<Entry extends { Id: string }>(entries: readonly Entry[], act: (entry: Entry) => object) {
  if (entries.length === 0)
    throw new AwsError(
      'EmptyBatchRequest',
      'There should be at least one SendMessageBatchRequestEntry in the request.',
    );
  if (entries.length > 10) {
    throw new AwsError(
      'TooManyEntriesInBatchRequest',
      `Maximum number of entries per request are 10. You have sent ${entries.length}.`,
    );
  }
  if (entries.some(({ Id }) => !/^[\w-]{1,80}$/.test(Id))) {
    throw new AwsError(
      'InvalidBatchEntryId',
      'A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.',
    );
  }
  const repeated = entries.find(({ Id }, index) => entries.findIndex((other) => other.Id === Id) < index);
  if (repeated) throw new AwsError('BatchEntryIdsNotDistinct', `Id ${repeated.Id} repeated.`);

  const successful: object[] = [];
  const failed: object[] = [];
  for (const entry of entries) {
    try {
      successful.push({ Id: entry.Id, ...act(entry) });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      const { code, message, statusCode } = error;
      const Code = (queryErrorCodes as Record<string, string>)[code] ?? code;
      failed.push({ Id: entry.Id, Code, Message: message, SenderFault: statusCode < 500 });
    }
  }
  return { ...(successful.length > 0 && { Successful: successful }), ...(failed.length > 0 && { Failed: failed }) };
}

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
  return {
    MessageId: message.messageId,
    ReceiptHandle: message.receiptHandle,
    Body: message.body,
    MD5OfBody: message.md5,
    ...(system.length > 0 && { Attributes: Object.fromEntries(system) }),
    ...(Object.keys(attributes).length > 0 && {
      MessageAttributes: attributes,
      MD5OfMessageAttributes: md5OfAttributes(attributes),
    }),
  };
}

function senderOf({ arn, kind }: Caller): string {
  return kind === 'role' ? arn.split('/').slice(1).join(':') : arn.replace(/^service:/, '');
}
