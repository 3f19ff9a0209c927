import { describe, expect, it } from 'vitest';
import type { Build } from '../../../core/model/build.ts';
import { createCommentOnPullRequest } from '../../../functions/builds/comment-on-pull-request.ts';
import { createFakeGithub } from '../fake-github.ts';
import { commit, setUpServices } from '../services-setup.ts';

const cause = { type: 'pull-request' as const, delivery: 'd', number: 7, commit, author: 'ada' };

async function setUp() {
  const world = await setUpServices();
  const github = createFakeGithub();
  github.pullRequests.set(7, { isOpen: true, commit, baseRef: 'main', isFork: true, author: 'ada' });
  const commentOn = createCommentOnPullRequest({
    builds: world.builds,
    repositoryAt: github.repositoryAt,
    siteUrl: 'https://slipway.example',
  });
  const end = async (id: string, project: string, status: 'unchanged' | 'failed', over: Partial<Build> = {}) => {
    const queued = await world.queue(id, { project, cause, ref: 'refs/pull/7/head', ...over });
    const ended = await world.builds.close(queued, status);
    if (!ended) throw new Error('It had an end already.');
    return ended;
  };
  return Object.assign(world, { github, commentOn, end });
}

describe('the comment on a pull request', () => {
  it('is one, which each build that ends brings up to date', async () => {
    await using world = await setUp();
    const one = await world.end('00000000000000a1', 'demo/one:latest', 'unchanged');
    await world.commentOn(one);
    await world.commentOn(await world.end('00000000000000a2', 'demo/two:latest', 'failed'));
    expect(world.github.comments).toMatchObject([{ repository: 'demo/app', number: 7 }]);
    const [{ body } = { body: '' }] = world.github.comments;
    expect(body).toContain('[passed: would be released](https://slipway.example/builds/00000000000000a1)');
    expect(body).toContain('[failed](https://slipway.example/builds/00000000000000a2)');
  });

  it('has the newest build of an image that was built again, and none of the branch or of another pull request', async () => {
    await using world = await setUp();
    await world.end('00000000000000a0', 'demo/one:latest', 'failed', { createdAt: '2026-01-01T00:00:00.000Z' });
    await world.end('00000000000000b1', 'demo/two:latest', 'failed', { cause: { ...cause, number: 8 } });
    await world.queue('00000000000000b2', { project: 'demo/three:latest' });
    await world.commentOn(await world.end('00000000000000a1', 'demo/one:latest', 'unchanged'));
    const [{ body } = { body: '' }] = world.github.comments;
    expect(body.match(/demo\/\w+:latest/g)).toEqual(['demo/one:latest']);
    expect(body).toContain('00000000000000a1');
  });

  it('has all images although two builds end at one moment', async () => {
    await using world = await setUp();
    const one = await world.end('00000000000000a1', 'demo/one:latest', 'unchanged');
    const repository = world.github.repository('demo/app');
    const { keepComment } = repository;
    let isFirst = true;
    repository.keepComment = async (...given) => {
      await keepComment(...given);
      if (!isFirst) return;
      isFirst = false;
      await world.end('00000000000000a2', 'demo/two:latest', 'failed');
    };
    await world.commentOn(one);
    expect(world.github.comments[0]?.body).toContain('demo/two:latest');
  });

  it.each([
    ['of a commit that is the head no more', { commit: 'b'.repeat(40) }, true],
    ['of a closed pull request', { isOpen: false }, true],
    ['without a token', {}, false],
  ])('is left as it is %s', async (_, over, hasToken) => {
    await using world = await setUp();
    world.github.hasToken = hasToken;
    world.github.pullRequests.set(7, { isOpen: true, commit, baseRef: 'main', isFork: false, author: 'ada', ...over });
    await world.commentOn(await world.end('00000000000000a1', 'demo/one:latest', 'unchanged'));
    expect(world.github.comments).toEqual([]);
  });
});
