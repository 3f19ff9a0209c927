import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Slipway, startSlipway } from './slipway.ts';
import { smallDebian, type WorkingCopy } from './sources.ts';

let slipway: Slipway;
let copy: WorkingCopy;
let fork: string;

beforeAll(async () => {
  slipway = await startSlipway();
  fork = `guest/${slipway.machine.indexRepository.split('/')[1]}`;
  await slipway.track(slipway.entry('listed'));
  copy = await slipway.workingCopy(slipway.machine.indexRepository);
  await copy.git('remote', 'add', 'fork', `${slipway.machine.url}/git/${fork}.git`);
});
afterAll(() => slipway?.stop());

async function api<Answer>(path: string, body?: object): Promise<Answer | undefined> {
  const { url, gitHubToken, indexRepository } = slipway.machine;
  const answer = await fetch(`${url}/github/repos/${indexRepository}${path}`, {
    headers: { authorization: `token ${gitHubToken}`, 'content-type': 'application/json' },
    ...(body && { method: 'POST', body: JSON.stringify(body) }),
  });
  if (answer.ok) return (await answer.json()) as Answer;
  const text = await answer.text();
  // The host knows a fork's commit once it has received the push.
  if (answer.status === 422 && !body) return undefined;
  throw new Error(`${path}: ${answer.status} ${text}`);
}

/** Writes the index's file and pushes it to a branch; gives the commit. */
async function propose(remote: 'origin' | 'fork', branch: string, ...entries: string[]): Promise<string> {
  await copy.write({ 'index.d/demo.yml': `Projects:\n${entries.join('\n')}\n` });
  await copy.git('add', '--all');
  await copy.git('commit', '--quiet', '--allow-empty', '--message=Propose');
  await copy.git('push', '--quiet', '--force', remote, `HEAD:refs/heads/${branch}`);
  return (await copy.git('rev-parse', 'HEAD')).trim();
}

const status = (commit: string) =>
  slipway.until(`the status of ${commit}`, async () => {
    const found = await api<{ statuses: { context: string; state: string; description: string }[] }>(
      `/commits/${commit}/status`,
    );
    return found?.statuses.find(({ context }) => context === 'slipway: index');
  });

/** The comment once it is about the commit, and the only one. */
const comment = (number: number, commit: string) =>
  slipway.until(`the comment about ${commit}`, async () => {
    const comments = await api<{ body: string }[]>(`/issues/${number}/comments`);
    expect(comments?.length).toBeLessThanOrEqual(1);
    return comments?.find(({ body }) => body.includes(commit.slice(0, 12)))?.body;
  });

const proposal = () => slipway.entry('proposal', { id: '2', 'build-secrets': '{npmrc: npm-token}' });

describe('a pull request from a fork to the index', () => {
  let number: number;

  it('says what is wrong with it, and where', async () => {
    const commit = await propose(
      'fork',
      'add-mine',
      slipway.entry('listed'),
      slipway.entry('proposal', { id: '2', 'git-url': 'file:///etc' }),
    );
    const pull = await api<{ number: number }>('/pulls', { title: 'Add mine', head: 'guest:add-mine', base: 'main' });
    number = pull?.number ?? 0;
    expect(await status(commit)).toMatchObject({ state: 'failure' });
    expect(await comment(number, commit)).toMatch(/index\.d\/demo\.yml:\d+:\d+[\s\S]*`demo\/proposal:latest`/);
  });

  it('is shown in the same comment what its merge will do, after the next push', async () => {
    const source = await slipway.workingCopy('demo/proposal');
    await source.write({ Dockerfile: smallDebian, 'cccp.yml': 'job-id: another\n' });
    const head = await source.push('A source that no entry names yet');
    const commit = await propose('fork', 'add-mine', slipway.entry('listed'), proposal());
    expect(await status(commit)).toMatchObject({
      state: 'success',
      description: '1 project added, 1 build, 1 project with warnings',
    });
    const text = await comment(number, commit);
    expect(text).toContain(`at \`${head.slice(0, 12)}\``);
    expect(text).toContain('`Dockerfile` found');
    expect(text).toContain('another job-id: `another`');
    expect(text).toContain('whether its `build-secrets` are stored was not looked up');
  });

  it('has built nothing, and changed nothing', async () => {
    expect(await slipway.tracked()).toEqual(['demo/listed:latest']);
    expect(await slipway.builds('proposal')).toEqual([]);
  });
});

it('a pull request from a branch of the index is told which secrets of its builds nobody has stored', async () => {
  const commit = await propose('origin', 'add-secret', slipway.entry('listed'), proposal());
  const pull = await api<{ number: number }>('/pulls', { title: 'Add a secret', head: 'add-secret', base: 'main' });
  const text = await comment(pull?.number ?? 0, commit);
  expect(text).toMatch(/Nobody has stored the secret `\S+\/build-secrets\/demo\/npm-token` yet/);
});
