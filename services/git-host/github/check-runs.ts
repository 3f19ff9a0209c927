import * as z from 'zod';
import type { HostRequests } from '../host-requests.ts';
import type { StatusMark } from '../repository-api.ts';

/** https://docs.github.com/en/rest/checks/runs#create-a-check-run */
const annotationsPerRequest = 50;
const mostRuns = 100;

const runSchema = z.object({
  id: z.int(),
  external_id: z.string().nullish(),
  output: z.object({ annotations_count: z.int().default(0) }).prefault({}),
});
const runsSchema = z.object({ check_runs: z.array(runSchema) });

const conclusions = { success: 'success', failure: 'failure', error: 'cancelled' } as const;

/**
 * Writes the check run of a commit that has a name, and is of one build or pull request: makes it, or changes the one that is there. Another
 * build of the commit has a run of its own, of which GitHub shows the newest.
 */
export function createCheckRuns({ request, get }: HostRequests) {
  return async function setCheckRun(sha: string, { state, context, description, target_url, check }: StatusMark) {
    const external_id = check?.id ?? context;
    const list = 'GET /repos/{owner}/{repo}/commits/{sha}/check-runs';
    const query = { sha, check_name: context, filter: 'all', per_page: mostRuns };
    const { check_runs } = await get(runsSchema, list, query);
    const known = check_runs.find((run) => run.external_id === external_id);
    // Those of a change are added to those that are there.
    const isAnnotated = (known?.output.annotations_count ?? 0) > 0;
    const annotations = isAnnotated ? [] : ((await check?.annotations?.()) ?? []);
    const output = (from: number) => ({
      title: check?.title ?? description,
      summary: check?.summary ?? description,
      annotations: annotations.slice(from, from + annotationsPerRequest),
    });
    const outcome =
      check?.action !== undefined
        ? { conclusion: 'action_required', actions: [check.action] }
        : state === 'pending'
          ? { status: 'in_progress' }
          : { conclusion: conclusions[state], actions: [] };
    const run = { name: context, details_url: target_url, external_id, ...outcome, output: output(0) };
    const change = 'PATCH /repos/{owner}/{repo}/check-runs/{id}';
    const { id } = known ?? (await get(runSchema, 'POST /repos/{owner}/{repo}/check-runs', { head_sha: sha, ...run }));
    if (known) await request(change, { id, ...run });
    for (let from = annotationsPerRequest; from < annotations.length; from += annotationsPerRequest)
      await request(change, { id, output: output(from) });
  };
}
