import { randomUUID } from 'node:crypto';
import type { Account } from '../service.ts';
import type { Outcome } from './function.ts';

/** How often and for how long Lambda itself tries an event again. */
export interface EventRetries {
  retries: number;
  maximumAgeMilliseconds: number;
}

export interface AsyncInvocations {
  /** Sets what holds for a function's events, instead of the defaults. */
  configure(functionArn: string, own: EventRetries): void;
  /** Stores the event until the function has handled it or every attempt has failed. */
  enqueue(functionArn: string, event: string): void;
  start(): void;
  stop(): void;
}

interface Row {
  id: string;
  function_arn: string;
  event: string;
  attempts: number;
  due_at: number;
  accepted_at: number;
}

/** https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html */
const defaults: EventRetries = { retries: 2, maximumAgeMilliseconds: 6 * 3_600_000 };
/** One minute before the first retry, two before the second. */
const retryDelay = (attempt: number) => attempt * 60_000;

/** Lambda's queue of asynchronous events. It is in the database, so that an accepted event survives a crash. */
export function createAsyncInvocations(
  account: Account,
  invoke: (functionArn: string, event: string) => Promise<Outcome>,
): AsyncInvocations {
  const { database } = account;
  database.exec(`create table if not exists lambda_event (
    id text primary key, function_arn text not null, event text not null,
    attempts integer not null, due_at integer not null, accepted_at integer not null)`);
  const insert = database.prepare('insert into lambda_event values (?, ?, ?, 0, ?, ?)');
  const update = database.prepare('update lambda_event set attempts = ?, due_at = ? where id = ?');
  const remove = database.prepare('delete from lambda_event where id = ?');
  const all = database.prepare('select * from lambda_event');
  const configured = new Map<string, EventRetries>();
  const timers = new Set<NodeJS.Timeout>();
  let stopped = true;

  const schedule = (row: Row): void => {
    if (stopped) return;
    const timer = setTimeout(
      () => {
        timers.delete(timer);
        void attempt(row);
      },
      Math.max(0, row.due_at - Date.now()),
    );
    timers.add(timer);
  };

  const attempt = async (row: Row): Promise<void> => {
    const outcome = await invoke(row.function_arn, row.event).catch((error: Error) => error);
    if (stopped) return;
    if (!(outcome instanceof Error) && outcome.ok) {
      remove.run(row.id);
      return;
    }
    const attempts = row.attempts + 1;
    const due = Date.now() + retryDelay(attempts);
    const { retries, maximumAgeMilliseconds } = configured.get(row.function_arn) ?? defaults;
    const tooOld = due - row.accepted_at > maximumAgeMilliseconds;
    if (attempts <= retries && !tooOld) {
      update.run(attempts, due, row.id);
      schedule({ ...row, attempts, due_at: due });
      return;
    }
    const reason = outcome instanceof Error ? outcome.message : outcome.error.errorMessage;
    account.log('lambda', `${row.function_arn} failed ${attempts} times and is given up: ${reason}`);
    remove.run(row.id);
  };

  return {
    configure: (functionArn, own) => void configured.set(functionArn, own),
    enqueue(functionArn, event) {
      const now = Date.now();
      const id = randomUUID();
      insert.run(id, functionArn, event, now, now);
      schedule({ id, function_arn: functionArn, event, attempts: 0, due_at: now, accepted_at: now });
    },
    start() {
      stopped = false;
      for (const row of all.all()) schedule(row as unknown as Row);
    },
    stop() {
      stopped = true;
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
