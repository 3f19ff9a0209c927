import examples from '@octokit/webhooks-examples' with { type: 'json' };
import { describe, expect, it } from 'vitest';
import { triggerSchema } from '../../../core/model/trigger.ts';
import { pullRequestEventSchema, pullRequestTrigger } from '../../../core/triggers/github-pull-request.ts';

interface Example {
  name: string;
  examples: unknown[];
}

const recorded = (examples as unknown as Example[]).find(({ name }) => name === 'pull_request')?.examples ?? [];
const now = new Date('2026-11-21T00:00:00Z');
const delivery = { id: 'guid', receivedAt: now, source: 'github.com/demo/app', repository: () => 'Demo/App' };
const event = (over: object = {}, head: object = {}) =>
  pullRequestEventSchema.parse({
    action: 'opened',
    number: 7,
    pull_request: {
      head: { sha: 'a'.repeat(40), repo: { id: 1 }, ...head },
      base: { ref: 'main' },
      user: { login: 'someone' },
      updated_at: '2026-11-20T23:59:58Z',
    },
    repository: { id: 1 },
    ...over,
  });

describe("GitHub's pull request events", () => {
  it('are all understood, and those that bring new commits or a state are news', () => {
    expect(recorded.length).toBeGreaterThan(20);
    const triggers = recorded.map((each) => pullRequestTrigger(pullRequestEventSchema.parse(each), delivery));
    const news = triggers.filter((trigger) => trigger !== undefined);
    expect(new Set(news.map(({ action }) => action))).toEqual(new Set(['opened', 'synchronize', 'reopened', 'closed']));
    expect(news.length).toBeLessThan(recorded.length / 2);
    for (const trigger of news) expect(triggerSchema.parse(trigger)).toEqual(trigger);
  });

  it('say which commit of which pull request is to go where', () => {
    expect(pullRequestTrigger(event(), delivery)).toEqual({
      type: 'pull-request',
      id: 'guid',
      receivedAt: '2026-11-21T00:00:00.000Z',
      changedAt: '2026-11-20T23:59:58Z',
      source: 'github.com/demo/app',
      repository: 'Demo/App',
      number: 7,
      action: 'opened',
      commit: 'a'.repeat(40),
      baseRef: 'main',
      fork: false,
      author: 'someone',
    });
  });

  it('of another repository, and of one that is gone, are those of a fork', () => {
    expect(pullRequestTrigger(event({}, { repo: { id: 2 } }), delivery)?.fork).toBe(true);
    expect(pullRequestTrigger(event({}, { repo: null }), delivery)?.fork).toBe(true);
  });

  it('that are to be merged into another branch are news', () => {
    const changes = { base: { ref: { from: 'old' }, sha: { from: 'b'.repeat(40) } } };
    expect(pullRequestTrigger(event({ action: 'edited', changes }), delivery)?.action).toBe('synchronize');
    expect(pullRequestTrigger(event({ action: 'edited', changes: { title: {} } }), delivery)).toBeUndefined();
  });

  it('on a host without the API that would tell more are no news', () => {
    expect(pullRequestTrigger(event(), { ...delivery, repository: () => undefined })).toBeUndefined();
  });

  it.each(['edited', 'labeled', 'review_requested', 'constructor'])('that say %s are no news', (action) => {
    expect(pullRequestTrigger(event({ action }), delivery)).toBeUndefined();
  });
});
