import type { App } from './apps.ts';
import type { CheckEvents } from './check-events.ts';
import { type CheckRun, type CheckRuns, changedRunSchema, checkRunJson, newRunSchema } from './check-runs.ts';
import {
  answerJson,
  type Call,
  callerOfWrite,
  forbidden,
  GitHubError,
  notFound,
  type Route,
  readInput,
} from './github-http.ts';
import type { Repositories, Repository } from './repositories.ts';

/** https://docs.github.com/en/rest/checks/runs */
export function checkRunRoutes(options: {
  url: string;
  repositories: Repositories;
  checkRuns: CheckRuns;
  checkEvents: CheckEvents;
}): Route[] {
  const { url, repositories, checkRuns, checkEvents } = options;
  const api = ({ owner, name }: Repository) => `${url}/github/repos/${owner}/${name}`;
  const json = (repository: Repository, run: CheckRun) => checkRunJson(url, api(repository), run);

  /** Only an app can write check runs, and only its own. */
  function appOf(call: Call): App {
    const { grant } = callerOfWrite(call);
    if (!grant) throw forbidden('You must authenticate via a GitHub App.');
    return grant.installation.app;
  }

  function runOf({ repository, groups }: Call): CheckRun {
    const found = checkRuns.get(Number(groups.id));
    if (found?.repositoryId !== repository.id) throw notFound();
    return found;
  }

  function ownRunOf(call: Call): CheckRun {
    const [app, run] = [appOf(call), runOf(call)];
    if (run.app.id !== app.id)
      throw forbidden(
        `Invalid app_id \`${run.app.id}\` - check run can only be modified by the GitHub App that created it.`,
      );
    return run;
  }

  return [
    [
      'POST',
      /^\/check-runs$/,
      async (call) => {
        const app = appOf(call);
        const { repository, request, response } = call;
        const given = await readInput(request, newRunSchema, 'CheckRun');
        const isCommit = /^[0-9a-f]{40}$/.test(given.head_sha);
        if (!isCommit || !(await repositories.commitOf(repository, given.head_sha)))
          throw new GitHubError(422, `No commit found for SHA: ${given.head_sha}`);
        answerJson(response, 201, json(repository, checkRuns.add(app, repository.id, given)));
      },
    ],
    [
      'PATCH',
      /^\/check-runs\/(?<id>\d{1,15})$/,
      async (call) => {
        const run = ownRunOf(call);
        const change = await readInput(call.request, changedRunSchema, 'CheckRun');
        answerJson(call.response, 200, json(call.repository, checkRuns.change(run, change) ?? run));
      },
    ],
    [
      'GET',
      /^\/check-runs\/(?<id>\d{1,15})$/,
      (call) => answerJson(call.response, 200, json(call.repository, runOf(call))),
    ],
    [
      'GET',
      /^\/check-runs\/(?<id>\d{1,15})\/annotations$/,
      (call) => answerJson(call.response, 200, runOf(call).run.annotations),
    ],
    [
      'POST',
      /^\/check-runs\/(?<id>\d{1,15})\/rerequest$/,
      async (call) => {
        const { login } = callerOfWrite(call);
        await checkEvents.rerequest(call.repository, runOf(call), login);
        answerJson(call.response, 201, {});
      },
    ],
    [
      'GET',
      /^\/commits\/(?<ref>.+)\/check-runs$/,
      async ({ response, repository, searchParams, groups: { ref = '' } }) => {
        const sha = await repositories.commitOf(repository, ref);
        if (!sha) throw new GitHubError(422, `No commit found for SHA: ${ref}`);
        const name = searchParams.get('check_name');
        const app = Number(searchParams.get('app_id') ?? 0);
        const named = checkRuns
          .of(repository.id, sha)
          .filter((each) => (name === null || each.run.name === name) && (app === 0 || each.app.id === app));
        // The newest of each name, unless all are asked for.
        const isNewest = (each: CheckRun) =>
          named.find((other) => other.run.name === each.run.name && other.app.id === each.app.id) === each;
        const shown = searchParams.get('filter') === 'all' ? named : named.filter(isNewest);
        const limit = Math.min(Math.max(Number(searchParams.get('per_page')) || 30, 1), 100);
        answerJson(response, 200, {
          total_count: shown.length,
          check_runs: shown.slice(0, limit).map((each) => json(repository, each)),
        });
      },
    ],
  ];
}
