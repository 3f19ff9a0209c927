import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { isoSeconds, userJson } from './repository-json.ts';

/** https://docs.github.com/en/rest/commits/statuses#create-a-commit-status */
export const newStatusSchema = z.object({
  state: z.enum(['error', 'failure', 'pending', 'success']),
  target_url: z
    .url({ protocol: /^https?$/ })
    .or(z.literal(''))
    .nullish(),
  description: z.string().max(140).nullish(),
  context: z.string().min(1).max(255).default('default'),
});

export type NewStatus = z.infer<typeof newStatusSchema>;
export type StatusJson = ReturnType<typeof statusJson>;

/** GitHub takes so many of one context for one commit. */
const maxPerContext = 1000;

/** The commit statuses of all repositories. */
export function createStatuses(url: string, database: DatabaseSync) {
  database.exec(`create table if not exists git_statuses (
    id integer primary key autoincrement,
    repository_id integer not null,
    sha text not null,
    state text not null,
    target_url text,
    description text,
    context text not null,
    created_at integer not null
  ) strict;
  create index if not exists git_statuses_of_commit on git_statuses (repository_id, sha);`);
  const count = database.prepare(
    'select count(*) as n from git_statuses where repository_id = ? and sha = ? and context = ?',
  );
  const insert =
    database.prepare(`insert into git_statuses (repository_id, sha, state, target_url, description, context, created_at)
    values (?, ?, ?, ?, ?, ?, ?) returning *`);
  const any = database.prepare('select 1 from git_statuses where repository_id = ? and sha = ? limit 1');
  const json = (row: Record<string, unknown>) => statusJson(url, row);

  return {
    /** Whether the commit has a status already. */
    has: (repositoryId: number, sha: string): boolean => any.get(repositoryId, sha) !== undefined,
    /** Undefined when the commit has too many of the context. */
    add(repositoryId: number, sha: string, status: NewStatus): StatusJson | undefined {
      if (Number(count.get(repositoryId, sha, status.context)?.n) >= maxPerContext) return undefined;
      const { state, target_url, description, context } = status;
      const row = insert.get(repositoryId, sha, state, target_url ?? null, description ?? null, context, Date.now());
      return row && json(row);
    },
    /** All of a commit, the newest first. */
    of: (repositoryId: number, sha: string): StatusJson[] =>
      database
        .prepare('select * from git_statuses where repository_id = ? and sha = ? order by id desc')
        .all(repositoryId, sha)
        .map(json),
    /** The newest of each context. */
    latest: (repositoryId: number, sha: string): StatusJson[] =>
      database
        .prepare(
          'select * from git_statuses where id in (select max(id) from git_statuses where repository_id = ? and sha = ? group by context) order by id',
        )
        .all(repositoryId, sha)
        .map(json),
    /** The newest of all repositories, for people. */
    recent: (limit: number) =>
      database
        .prepare(
          `select s.*, r.owner, r.name from git_statuses s join git_repositories r on r.id = s.repository_id order by s.id desc limit ?`,
        )
        .all(limit)
        .map((row) => ({ ...json(row), owner: String(row.owner), name: String(row.name), sha: String(row.sha) })),
  };
}

export type Statuses = ReturnType<typeof createStatuses>;

function statusJson(url: string, row: Record<string, unknown>) {
  const created = isoSeconds(Number(row.created_at));
  const text = (name: string) => row[name]?.toString() ?? null;
  return {
    url: `${url}/github/repositories/${row.repository_id}/statuses/${row.sha}`,
    avatar_url: null,
    id: Number(row.id),
    node_id: Buffer.from(`06:Status${row.id}`).toString('base64'),
    state: String(row.state),
    description: text('description'),
    target_url: text('target_url'),
    context: String(row.context),
    created_at: created,
    updated_at: created,
    creator: userJson(url, 'slipway'),
  };
}
