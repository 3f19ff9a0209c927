import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';

/** An event on its way to one target. */
export interface Delivery {
  id: number;
  ruleArn: string;
  targetId: string;
  event: Record<string, unknown>;
  attempts: number;
  acceptedAt: number;
  dueAt: number;
}

/** What has been accepted and not delivered yet, and when each schedule fires next. All of it outlives the process. */
export interface EventJournal {
  add(ruleArn: string, targetId: string, event: Record<string, unknown>, now: number): void;
  /** Those that are due, in the order in which they were received. */
  due(now: number): Delivery[];
  nextDue(): number | undefined;
  done(delivery: Delivery): void;
  retryAt(delivery: Delivery, instant: number): void;
  /** When a schedule fires next; undefined for one that is new or has another expression now. */
  nextFiring(ruleArn: string, expression: string): number | undefined;
  setNextFiring(ruleArn: string, expression: string, instant: number): void;
}

const row = z
  .object({
    id: z.number(),
    rule: z.string(),
    target: z.string(),
    event: z.string(),
    attempts: z.number(),
    accepted_at: z.number(),
    due_at: z.number(),
  })
  .transform(
    ({ id, rule, target, event, attempts, accepted_at, due_at }): Delivery => ({
      id,
      ruleArn: rule,
      targetId: target,
      event: JSON.parse(event),
      attempts,
      acceptedAt: accepted_at,
      dueAt: due_at,
    }),
  );

export function openEventJournal(database: DatabaseSync): EventJournal {
  database.exec(`
    create table if not exists events_deliveries (
      id integer primary key, rule text not null, target text not null, event text not null, attempts integer not null default 0,
      accepted_at integer not null, due_at integer not null) strict;
    create index if not exists events_deliveries_due on events_deliveries (due_at);
    create table if not exists events_schedules (rule text primary key, expression text not null, next_at integer not null) strict;`);
  const insert = database.prepare(
    'insert into events_deliveries (rule, target, event, accepted_at, due_at) values (?, ?, ?, ?, ?)',
  );
  const selectDue = database.prepare('select * from events_deliveries where due_at <= ? order by id limit 100');
  const selectNext = database.prepare('select min(due_at) as at from events_deliveries');
  const remove = database.prepare('delete from events_deliveries where id = ?');
  const postpone = database.prepare('update events_deliveries set attempts = attempts + 1, due_at = ? where id = ?');
  const selectSchedule = database.prepare('select next_at from events_schedules where rule = ? and expression = ?');
  const setSchedule = database.prepare('insert or replace into events_schedules values (?, ?, ?)');
  const at = z.object({ at: z.number().nullable() });
  const nextAt = z.object({ next_at: z.number() }).optional();

  return {
    add(ruleArn, targetId, event, now) {
      insert.run(ruleArn, targetId, JSON.stringify(event), now, now);
    },
    due: (now) => z.array(row).parse(selectDue.all(now)),
    nextDue: () => at.parse(selectNext.get()).at ?? undefined,
    done({ id }) {
      remove.run(id);
    },
    retryAt({ id }, instant) {
      postpone.run(instant, id);
    },
    nextFiring: (ruleArn, expression) => nextAt.parse(selectSchedule.get(ruleArn, expression))?.next_at,
    setNextFiring(ruleArn, expression, instant) {
      setSchedule.run(ruleArn, expression, instant);
    },
  };
}
