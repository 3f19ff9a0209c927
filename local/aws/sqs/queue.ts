import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { transaction } from '../transaction.ts';
import { attributesSchema, type MessageAttributes, md5OfBody, type NewMessage } from './message.ts';

export interface QueueSettings {
  delaySeconds: number;
  maximumMessageSize: number;
  retentionSeconds: number;
  receiveWaitSeconds: number;
  visibilitySeconds: number;
  redrive: { deadLetterQueue: string; maxReceiveCount: number } | undefined;
}

/** A message as a receiver gets it. */
export interface ReceivedMessage {
  messageId: string;
  receiptHandle: string;
  body: string;
  md5: string;
  attributes: MessageAttributes;
  systemAttributes: Record<string, string>;
}

export interface Queue {
  readonly name: string;
  readonly arn: string;
  readonly settings: QueueSettings;
  /** The policy document of AWS::SQS::QueuePolicy, for GetQueueAttributes. */
  policy: unknown;
}

export interface QueueStore {
  send(queue: Queue, message: NewMessage, senderId: string): { messageId: string; md5: string };
  /** Takes up to `count` messages that are due, hiding each for a while; those received too often go to the dead-letter queue. */
  take(queue: Queue, count: number, visibilitySeconds: number): ReceivedMessage[];
  /** True when the receipt was the message's last and the message is deleted now. */
  delete(queue: Queue, receiptHandle: string): boolean;
  /** True when the message was in flight under that receipt. */
  hide(queue: Queue, receiptHandle: string, seconds: number): boolean;
  purge(queue: Queue): void;
  /** Makes messages visible that were received and not deleted: their receivers ended with the machine and cannot delete them. */
  releaseInFlight(): void;
  counts(queue: Queue): { visible: number; inFlight: number; delayed: number };
  createdAt(queue: Queue): number;
  removeExpired(): void;
  /** Resolves when the queue may have a message to receive, when the time is over, or when the signal aborts; never rejects. */
  arrival(queue: Queue, until: number, signals: readonly AbortSignal[]): Promise<void>;
}

const rowSchema = z.object({
  id: z.number(),
  message_id: z.string(),
  body: z.string(),
  md5: z.string(),
  attributes: z.string(),
  trace_header: z.string().nullable(),
  sender: z.string(),
  sent_at: z.number(),
  receive_count: z.number(),
  first_received_at: z.number().nullable(),
  dead_letter_source: z.string().nullable(),
});

/** The messages of all queues. What `send` returned for is in the database. */
export function createQueueStore(database: DatabaseSync, queueNamed: (name: string) => Queue | undefined): QueueStore {
  database.exec(`
    create table if not exists sqs_queues (name text primary key, created_at integer not null) strict;
    create table if not exists sqs_messages (
      id integer primary key, queue text not null, message_id text not null, body text not null, md5 text not null,
      attributes text not null, trace_header text, sender text not null, sent_at integer not null, visible_at integer not null,
      expires_at integer not null, receive_count integer not null default 0, first_received_at integer, receipt text,
      dead_letter_source text) strict;
    create index if not exists sqs_messages_due on sqs_messages (queue, visible_at);
    create index if not exists sqs_messages_expiry on sqs_messages (expires_at);`);
  const insert = database.prepare(`insert into sqs_messages
    (queue, message_id, body, md5, attributes, trace_header, sender, sent_at, visible_at, expires_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`);
  const due = database.prepare(`select * from sqs_messages
    where queue = ? and visible_at <= ? and expires_at > ? order by visible_at, id limit ?`);
  const receive =
    database.prepare(`update sqs_messages set receive_count = receive_count + 1, visible_at = ?, receipt = ?,
    first_received_at = coalesce(first_received_at, ?) where id = ?`);
  const bury =
    database.prepare(`update sqs_messages set queue = ?, visible_at = ?, expires_at = ?, receipt = null, dead_letter_source = ?
    where id = ?`);
  const remove = database.prepare('delete from sqs_messages where id = ? and queue = ? and receipt = ?');
  const postpone = database.prepare(
    'update sqs_messages set visible_at = ? where id = ? and queue = ? and receipt = ? and visible_at > ?',
  );
  const release = database.prepare(
    'update sqs_messages set visible_at = ? where receipt is not null and visible_at > ?',
  );
  const soonest = database.prepare('select min(visible_at) as at from sqs_messages where queue = ? and visible_at > ?');
  const count = database.prepare(`select
      sum(visible_at <= :now) as visible, sum(visible_at > :now and receipt is not null) as in_flight,
      sum(visible_at > :now and receipt is null) as delayed
    from sqs_messages where queue = :queue and expires_at > :now`);
  const waiting = new Map<string, Set<() => void>>();

  const announce = (queue: string) => {
    for (const wake of waiting.get(queue) ?? []) wake();
  };

  const takeDue = (queue: Queue, most: number, visibilitySeconds: number): ReceivedMessage[] => {
    const now = Date.now();
    const taken: ReceivedMessage[] = [];
    const { redrive } = queue.settings;
    let rows: z.infer<typeof rowSchema>[];
    do {
      rows = z.array(rowSchema).parse(due.all(queue.name, now, now, most));
      for (const row of rows) {
        const grave =
          redrive && row.receive_count >= redrive.maxReceiveCount ? queueNamed(redrive.deadLetterQueue) : undefined;
        if (grave) {
          // The age of a message counts from its first sending, also in the dead-letter queue.
          bury.run(grave.name, now, row.sent_at + grave.settings.retentionSeconds * 1000, queue.arn, row.id);
          announce(grave.name);
        } else {
          const receipt = randomUUID();
          receive.run(now + visibilitySeconds * 1000, receipt, now, row.id);
          taken.push(received(row, queue, receipt, now));
        }
      }
    } while (rows.length > 0 && taken.length === 0);
    return taken;
  };

  return {
    send(queue, { body, attributes, systemAttributes, delaySeconds }, senderId) {
      const now = Date.now();
      const messageId = randomUUID();
      const md5 = md5OfBody(body);
      const visibleAt = now + (delaySeconds ?? queue.settings.delaySeconds) * 1000;
      const expiresAt = now + queue.settings.retentionSeconds * 1000;
      const traceHeader = systemAttributes.AWSTraceHeader?.StringValue ?? null;
      insert.run(
        queue.name,
        messageId,
        body,
        md5,
        JSON.stringify(attributes),
        traceHeader,
        senderId,
        now,
        visibleAt,
        expiresAt,
      );
      announce(queue.name);
      return { messageId, md5 };
    },
    take: (queue, most, visibilitySeconds) => transaction(database, () => takeDue(queue, most, visibilitySeconds)),
    delete(queue, receiptHandle) {
      const { id, receipt } = readReceipt(receiptHandle, queue);
      return remove.run(id, queue.name, receipt).changes === 1;
    },
    hide(queue, receiptHandle, seconds) {
      const { id, receipt } = readReceipt(receiptHandle, queue);
      const now = Date.now();
      const changed = postpone.run(now + seconds * 1000, id, queue.name, receipt, now).changes === 1;
      if (changed) announce(queue.name);
      return changed;
    },
    purge(queue) {
      database.prepare('delete from sqs_messages where queue = ?').run(queue.name);
    },
    counts(queue) {
      const row = count.get({ now: Date.now(), queue: queue.name }) ?? {};
      return { visible: Number(row.visible), inFlight: Number(row.in_flight), delayed: Number(row.delayed) };
    },
    createdAt(queue) {
      database.prepare('insert or ignore into sqs_queues values (?, ?)').run(queue.name, Date.now());
      return Number(database.prepare('select created_at from sqs_queues where name = ?').get(queue.name)?.created_at);
    },
    releaseInFlight() {
      const now = Date.now();
      release.run(now, now);
    },
    removeExpired() {
      database.prepare('delete from sqs_messages where expires_at <= ?').run(Date.now());
    },
    arrival(queue, until, signals) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const now = Date.now();
      const next = Number(soonest.get(queue.name, now)?.at ?? until);
      const wake = () => resolve();
      const timer = setTimeout(wake, Math.max(0, Math.min(next, until) - now) + 1);
      const wakes = waiting.get(queue.name) ?? new Set();
      waiting.set(queue.name, wakes.add(wake));
      for (const signal of signals) {
        signal.addEventListener('abort', wake);
        if (signal.aborted) wake();
      }
      return promise.finally(() => {
        clearTimeout(timer);
        wakes.delete(wake);
        for (const signal of signals) signal.removeEventListener('abort', wake);
      });
    },
  };
}

function received(row: z.infer<typeof rowSchema>, queue: Queue, receipt: string, now: number): ReceivedMessage {
  return {
    messageId: row.message_id,
    receiptHandle: Buffer.from(`${row.id} ${queue.arn} ${receipt}`).toString('base64'),
    body: row.body,
    md5: row.md5,
    attributes: attributesSchema.parse(JSON.parse(row.attributes)),
    systemAttributes: {
      SenderId: row.sender,
      SentTimestamp: String(row.sent_at),
      ApproximateReceiveCount: String(row.receive_count + 1),
      ApproximateFirstReceiveTimestamp: String(row.first_received_at ?? now),
      ...(row.trace_header !== null && { AWSTraceHeader: row.trace_header }),
      ...(row.dead_letter_source !== null && { DeadLetterQueueSourceArn: row.dead_letter_source }),
    },
  };
}

/** @throws InvalidReceiptError for a handle that no queue gave */
function readReceipt(handle: string, queue: Queue): { id: number; receipt: string } {
  const [id = '', arn, receipt = ''] = Buffer.from(handle, 'base64').toString().split(' ');
  if (!/^\d+$/.test(id) || arn !== queue.arn || receipt === '') throw new InvalidReceiptError(handle);
  return { id: Number(id), receipt };
}

export class InvalidReceiptError extends Error {
  override readonly name = 'InvalidReceiptError';
}
