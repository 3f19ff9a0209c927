import { randomUUID } from 'node:crypto';
import { sign } from '@octokit/webhooks-methods';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runningCommands } from '../running-commands.ts';
import { type Slipway, startSlipway } from './slipway.ts';
import { smallDebian } from './sources.ts';

let slipway: Slipway;

beforeAll(async () => {
  slipway = await startSlipway();
  const jobs = ['stopped', 'burst'];
  await slipway.track(...jobs.map((job, at) => slipway.entry(job, { id: String(at + 1) })));
});
afterAll(() => slipway?.stop());

const quick = (word: string) => `${smallDebian}RUN echo ${word} > /word\n`;
const tagsOf = async (job: string, ...tags: string[]) =>
  Object.fromEntries(
    await Promise.all(tags.map(async (tag) => [tag, await slipway.client.digestOf(`demo/${job}`, tag)] as const)),
  );

describe('a newer push', () => {
  it('stops the older build, with every process of it, and supersedes it', async () => {
    const older = await slipway.pushSource('stopped', { Dockerfile: `${smallDebian}RUN sleep 86397\n` });
    await slipway.until(
      'the instruction that sleeps',
      async () => (await runningCommands()).includes('sleep 86397') || undefined,
    );
    const newer = await slipway.pushSource('stopped', { Dockerfile: quick('newer') });

    const superseded = await slipway.ended('stopped', older);
    const released = await slipway.ended('stopped', newer);
    expect(superseded).toMatchObject({ status: 'superseded', image: null, failure: null });
    expect(superseded.stages.find(({ name }) => name === 'build')?.status).toBe('skipped');
    expect(released.status).toBe('released');
    const shown: unknown = await (await fetch(new URL(`/api/v1/builds/${superseded.id}`, slipway.machine.url))).json();
    expect(shown).toMatchObject({ supersededBy: released.id });
    await slipway.until(
      'the end of its processes',
      async () => !(await runningCommands()).includes('sleep 86397') || undefined,
    );

    const mails = await slipway.mails('stopped', 1);
    expect(mails.map(({ subject }) => subject)).toEqual([expect.stringMatching(/released/i)]);
    expect(await slipway.client.digestOf('demo/stopped', 'latest')).toBe(released.image?.digest);
  });

  it('of a burst is the one that is released', async () => {
    await slipway.standIn({ usual: { seconds: 1 } });
    const commits: string[] = [];
    for (const word of ['one', 'two', 'three'])
      commits.push(await slipway.pushSource('burst', { Dockerfile: quick(word) }));
    const last = await slipway.ended('burst', commits.at(-1) ?? '');
    expect(last.status).toBe('released');
    // A commit that was not the head any more when its event was planned has no build.
    const others = (await slipway.builds('burst')).filter(({ id }) => id !== last.id);
    expect(others.filter(({ status }) => !['released', 'superseded'].includes(status))).toEqual([]);
    expect(commits).toEqual(expect.arrayContaining(others.map(({ commit }) => commit)));
    expect(await slipway.client.digestOf('demo/burst', 'latest')).toBe(last.image?.digest);
  });
});

describe('a signed event of a push that never happened', () => {
  it('builds nothing, though the host serves the commit that it names', async () => {
    const before = (await slipway.builds('stopped')).map(({ commit }) => commit);
    const [head] = before;
    const copy = await slipway.workingCopy('demo/stopped');
    await copy.git('switch', '--quiet', '--create', 'proposed');
    await copy.write({ Dockerfile: quick('proposed') });
    await copy.git('commit', '--quiet', '--all', '--message=Propose');
    await copy.git('push', '--quiet', 'origin', 'HEAD:refs/heads/proposed');
    const proposed = (await copy.git('rev-parse', 'HEAD')).trim();

    const body = JSON.stringify({
      ref: 'refs/heads/main',
      before: head,
      after: proposed,
      head_commit: { id: proposed },
      repository: { clone_url: `${slipway.machine.url}/git/demo/stopped.git` },
      pusher: { name: 'somebody' },
    });
    const answer = await fetch(`${slipway.machine.url}/webhooks/github`, {
      method: 'POST',
      headers: {
        'x-github-event': 'push',
        'x-github-delivery': randomUUID(),
        'x-hub-signature-256': await sign(slipway.webhookSecretOf('demo/stopped'), body),
      },
      body,
    });
    expect(answer.status).toBe(202);
    await copy.git('switch', '--quiet', 'main');
    const next = await slipway.pushSource('stopped', { Dockerfile: quick('next') });
    await slipway.ended('stopped', next);
    expect((await slipway.builds('stopped')).map(({ commit }) => commit)).toEqual([next, ...before]);
  });
});

describe('version tags', () => {
  it('are built beside the branch, and the shorter tags name the highest', async () => {
    const copy = await slipway.workingCopy('demo/burst');
    const digests: (string | undefined)[] = [];
    for (const [version, commit] of [
      ['v1.2.0', 'HEAD~1'],
      ['v1.1.5', 'HEAD'],
    ]) {
      await copy.git('push', '--quiet', 'origin', `${commit}:refs/tags/${version}`);
      const build = await slipway.until(`the build of ${version}`, async () =>
        (await slipway.builds('burst')).find(({ image }) => image?.tags.includes(version?.slice(1) ?? '')),
      );
      digests.push(build.image?.digest);
    }
    const [higher, lower] = digests;
    expect(higher).not.toBe(lower);
    expect(await tagsOf('burst', '1.2.0', '1.2', '1', '1.1.5', '1.1', '2')).toEqual({
      '1.2.0': higher,
      '1.2': higher,
      '1': higher,
      '1.1.5': lower,
      '1.1': lower,
      '2': undefined,
    });
  });
});
