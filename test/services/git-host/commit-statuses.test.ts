import { describe, expect, it } from 'vitest';
import type { Build } from '../../../core/model/build.ts';
import { createCommitStatuses } from '../../../services/git-host/commit-statuses.ts';
import { createGitHosts } from '../../../services/git-host/hosts.ts';
import { buildOf, commit } from '../../functions/services-setup.ts';
import { startHost } from '../http.ts';

const id = '00000000000000aa';
const git = 'https://git.example';

async function set(over: Partial<Build> = {}, token: string | undefined = 'the-token', status = 201) {
  await using host = await startHost((_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
  });
  const site = 'https://slipway.example';
  const hosts = createGitHosts([{ kind: 'github', url: git, apiUrl: host.url }], async () => token || undefined);
  await createCommitStatuses(hosts, site).set(buildOf(id, over));
  return host.requests.map(({ body, ...request }) => ({ ...request, body: JSON.parse(body) }));
}

describe('the mark at a commit', () => {
  it('says what became of its build and where to see more', async () => {
    const image = { repository: 'registry.example/demo/app', digest: 'sha256:0', tags: ['latest', 'main'] };
    expect(await set({ status: 'released', image })).toMatchObject([
      {
        method: 'POST',
        path: `/repos/demo/app/statuses/${commit}`,
        headers: { authorization: 'Bearer the-token' },
        body: {
          state: 'success',
          context: 'slipway: demo/app:latest',
          description: 'Released as latest',
          target_url: `https://slipway.example/builds/${id}`,
        },
      },
    ]);
  });

  it.each([
    ['queued', 'pending', /queued/],
    ['scanning', 'pending', /scanning/],
    ['unchanged', 'success', /unchanged/],
    ['blocked', 'failure', /^Blocked: CVE-1/],
    ['failed', 'failure', /^Failed: RUN make failed/],
    ['superseded', 'error', /superseded/],
    ['cancelled', 'error', /^Cancelled: RUN make failed/],
  ] as const)('of a build that is %s is %s', async (status, state, description) => {
    const verdict = { outcome: 'block' as const, reasons: ['CVE-1 in openssl.'], counts: {} };
    const failure = { error: 'X', message: `RUN make failed. ${'x'.repeat(500)}` };
    const [request] = await set({ status, verdict, failure });
    expect(request?.body).toMatchObject({ state, description: expect.stringMatching(description) });
    expect(request?.body.description.length).toBeLessThanOrEqual(140);
  });

  it.each<[string, Partial<Build>, string]>([
    [
      'the image passed with warnings',
      {
        status: 'released',
        image: { repository: 'registry.example/demo/app', digest: 'sha256:0', tags: ['latest'] },
        verdict: { outcome: 'pass', reasons: [], warnings: ['One.', 'Two.', 'Three.'], counts: {} },
      },
      'Released as latest, passed with 3 warnings',
    ],
    [
      'a pull request would be released, with a warning',
      {
        status: 'unchanged',
        ref: 'refs/pull/7/head',
        verdict: { outcome: 'pass', reasons: [], warnings: ['One.'], counts: {} },
      },
      'Passed with 1 warning: it would be released',
    ],
    [
      'of a vulnerability what and where it is, and how many reasons there are beside it',
      {
        status: 'blocked',
        verdict: {
          outcome: 'block',
          reasons: [
            'CVE-2026-1 (HIGH) in openssl 3.0.1-1: the policy allows MEDIUM at most; update it.',
            'Two.',
            'Three.',
          ],
          counts: {},
        },
      },
      'Blocked: CVE-2026-1 (HIGH) in openssl 3.0.1-1 and 2 more',
    ],
    [
      'as much of a long reason as GitHub takes, and the number of the others whole',
      {
        status: 'blocked',
        verdict: { outcome: 'block', reasons: [`user-test: \u202e${'😀'.repeat(200)}\nx`, 'Two.'], counts: {} },
      },
      `Blocked: user-test: ${'😀'.repeat(108)}… and 1 more`,
    ],
  ])('says in one line that %s', async (_, over, description) => {
    const [request] = await set(over);
    expect(request?.body.description).toBe(description);
  });

  it('at the head of a pull request is one of its own, beside the one of a branch', async () => {
    const cause = { type: 'pull-request' as const, delivery: 'd', number: 7, commit, author: 'someone' };
    expect(await set({ status: 'unchanged', cause, ref: 'refs/pull/7/head' })).toMatchObject([
      {
        body: {
          state: 'success',
          context: 'slipway/pr: demo/app:latest',
          description: 'Passed: it would be released',
          target_url: `https://slipway.example/builds/${id}`,
        },
      },
    ]);
  });

  it('of a commit that was built by hand beside the branch says nothing of the branch', async () => {
    const [request] = await set({ status: 'unchanged', ref: `refs/commits/${commit}` });
    expect(request?.body).toMatchObject({ context: 'slipway/manual: demo/app:latest', state: 'success' });
  });

  it('finds the repository in any form of its address', async () => {
    for (const sourceUrl of [`${git}/Demo/app`, `${git}/Demo/app.git/`, 'https://GIT.example/Demo/app.git']) {
      expect((await set({ sourceUrl }))[0]?.path).toBe(`/repos/Demo/app/statuses/${commit}`);
    }
  });

  it.each([
    'https://elsewhere.example/demo/app.git',
    'https://git.example.evil.example/demo/app',
    `${git}/group/demo/app`,
    `${git}/app`,
    git,
  ])('is not made for %s', async (sourceUrl) => {
    expect(await set({ sourceUrl })).toEqual([]);
  });

  it('is not made without a token', async () => {
    expect(await set({}, '')).toEqual([]);
  });

  it('that GitHub refuses is an error', async () => {
    await expect(set({}, 'wrong', 401)).rejects.toThrow(/store another, as docs\/git-hosts\.md says/);
  });
});
