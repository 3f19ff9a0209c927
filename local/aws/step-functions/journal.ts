import type { DatabaseSync } from 'node:sqlite';

export type ExecutionStatus = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';

export interface Execution {
  arn: string;
  machineArn: string;
  name: string;
  status: ExecutionStatus;
  /** JSON, as the caller sent it. */
  input: string;
  output: string | undefined;
  error: string | undefined;
  cause: string | undefined;
  /** Milliseconds since 1970. */
  startedAt: number;
  stoppedAt: number | undefined;
}

export interface HistoryEvent {
  id: number;
  previousEventId: number;
  timestamp: number;
  type: string;
  details: Record<string, unknown>;
}

/** What every execution did, on disk before it does the next thing. */
export interface ExecutionJournal {
  add(execution: Execution): void;
  /** A state is about to run with this input: the execution continues here after a restart. */
  enter(arn: string, state: string, input: unknown): void;
  end(execution: Execution): void;
  record(arn: string, type: string, details: Record<string, unknown>): void;
  get(arn: string): Execution | undefined;
  running(machineArn: string): { execution: Execution; state: string | undefined; stateInput: unknown }[];
  list(machineArn: string, status: ExecutionStatus | undefined, limit: number, offset: number): Execution[];
  history(arn: string, reverse: boolean, limit: number, offset: number): HistoryEvent[];
}

export function createExecutionJournal(database: DatabaseSync): ExecutionJournal {
  database.exec(`create table if not exists states_execution (
    arn text primary key, machine_arn text not null, name text not null, status text not null, input text not null,
    output text, error text, cause text, started_at integer not null, stopped_at integer, state text, state_input text)`);
  database.exec('create index if not exists states_execution_machine on states_execution (machine_arn, started_at)');
  database.exec(`create table if not exists states_event (
    arn text not null, id integer not null, timestamp integer not null, type text not null, details text not null,
    primary key (arn, id)) without rowid`);
  const insert = database.prepare(
    'insert into states_execution values (?, ?, ?, ?, ?, null, null, null, ?, null, null, null)',
  );
  const enter = database.prepare('update states_execution set state = ?, state_input = ? where arn = ?');
  const end = database.prepare(
    'update states_execution set status = ?, output = ?, error = ?, cause = ?, stopped_at = ? where arn = ?',
  );
  const record = database.prepare(
    'insert into states_event select ?, coalesce(max(id), 0) + 1, ?, ?, ? from states_event where arn = ?',
  );
  const one = database.prepare('select * from states_execution where arn = ?');
  const open = database.prepare(
    "select * from states_execution where machine_arn = ? and status = 'RUNNING' order by started_at",
  );
  const page = database.prepare(`select * from states_execution where machine_arn = ? and status like ?
    order by started_at desc, arn limit ? offset ?`);
  const events = {
    forward: database.prepare('select * from states_event where arn = ? order by id limit ? offset ?'),
    reverse: database.prepare('select * from states_event where arn = ? order by id desc limit ? offset ?'),
  };

  return {
    add({ arn, machineArn, name, status, input, startedAt }) {
      insert.run(arn, machineArn, name, status, input, startedAt);
    },
    enter(arn, state, input) {
      enter.run(state, JSON.stringify(input), arn);
    },
    end({ arn, status, output, error, cause, stoppedAt }) {
      end.run(status, output ?? null, error ?? null, cause ?? null, stoppedAt ?? null, arn);
    },
    record(arn, type, details) {
      record.run(arn, Date.now(), type, JSON.stringify(details), arn);
    },
    get(arn) {
      const row = one.get(arn);
      return row && executionOf(row);
    },
    running(machineArn) {
      return open.all(machineArn).map((row) => ({
        execution: executionOf(row),
        state: text(row.state),
        stateInput: JSON.parse(text(row.state_input) ?? 'null'),
      }));
    },
    list(machineArn, status, limit, offset) {
      return page.all(machineArn, status ?? '%', limit, offset).map(executionOf);
    },
    history(arn, reverse, limit, offset) {
      return (reverse ? events.reverse : events.forward).all(arn, limit, offset).map((row) => ({
        id: Number(row.id),
        previousEventId: Number(row.id) - 1,
        timestamp: Number(row.timestamp),
        type: String(row.type),
        details: JSON.parse(String(row.details)),
      }));
    },
  };
}

type Row = Record<string, unknown>;

function executionOf(row: Row): Execution {
  return {
    arn: String(row.arn),
    machineArn: String(row.machine_arn),
    name: String(row.name),
    status: row.status as ExecutionStatus,
    input: String(row.input),
    output: text(row.output),
    error: text(row.error),
    cause: text(row.cause),
    startedAt: Number(row.started_at),
    stoppedAt: row.stopped_at === null ? undefined : Number(row.stopped_at),
  };
}

function text(value: unknown): string | undefined {
  return value === null ? undefined : String(value);
}
