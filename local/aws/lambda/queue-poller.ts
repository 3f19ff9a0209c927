import { setTimeout as sleep } from 'node:timers/promises';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { z } from 'zod';
import { type Account, AwsError } from '../service.ts';
import type { Outcome } from './function.ts';
import type { EventSource } from './schema.ts';

export interface QueuePoller {
  /** @throws AwsError when the queue does not fit the function */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface QueueConsumer {
  timeoutSeconds: number;
  invoke(event: string): Promise<Outcome>;
}

/** Lambda begins with five concurrent batches where the mapping sets no bound. */
const defaultConcurrency = 5;
/** SQS gives at most ten messages and waits at most twenty seconds. */
const mostMessages = 10;
const longestWait = 20;

/**
 * Brings a queue's messages to a function, with the function's own keys.
 * https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
 */
export function createQueuePoller(
  account: Account,
  sqs: SQSClient,
  source: EventSource,
  consumer: QueueConsumer,
): QueuePoller {
  const [, , , region, owner, queueName = ''] = source.EventSourceArn.split(':');
  const QueueUrl = `${account.endpoint}/${owner}/${queueName}`;
  const abort = new AbortController();
  const running = new Set<Promise<void>>();
  const concurrency = source.ScalingConfig?.MaximumConcurrency ?? defaultConcurrency;
  let loop: Promise<void> | undefined;

  const receive = async (count: number, seconds: number): Promise<Message[]> => {
    const command = new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: Math.min(count, mostMessages),
      WaitTimeSeconds: Math.min(Math.ceil(seconds), longestWait),
      MessageSystemAttributeNames: ['All'],
      MessageAttributeNames: ['All'],
    });
    const { Messages = [] } = await sqs.send(command, { abortSignal: abort.signal });
    return Messages;
  };

  const nextBatch = async (): Promise<Message[]> => {
    const batch = await receive(source.BatchSize, longestWait);
    const end = Date.now() + source.MaximumBatchingWindowInSeconds * 1000;
    while (batch.length > 0 && batch.length < source.BatchSize && Date.now() < end) {
      batch.push(...(await receive(source.BatchSize - batch.length, (end - Date.now()) / 1000)));
    }
    return batch;
  };

  const poll = async (): Promise<void> => {
    let pause = 1000;
    while (!abort.signal.aborted) {
      if (running.size >= concurrency) {
        await Promise.race(running);
        continue;
      }
      try {
        const batch = await nextBatch();
        pause = 1000;
        if (batch.length === 0) continue;
        const work = handle(batch).finally(() => running.delete(work));
        running.add(work);
      } catch (error) {
        if (abort.signal.aborted) return;
        account.log('lambda', `Receiving from ${queueName} failed, trying again: ${(error as Error).message}`);
        await sleep(pause, undefined, { signal: abort.signal }).catch(() => undefined);
        pause = Math.min(pause * 2, 30_000);
      }
    }
  };

  const handle = async (batch: Message[]): Promise<void> => {
    const event = { Records: batch.map((message) => recordOf(message, source.EventSourceArn, region ?? '')) };
    const outcome = await consumer.invoke(JSON.stringify(event)).catch((error: Error) => error);
    if (abort.signal.aborted) return;
    if (outcome instanceof AwsError && outcome.code === 'TooManyRequestsException') return giveBack(batch);
    const failed = outcome instanceof Error || !outcome.ok ? 'all' : failuresOf(outcome.payload, source, batch);
    const done = failed === 'all' ? [] : batch.filter(({ MessageId = '' }) => !failed.has(MessageId));
    for (let start = 0; start < done.length; start += mostMessages) {
      const Entries = done
        .slice(start, start + mostMessages)
        .map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
      // What stays undeleted comes again, and the function must bear that anyway.
      await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries })).catch((error: Error) => {
        account.log('lambda', `Deleting from ${queueName} failed: ${error.message}`);
      });
    }
  };

  /** The function has no room: the messages go back to be tried again soon. */
  const giveBack = async (batch: Message[]): Promise<void> => {
    for (const { ReceiptHandle } of batch) {
      const command = new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 1 });
      await sqs.send(command).catch(() => undefined);
    }
  };

  return {
    async start() {
      if (!source.Enabled) return;
      const command = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['VisibilityTimeout'] });
      const visibility = Number((await sqs.send(command)).Attributes?.VisibilityTimeout);
      if (visibility < consumer.timeoutSeconds) {
        throw new AwsError(
          'InvalidParameterValueException',
          `Queue visibility timeout: ${visibility} seconds is less than Function timeout: ${consumer.timeoutSeconds} seconds`,
        );
      }
      loop = poll();
    },
    async stop() {
      abort.abort();
      await loop;
    },
  };
}

const answerSchema = z
  .looseObject({
    batchItemFailures: z.array(z.looseObject({ itemIdentifier: z.string().min(1) })).nullish(),
  })
  .nullable();

/**
 * The messages that stay in the queue. An answer that does not have the form, or names a message that is not in the batch, fails the
 * whole batch. https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
 */
export function failuresOf(payload: string, source: EventSource, batch: Message[]): Set<string> | 'all' {
  if (!source.FunctionResponseTypes.includes('ReportBatchItemFailures')) return new Set();
  const value: unknown = JSON.parse(payload);
  // An empty answer, also an empty string, is success.
  const answer = answerSchema.safeParse(value === '' ? null : value);
  if (!answer.success) return 'all';
  const failed = (answer.data?.batchItemFailures ?? []).map(({ itemIdentifier }) => itemIdentifier);
  const known = new Set(batch.map(({ MessageId }) => MessageId));
  return failed.every((id) => known.has(id)) ? new Set(failed) : 'all';
}

/** https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html#example-standard-queue-message-event */
function recordOf(message: Message, eventSourceARN: string, awsRegion: string): object {
  const attributes = Object.entries(message.MessageAttributes ?? {}).map(([name, value]) => [
    name,
    {
      stringValue: value.StringValue,
      binaryValue: value.BinaryValue && Buffer.from(value.BinaryValue).toString('base64'),
      stringListValues: [],
      binaryListValues: [],
      dataType: value.DataType,
    },
  ]);
  return {
    messageId: message.MessageId,
    receiptHandle: message.ReceiptHandle,
    body: message.Body,
    attributes: message.Attributes ?? {},
    messageAttributes: Object.fromEntries(attributes),
    md5OfBody: message.MD5OfBody,
    eventSource: 'aws:sqs',
    eventSourceARN,
    awsRegion,
  };
}
