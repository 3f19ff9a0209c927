import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { startWithPullRequest } from './github-in-front.ts';
import type { Rig } from './rig.ts';
import { smallDebian } from './sources.ts';

const mark = 'slipway/pr: demo/proposed:latest';
const statusSchema = z.object({
  statuses: z.array(
    z.object({ state: z.string(), context: z.string(), description: z.string(), target_url: z.string() }),
  ),
});
const dockerfile = (text: string) => ({ Dockerfile: `${smallDebian}RUN echo ${text} > /text\n` });

let github: Awaited<ReturnType<typeof startWithPullRequest>>;
let rig: Rig;

beforeAll(async () => {
  github = await startWithPullRequest();
  rig = github.rig;
});
afterAll(() => github?.stop());

/** What the pull request's mark at a commit says, once it is in a state. */
async function marked(commit: string, state: string) {
  return rig.until(`the mark ${state} at ${commit}`, async () => {
    const response = await fetch(`${rig.machine.url}/github/repos/demo/proposed/commits/${commit}/status`);
    const { statuses } = statusSchema.parse(await response.json());
    return statuses.find((status) => status.context === mark && status.state === state);
  });
}

const answered = (text: string) =>
  rig.until(`an answer with ${text}`, async () => github.comments.find((comment) => comment.includes(text)));

/** As a fork's commit is there: in the repository, and at the head of none of its tracked branches. */
async function propose(files: Record<string, string>): Promise<string> {
  const copy = await rig.workingCopy('demo/proposed');
  await copy.write(files);
  return copy.push('Propose', 'refs/heads/proposal');
}

it('of a fork, nothing runs until a maintainer approves the commit, and nothing is released', async () => {
  await rig.track(rig.entry('proposed', { 'pull-requests': 'true' }));
  const main = await rig.pushSource('proposed', dockerfile('one'));
  const released = await rig.ended('proposed', main);
  expect(released.status).toBe('released');

  const first = await propose(dockerfile('two'));
  await github.change('opened', first, { isFork: true });
  expect((await marked(first, 'pending')).description).toBe(`Waiting for a maintainer: comment /ok-to-test ${first}`);
  await github.comment('stranger', `/ok-to-test ${first}`);
  await answered('`stranger`');
  await github.comment('demo', `/ok-to-test ${main}`);
  await answered(`\`/ok-to-test ${first}\``);
  expect(github.comments).toHaveLength(1);
  expect((await rig.builds('proposed')).filter(({ commit }) => commit !== main)).toEqual([]);

  await github.comment('demo', `I have read it.\r\n\r\n/ok-to-test ${first}`);
  const build = await rig.ended('proposed', first);
  expect(build).toMatchObject({
    status: 'unchanged',
    image: null,
    verdict: { outcome: 'pass' },
    cause: { type: 'pull-request', number: 7, author: 'stranger', approver: 'demo' },
  });
  expect(await marked(first, 'success')).toMatchObject({ target_url: `${rig.machine.url}/builds/${build.id}` });
  expect(await rig.client.digestOf('demo/proposed', 'latest')).toBe(released.image?.digest);

  const second = await propose(dockerfile('three'));
  await github.change('synchronize', second, { isFork: true });
  await marked(second, 'pending');
  await github.comment('demo', `/ok-to-test ${first}`);
  await answered(`\`/ok-to-test ${second}\``);
  expect((await rig.builds('proposed')).filter(({ commit }) => commit === second)).toEqual([]);
});

it('of a branch of the repository, each commit is built at once until the pull request is closed', async () => {
  const blocked = await propose({ Dockerfile: 'FROM scratch\nCOPY Dockerfile /\n' });
  await github.change('synchronize', blocked, { isFork: false });
  expect(await rig.ended('proposed', blocked)).toMatchObject({ status: 'blocked', image: null });
  expect((await marked(blocked, 'failure')).description).toMatch(/^Blocked: /);

  const slow = await propose({ Dockerfile: `${smallDebian}RUN sleep 100\n` });
  await github.change('synchronize', slow, { isFork: false });
  await rig.until('the build of the slow one', async () =>
    (await rig.builds('proposed')).find(({ commit, status }) => commit === slow && status === 'building'),
  );
  await github.change('closed', slow, { isFork: false });
  expect(await rig.ended('proposed', slow)).toMatchObject({
    status: 'cancelled',
    failure: { error: 'PullRequestClosedError' },
  });
  expect((await marked(slow, 'error')).description).toMatch(/was closed/);
  expect((await rig.mails('proposed', 1)).map(({ subject }) => subject)).toEqual([expect.stringMatching(/RELEASED/)]);
});
