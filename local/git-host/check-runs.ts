import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { appJson } from './app-json.ts';
import type { App, Apps } from './apps.ts';

/** https://docs.github.com/en/rest/checks/runs#create-a-check-run */
const annotationSchema = z.object({
  path: z.string().min(1),
  start_line: z.int().positive(),
  end_line: z.int().positive(),
  annotation_level: z.enum(['notice', 'warning', 'failure']),
  message: z.string().min(1).max(65_536),
  title: z.string().max(255).optional(),
});
const outputSchema = z.object({
  title: z.string().min(1),
  summary: z.string().max(65_535),
  text: z.string().max(65_535).optional(),
  annotations: z.array(annotationSchema).max(50).default([]),
});
const actionSchema = z.object({
  label: z.string().min(1).max(20),
  description: z.string().min(1).max(40),
  identifier: z.string().min(1).max(20),
});
const conclusions = ['action_required', 'cancelled', 'failure', 'neutral', 'success', 'skipped', 'timed_out'] as const;

export const changedRunSchema = z.object({
  name: z.string().min(1).optional(),
  details_url: z.url({ protocol: /^https?$/ }).optional(),
  external_id: z.string().optional(),
  status: z.enum(['queued', 'in_progress', 'completed']).optional(),
  conclusion: z.enum(conclusions).optional(),
  started_at: z.iso.datetime().optional(),
  completed_at: z.iso.datetime().optional(),
  output: outputSchema.optional(),
  actions: z.array(actionSchema).max(3).optional(),
});
export const newRunSchema = changedRunSchema.extend({ name: z.string().min(1), head_sha: z.string() });

type RunChange = z.infer<typeof changedRunSchema>;
type Run = RunChange & { annotations: z.infer<typeof annotationSchema>[] };

export interface CheckRun {
  id: number;
  repositoryId: number;
  sha: string;
  app: App;
  run: Run & { name: string };
}

/** The check runs of all repositories. */
export function createCheckRuns(database: DatabaseSync, apps: Pick<Apps, 'byIssuer'>) {
  database.exec(`create table if not exists git_check_runs (
    id integer primary key autoincrement,
    repository_id integer not null,
    sha text not null,
    app_id integer not null,
    run text not null
  ) strict;
  create index if not exists git_check_runs_of_commit on git_check_runs (repository_id, sha);`);

  function fromRow(row: Record<string, unknown>): CheckRun {
    const app = apps.byIssuer(String(row.app_id));
    if (!app) throw new Error(`The check run ${row.id} has no app.`);
    const run = JSON.parse(String(row.run)) as CheckRun['run'];
    return { id: Number(row.id), repositoryId: Number(row.repository_id), sha: String(row.sha), app, run };
  }

  const get = (id: number): CheckRun | undefined => {
    const row = database.prepare('select * from git_check_runs where id = ?').get(id);
    return row && fromRow(row);
  };

  return {
    get,
    add(app: App, repositoryId: number, { head_sha, ...given }: z.infer<typeof newRunSchema>): CheckRun {
      const run = { ...settled(given), name: given.name, annotations: given.output?.annotations ?? [] };
      const row = database
        .prepare('insert into git_check_runs (repository_id, sha, app_id, run) values (?, ?, ?, ?) returning *')
        .get(repositoryId, head_sha, app.id, JSON.stringify(run));
      return fromRow(row ?? {});
    },
    /** The annotations of a change are added to those that are there. */
    change({ id, run }: CheckRun, change: RunChange): CheckRun | undefined {
      const annotations = [...run.annotations, ...(change.output?.annotations ?? [])];
      const changed = { ...run, ...settled(change), annotations };
      database.prepare('update git_check_runs set run = ? where id = ?').run(JSON.stringify(changed), id);
      return get(id);
    },
    /** Those of a commit, the newest first. */
    of: (repositoryId: number, sha: string): CheckRun[] =>
      database
        .prepare('select * from git_check_runs where repository_id = ? and sha = ? order by id desc')
        .all(repositoryId, sha)
        .map(fromRow),
  };
}

export type CheckRuns = ReturnType<typeof createCheckRuns>;

/** A conclusion completes a run. */
function settled(change: RunChange): RunChange {
  return change.conclusion === undefined
    ? change
    : { ...change, status: 'completed', completed_at: change.completed_at ?? new Date().toISOString() };
}

/** https://docs.github.com/en/rest/checks/runs#get-a-check-run */
export function checkRunJson(url: string, repositoryApi: string, { id, sha, app, run }: CheckRun) {
  const { annotations, output, status = 'queued', conclusion, actions: _, ...given } = run;
  return {
    id,
    head_sha: sha,
    node_id: Buffer.from(`08:CheckRun${id}`).toString('base64'),
    external_id: '',
    details_url: null,
    started_at: null,
    completed_at: null,
    ...given,
    status,
    conclusion: conclusion ?? null,
    url: `${repositoryApi}/check-runs/${id}`,
    output: {
      title: output?.title ?? null,
      summary: output?.summary ?? null,
      text: output?.text ?? null,
      annotations_count: annotations.length,
      annotations_url: `${repositoryApi}/check-runs/${id}/annotations`,
    },
    app: appJson(url, app),
    // Those of forks are not listed. https://docs.github.com/en/rest/checks/runs
    pull_requests: [],
  };
}
