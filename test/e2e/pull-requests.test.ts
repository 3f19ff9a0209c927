import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { type Slipway, startSlipway } from './slipway.ts';
import { smallDebian } from './sources.ts';

const statusSchema = z.object({
  statuses: z.array(
    z.object({
      state: z.string(),
      context: z.string(),
      description: z.string().nullable(),
      target_url: z.string().nullable(),
    }),
  ),
});
const commentsSchema = z.array(z.object({ body: z.string(), user: z.object({ login: z.string() }) }));

let slipway: Slipway;

beforeAll(async () => {
  slipway = await startSlipway();
});
afterAll(() => slipway?.stop());

const repository = () => `${slipway.machine.url}/github/repos/demo/proposed`;
const mark = 'slipway/pr: demo/proposed:latest';

/** A call of the git host's API in somebody's name. */
async function call(method: string, path: string, login: string, body?: object): Promise<unknown> {
  const response = await fetch(`${repository()}${path}`, {
    method,
    headers: {
      authorization: `Basic ${Buffer.from(`${login}:${slipway.machine.gitHubToken}`).toString('base64')}`,
      'content-type': 'application/json',
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
  return response.json();
}

/** What the pull request's mark at a commit says, once it is in a state. */
async function marked(commit: string, state: string) {
  return slipway.until(`the mark ${state} at ${commit}`, async () => {
    const { statuses } = statusSchema.parse(await call('GET', `/commits/${commit}/status`, 'demo'));
    return statuses.find((status) => status.context === mark && status.state === state);
  });
}

const comment = (number: number, login: string, body: string) =>
  call('POST', `/issues/${number}/comments`, login, { body });

const builtCommits = async () => (await slipway.builds('proposed')).map(({ commit }) => commit);

it('of a fork, nothing runs until a maintainer approves the commit, and nothing is released', async () => {
  await slipway.standIn();
  await slipway.track(slipway.entry('proposed', { 'pull-requests': 'true' }));
  const main = await slipway.pushSource('proposed', { Dockerfile: `${smallDebian}RUN echo one > /text\n` });
  const released = await slipway.ended('proposed', main);
  expect(released.status).toBe('released');

  const copy = await slipway.workingCopy('demo/proposed');
  const pushToFork = async (text: string) => {
    await copy.write({ Dockerfile: `${smallDebian}RUN echo ${text} > /text\n` });
    await copy.git('commit', '--quiet', '--all', `--message=Say ${text}`);
    await copy.git(
      'push',
      '--quiet',
      '--force',
      `${slipway.machine.url}/git/stranger/proposed.git`,
      'HEAD:refs/heads/feature',
    );
    return (await copy.git('rev-parse', 'HEAD')).trim();
  };
  const first = await pushToFork('two');
  const opened = await call('POST', '/pulls', 'stranger', { title: 'Say two', head: 'stranger:feature', base: 'main' });
  const { number } = z.object({ number: z.int() }).parse(opened);
  expect((await marked(first, 'pending')).description).toBe(`Waiting for a maintainer: comment /ok-to-test ${first}`);

  // Neither the author nor an approval of another commit starts anything.
  await comment(number, 'stranger', `/ok-to-test ${first}`);
  await slipway.until('the answer to the stranger', async () => {
    const comments = commentsSchema.parse(await call('GET', `/issues/${number}/comments`, 'demo'));
    return comments.find(({ body }) => body.includes('`stranger`'));
  });
  await comment(number, 'demo', `/ok-to-test ${main}`);
  await slipway.until('the answer to the maintainer', async () => {
    const comments = commentsSchema.parse(await call('GET', `/issues/${number}/comments`, 'demo'));
    expect(comments.filter(({ body }) => body.includes('Nothing was started'))).toHaveLength(1);
    return comments.find(({ body }) => body.includes(`\`/ok-to-test ${first}\``));
  });
  expect(await builtCommits()).toEqual([main]);

  await comment(number, 'demo', `I have read it.\n\n/ok-to-test ${first}`);
  const build = await slipway.ended('proposed', first);
  expect(build).toMatchObject({
    status: 'unchanged',
    image: null,
    verdict: { outcome: 'pass' },
    cause: { type: 'pull-request', number, author: 'stranger', approver: 'demo' },
  });
  expect(await marked(first, 'success')).toMatchObject({ target_url: `${slipway.machine.url}/builds/${build.id}` });
  expect(await slipway.client.digestOf('demo/proposed', 'latest')).toBe(released.image?.digest);

  await slipway.until('the comment about the image', async () => {
    const comments = commentsSchema.parse(await call('GET', `/issues/${number}/comments`, 'demo'));
    return comments.find(({ body }) => body.includes(`would be released](${slipway.machine.url}/builds/${build.id})`));
  });

  const second = await pushToFork('three');
  expect((await marked(second, 'pending')).description).toContain(second);
  await comment(number, 'demo', `/ok-to-test ${first}`);
  await slipway.until('the answer about the older commit', async () => {
    const comments = commentsSchema.parse(await call('GET', `/issues/${number}/comments`, 'demo'));
    return comments.find(({ body }) => body.includes(`\`/ok-to-test ${second}\``));
  });
  expect(await builtCommits()).toEqual([first, main]);
});

it('of a branch of the repository, each commit is built at once until the pull request is closed', async () => {
  await slipway.buildReally();
  const copy = await slipway.workingCopy('demo/proposed');
  await copy.write({ Dockerfile: 'FROM scratch\nCOPY Dockerfile /\n' });
  const blocked = await copy.push('Leave everything out', 'refs/heads/topic');
  const opened = await call('POST', '/pulls', 'demo', { title: 'Leave everything out', head: 'topic', base: 'main' });
  const { number } = z.object({ number: z.int() }).parse(opened);
  expect(await slipway.ended('proposed', blocked)).toMatchObject({ status: 'blocked', image: null });
  expect((await marked(blocked, 'failure')).description).toMatch(/^Blocked: /);

  await copy.write({ Dockerfile: `${smallDebian}RUN sleep 86399\n` });
  const slow = await copy.push('Take long', 'refs/heads/topic');
  await slipway.until('the build of the slow one', async () =>
    (await slipway.builds('proposed')).find(({ commit, status }) => commit === slow && status === 'building'),
  );
  await call('PATCH', `/pulls/${number}`, 'demo', { state: 'closed' });
  expect(await slipway.ended('proposed', slow)).toMatchObject({
    status: 'cancelled',
    failure: { error: 'PullRequestClosedError' },
  });
  expect((await marked(slow, 'error')).description).toMatch(/was closed/);
  expect((await slipway.mails('proposed', 1)).map(({ subject }) => subject)).toEqual([
    expect.stringMatching(/RELEASED/),
  ]);
});
