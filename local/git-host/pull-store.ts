import type { DatabaseSync } from 'node:sqlite';
import type { Repository } from './repositories.ts';

/** A pull request as it is kept. */
export interface Pull {
  readonly id: number;
  /** Of the base: where the pull request is. */
  readonly repositoryId: number;
  readonly number: number;
  readonly title: string;
  readonly body: string | undefined;
  readonly login: string;
  readonly state: 'open' | 'closed';
  /** Where the head's branch is: the same repository or a fork. */
  readonly headRepositoryId: number;
  readonly headRef: string;
  readonly headSha: string;
  readonly baseRef: string;
  /** The base's head when the pull request was opened or moved. */
  readonly baseSha: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly closedAt: number | undefined;
  readonly mergedAt: number | undefined;
  readonly mergedBy: string | undefined;
  readonly mergeCommit: string | undefined;
}

export interface Comment {
  readonly id: number;
  readonly repositoryId: number;
  readonly number: number;
  readonly login: string;
  readonly body: string;
  readonly createdAt: number;
  readonly updatedAt: number;
}

export type PullChange = Partial<
  Pick<
    Pull,
    | 'title'
    | 'body'
    | 'state'
    | 'headSha'
    | 'baseRef'
    | 'baseSha'
    | 'closedAt'
    | 'mergedAt'
    | 'mergedBy'
    | 'mergeCommit'
  >
>;

const columns: Record<keyof PullChange, string> = {
  title: 'title',
  body: 'body',
  state: 'state',
  headSha: 'head_sha',
  baseRef: 'base_ref',
  baseSha: 'base_sha',
  closedAt: 'closed_at',
  mergedAt: 'merged_at',
  mergedBy: 'merged_by',
  mergeCommit: 'merge_commit',
};

/** The rows of pull requests and of what people write at them. */
export function createPullStore(database: DatabaseSync) {
  database.exec(`create table if not exists git_pulls (
    id integer primary key autoincrement,
    repository_id integer not null,
    number integer not null,
    title text not null,
    body text,
    login text not null,
    state text not null,
    head_repository_id integer not null,
    head_ref text not null,
    head_sha text not null,
    base_ref text not null,
    base_sha text not null,
    created_at integer not null,
    updated_at integer not null,
    closed_at integer,
    merged_at integer,
    merged_by text,
    merge_commit text,
    unique (repository_id, number)
  ) strict;
  create index if not exists git_pulls_of_head on git_pulls (head_repository_id) where state = 'open';
  create table if not exists git_comments (
    id integer primary key autoincrement,
    repository_id integer not null,
    number integer not null,
    login text not null,
    body text not null,
    created_at integer not null,
    updated_at integer not null
  ) strict;
  create index if not exists git_comments_of_pull on git_comments (repository_id, number);`);

  function find(repository: Repository, number: number): Pull | undefined {
    const row = database
      .prepare('select * from git_pulls where repository_id = ? and number = ?')
      .get(repository.id, number);
    return row && pullOf(row);
  }

  function comment(repository: Repository, id: number): Comment | undefined {
    const row = database
      .prepare('select * from git_comments where repository_id = ? and id = ?')
      .get(repository.id, id);
    return row && commentOf(row);
  }

  return {
    find,
    /** The newest first. */
    list: (repository: Repository): Pull[] =>
      database
        .prepare('select * from git_pulls where repository_id = ? order by number desc')
        .all(repository.id)
        .map(pullOf),
    /** The open ones whose head or base is in the repository. */
    openAt: (repository: Repository): Pull[] =>
      database
        .prepare(
          `select * from git_pulls where state = 'open' and (repository_id = ? or head_repository_id = ?) order by id`,
        )
        .all(repository.id, repository.id)
        .map(pullOf),
    add(
      pull: Omit<Pull, 'id' | 'number' | 'state' | 'updatedAt' | 'closedAt' | 'mergedAt' | 'mergedBy' | 'mergeCommit'>,
    ): Pull {
      const row = database
        .prepare(`insert into git_pulls (repository_id, number, title, body, login, state, head_repository_id, head_ref,
          head_sha, base_ref, base_sha, created_at, updated_at)
          values (?, (select coalesce(max(number), 0) + 1 from git_pulls where repository_id = ?), ?, ?, ?, 'open', ?, ?, ?, ?, ?, ?, ?)
          returning *`)
        .get(
          ...[pull.repositoryId, pull.repositoryId, pull.title, pull.body ?? null, pull.login, pull.headRepositoryId],
          ...[pull.headRef, pull.headSha, pull.baseRef, pull.baseSha, pull.createdAt, pull.createdAt],
        );
      return pullOf(row as Record<string, unknown>);
    },
    change(pull: Pull, change: PullChange): Pull {
      const entries = Object.entries(change) as [keyof PullChange, string | number | undefined][];
      const set = entries.map(([name]) => `${columns[name]} = ?`);
      const row = database
        .prepare(`update git_pulls set ${[...set, 'updated_at = ?'].join(', ')} where id = ? returning *`)
        .get(...entries.map(([, value]) => value ?? null), Date.now(), pull.id);
      return pullOf(row as Record<string, unknown>);
    },

    comment,
    /** The oldest first. */
    comments: (repository: Repository, number: number): Comment[] =>
      database
        .prepare('select * from git_comments where repository_id = ? and number = ? order by id')
        .all(repository.id, number)
        .map(commentOf),
    addComment(repository: Repository, number: number, login: string, body: string): Comment {
      const now = Date.now();
      const row = database
        .prepare(`insert into git_comments (repository_id, number, login, body, created_at, updated_at)
          values (?, ?, ?, ?, ?, ?) returning *`)
        .get(repository.id, number, login, body, now, now);
      database
        .prepare('update git_pulls set updated_at = ? where repository_id = ? and number = ?')
        .run(now, repository.id, number);
      return commentOf(row as Record<string, unknown>);
    },
    changeComment(id: number, body: string): Comment {
      const row = database
        .prepare('update git_comments set body = ?, updated_at = ? where id = ? returning *')
        .get(body, Date.now(), id);
      return commentOf(row as Record<string, unknown>);
    },
    removeComment: (id: number) => void database.prepare('delete from git_comments where id = ?').run(id),
  };
}

export type PullStore = ReturnType<typeof createPullStore>;

function pullOf(row: Record<string, unknown>): Pull {
  return {
    id: Number(row.id),
    repositoryId: Number(row.repository_id),
    number: Number(row.number),
    title: String(row.title),
    body: text(row.body),
    login: String(row.login),
    state: row.state === 'open' ? 'open' : 'closed',
    headRepositoryId: Number(row.head_repository_id),
    headRef: String(row.head_ref),
    headSha: String(row.head_sha),
    baseRef: String(row.base_ref),
    baseSha: String(row.base_sha),
    createdAt: Number(row.created_at),
    updatedAt: Number(row.updated_at),
    closedAt: time(row.closed_at),
    mergedAt: time(row.merged_at),
    mergedBy: text(row.merged_by),
    mergeCommit: text(row.merge_commit),
  };
}

function commentOf(row: Record<string, unknown>): Comment {
  return {
    id: Number(row.id),
    repositoryId: Number(row.repository_id),
    number: Number(row.number),
    login: String(row.login),
    body: String(row.body),
    createdAt: Number(row.created_at),
    updatedAt: Number(row.updated_at),
  };
}

function text(value: unknown): string | undefined {
  return value === null ? undefined : String(value);
}

function time(value: unknown): number | undefined {
  return value === null ? undefined : Number(value);
}
