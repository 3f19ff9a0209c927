import { describe, expect, it } from 'vitest';
import { approveAction } from '../../../../core/git-host/check-actions.ts';
import type { CheckDetails } from '../../../../core/git-host/check-run.ts';
import { createGitHosts } from '../../../../services/git-host/hosts.ts';
import type { StatusMark } from '../../../../services/git-host/repository-api.ts';
import { startHost } from '../../http.ts';
import { send } from '../ask-host.ts';

const annotation = (line: number) => ({
  path: 'Dockerfile',
  start_line: line,
  end_line: line,
  annotation_level: 'warning' as const,
  title: 'DL3006',
  message: 'pin it',
});

/** Sets the mark of a commit, where these runs are already. */
async function set(
  mark: Partial<StatusMark>,
  check: Partial<CheckDetails> = {},
  { runs = [] as object[], token = 'ghs_token' } = {},
) {
  await using github = await startHost(({ method }, response) => {
    if (method === 'GET') send(response, 200, { total_count: runs.length, check_runs: runs });
    else send(response, 201, { id: 5, external_id: 'b1', output: { annotations_count: 0 } });
  });
  const host = { kind: 'github', url: 'https://git.example', apiUrl: github.url } as const;
  const repository = createGitHosts([host], async () => token).repositoryAt('https://git.example/demo/app');
  const whole = { state: 'success', context: 'slipway: demo/app:latest', description: 'Released', ...mark } as const;
  await repository?.setStatus('c0', { ...whole, check: { id: 'b1', summary: '**why**', ...check } });
  return github.requests.map(({ method, path, body }) => ({
    call: `${method} ${path}`,
    body: body && JSON.parse(body),
  }));
}

const list =
  'GET /repos/demo/app/commits/c0/check-runs?check_name=slipway%3A%20demo%2Fapp%3Alatest&filter=all&per_page=100';

describe('the mark of an app at a commit', () => {
  it('is a check run of its name, which says what the build is and why', async () => {
    expect(await set({ state: 'pending', target_url: 'https://slipway.example/builds/b1' })).toEqual([
      { call: list, body: '' },
      {
        call: 'POST /repos/demo/app/check-runs',
        body: {
          head_sha: 'c0',
          name: 'slipway: demo/app:latest',
          external_id: 'b1',
          status: 'in_progress',
          details_url: 'https://slipway.example/builds/b1',
          output: { title: 'Released', summary: '**why**', annotations: [] },
        },
      },
    ]);
  });

  it.each([
    ['success', 'success'],
    ['failure', 'failure'],
    ['error', 'cancelled'],
  ] as const)('that is a %s concludes the run as %s', async (state, conclusion) => {
    const [, changed] = await set({ state }, {}, { runs: [{ id: 4, external_id: 'b1' }] });
    expect(changed).toMatchObject({ call: 'PATCH /repos/demo/app/check-runs/4', body: { conclusion } });
  });

  it('leaves the runs of other builds of the commit as they are', async () => {
    const [, made] = await set({}, {}, { runs: [{ id: 4, external_id: 'b0' }] });
    expect(made?.call).toBe('POST /repos/demo/app/check-runs');
  });

  it('that waits for a maintainer has a button', async () => {
    const [, made] = await set({ state: 'pending' }, { id: 'pull-request 7', action: approveAction });
    expect(made?.body).toMatchObject({
      conclusion: 'action_required',
      external_id: 'pull-request 7',
      actions: [{ label: 'Approve', identifier: 'approve' }],
    });
  });

  it('has annotations, fifty in a request, and not twice when it is set again', async () => {
    const annotations = async () => Array.from({ length: 120 }, (_, at) => annotation(at + 1));
    const [, ...sent] = await set({ state: 'failure' }, { annotations });
    expect(sent.map(({ call, body }) => [call, body.output.annotations.length])).toEqual([
      ['POST /repos/demo/app/check-runs', 50],
      ['PATCH /repos/demo/app/check-runs/5', 50],
      ['PATCH /repos/demo/app/check-runs/5', 20],
    ]);
    const runs = [{ id: 4, external_id: 'b1', output: { annotations_count: 120 } }];
    const [, ...again] = await set({ state: 'failure' }, { annotations }, { runs });
    expect(again.map(({ body }) => body.output.annotations.length)).toEqual([0]);
  });

  it('is a status with any other token, without what only a check run has', async () => {
    const [only, ...others] = await set({}, {}, { token: 'github_pat_1' });
    expect([only?.call, Object.keys(only?.body ?? {}), others]).toEqual([
      'POST /repos/demo/app/statuses/c0',
      ['state', 'context', 'description'],
      [],
    ]);
  });
});
