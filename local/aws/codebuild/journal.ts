import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { AwsError } from '../service.ts';
import type { Build } from './build.ts';
import type { ProcessIdentity } from './processes.ts';
import type { StartBuild } from './schema.ts';

/** Every build of the account, and the process that it runs in, so that a restart finds what was left behind. */
export interface BuildJournal {
  add(build: Build, input: StartBuild): void;
  save(build: Build): void;
  started(buildId: string, leader: ProcessIdentity): void;
  get(buildId: string): Build | undefined;
  /** @throws AwsError when the token came before with other parameters */
  byToken(token: string, input: StartBuild): Build | undefined;
  forgetToken(buildId: string): void;
  nextNumber(projectName: string): number;
  list(
    projectName: string,
    order: 'ASCENDING' | 'DESCENDING',
    offset: number,
  ): { ids: string[]; nextToken: string | undefined };
  unfinished(): { build: Build; leader: ProcessIdentity | undefined }[];
}

/** https://docs.aws.amazon.com/codebuild/latest/APIReference/API_StartBuild.html */
const tokenMilliseconds = 5 * 60_000;
const pageSize = 100;

interface Row {
  record: string;
  parameters: string;
  leader: string | null;
}

export function createBuildJournal(database: DatabaseSync): BuildJournal {
  database.exec(`create table if not exists codebuild_build (
    id text primary key, project text not null, number integer not null, record text not null, complete integer not null,
    token text, parameters text not null, created_at integer not null, leader text)`);
  database.exec('create index if not exists codebuild_build_token on codebuild_build (token)');
  const insert = database.prepare('insert into codebuild_build values (?, ?, ?, ?, 0, ?, ?, ?, null)');
  const update = database.prepare('update codebuild_build set record = ?, complete = ? where id = ?');
  const lead = database.prepare('update codebuild_build set leader = ? where id = ?');
  const forget = database.prepare('update codebuild_build set token = null where id = ?');
  const one = database.prepare('select record from codebuild_build where id = ?');
  const token = database.prepare('select record, parameters from codebuild_build where token = ? and created_at > ?');
  const last = database.prepare('select max(number) as number from codebuild_build where project = ?');
  const page = {
    ASCENDING: database.prepare('select id from codebuild_build where project = ? order by number limit ? offset ?'),
    DESCENDING: database.prepare(
      'select id from codebuild_build where project = ? order by number desc limit ? offset ?',
    ),
  };
  const open = database.prepare('select record, leader from codebuild_build where complete = 0');

  return {
    add(build, input) {
      const { id, projectName, buildNumber } = build;
      insert.run(
        id,
        projectName,
        buildNumber,
        JSON.stringify(build),
        input.idempotencyToken ?? null,
        digest(input),
        Date.now(),
      );
    },
    save(build) {
      update.run(JSON.stringify(build), build.buildComplete ? 1 : 0, build.id);
    },
    started(buildId, leader) {
      lead.run(JSON.stringify(leader), buildId);
    },
    get(buildId) {
      const row = one.get(buildId) as Pick<Row, 'record'> | undefined;
      return row && (JSON.parse(row.record) as Build);
    },
    byToken(value, input) {
      const row = token.get(value, Date.now() - tokenMilliseconds) as unknown as Row | undefined;
      if (row === undefined) return undefined;
      if (row.parameters === digest(input)) return JSON.parse(row.record) as Build;
      throw new AwsError(
        'InvalidInputException',
        'The idempotency token was used with other parameters in the last five minutes.',
      );
    },
    forgetToken(buildId) {
      forget.run(buildId);
    },
    nextNumber(projectName) {
      return Number(last.get(projectName)?.number ?? 0) + 1;
    },
    list(projectName, order, offset) {
      const rows = page[order].all(projectName, pageSize + 1, offset);
      const ids = rows.slice(0, pageSize).map((row) => String(row.id));
      return { ids, nextToken: rows.length > pageSize ? String(offset + pageSize) : undefined };
    },
    unfinished() {
      return (open.all() as unknown as Row[]).map(({ record, leader }) => ({
        build: JSON.parse(record) as Build,
        leader: leader === null ? undefined : (JSON.parse(leader) as ProcessIdentity),
      }));
    },
  };
}

function digest(input: StartBuild): string {
  return createHash('sha256').update(JSON.stringify(input)).digest('hex');
}
