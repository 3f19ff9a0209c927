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
    repository: { id: 1, clone_url: 'https://github.com/Demo/App.git', full_name: 'Demo/App' },
    ...over,
  });

describe("GitHub's pull request events", () => {
  it('are all understood, and those that bring new commits or a state count', () => {
    expect(recorded.length).toBeGreaterThan(20);
    const triggers = recorded.map((each) => pullRequestTrigger(pullRequestEventSchema.parse(each), 'guid', now));
    const counted = triggers.filter((trigger) => trigger !== undefined);
    expect(new Set(counted.map(({ action }) => action))).toEqual(
      new Set(['opened', 'synchronize', 'reopened', 'closed']),
    );
    expect(counted.length).toBeLessThan(recorded.length / 2);
    for (const trigger of counted) expect(triggerSchema.parse(trigger)).toEqual(trigger);
  });

  it('say which commit of which pull request is to go where', () => {
    expect(pullRequestTrigger(event(), 'guid', now)).toEqual({
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
    expect(pullRequestTrigger(event({}, { repo: { id: 2 } }), 'guid', now)?.fork).toBe(true);
    expect(pullRequestTrigger(event({}, { repo: null }), 'guid', now)?.fork).toBe(true);
  });

  it('that are to be merged into another branch count', () => {
    const changes = { base: { ref: { from: 'old' }, sha: { from: 'b'.repeat(40) } } };
    expect(pullRequestTrigger(event({ action: 'edited', changes }), 'guid', now)?.action).toBe('synchronize');
    expect(pullRequestTrigger(event({ action: 'edited', changes: { title: {} } }), 'guid', now)).toBeUndefined();
  });

  it.each(['edited', 'labeled', 'review_requested', 'constructor'])('that say %s are ignored', (action) => {
    expect(pullRequestTrigger(event({ action }), 'guid', now)).toBeUndefined();
  });
});
