import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import PostalMime from 'postal-mime';

/** A message as the list shows it. */
export interface MessageSummary {
  id: string;
  from: string;
  /** Whom the message went to: the envelope, so that hidden recipients are among them. */
  to: string[];
  subject: string;
  /** ISO 8601, when the inbox took the message in. */
  date: string;
}

export interface Inbox {
  /** Takes a message in; it is on disk when the promise is kept. Gives the message's id. */
  deliver(envelope: { from: string; to: string[] }, raw: Uint8Array): Promise<string>;
  /** The newest first. `before` is the id of a message that an earlier page ended with. */
  list(page: { limit: number; before?: string }): MessageSummary[];
  find(id: string): { summary: MessageSummary; raw: Uint8Array } | undefined;
}

/** Every mail that the machine sends, to any address: none leaves the machine. */
export function createInbox(database: DatabaseSync): Inbox {
  database.exec(`create table if not exists inbox_messages (
    position integer primary key autoincrement,
    id text not null unique,
    sender text not null,
    recipients text not null,
    subject text not null,
    date text not null,
    raw blob not null
  ) strict`);
  const insert = database.prepare(
    'insert into inbox_messages (id, sender, recipients, subject, date, raw) values (?, ?, ?, ?, ?, ?)',
  );
  const page = database.prepare(`select id, sender, recipients, subject, date from inbox_messages
    where position < coalesce((select position from inbox_messages where id = ?), 9e18) order by position desc limit ?`);
  const one = database.prepare('select id, sender, recipients, subject, date, raw from inbox_messages where id = ?');

  return {
    async deliver(envelope, raw) {
      const { subject = '' } = await PostalMime.parse(raw);
      const id = randomUUID();
      insert.run(id, envelope.from, JSON.stringify(envelope.to), subject, new Date().toISOString(), raw);
      return id;
    },
    list: ({ limit, before }) => page.all(before ?? null, limit).map((row) => summaryOf(row)),
    find(id) {
      const row = one.get(id);
      return row && { summary: summaryOf(row), raw: row.raw as Uint8Array };
    },
  };
}

function summaryOf(row: Record<string, unknown>): MessageSummary {
  return {
    id: String(row.id),
    from: String(row.sender),
    to: JSON.parse(String(row.recipients)) as string[],
    subject: String(row.subject),
    date: String(row.date),
  };
}
