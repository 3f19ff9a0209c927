import examples from '@octokit/webhooks-examples' with { type: 'json' };
import { describe, expect, it } from 'vitest';
import { triggerSchema } from '../../../core/model/trigger.ts';
import { pullRequestEventSchema, pullRequestTrigger } from '../../../core/triggers/github-pull-request.ts';

interface Example {
  name: string;
  examples: unknown[];
}

const recorded = (examples as unknown as Example[]).find(({ name }) => name === 'pull_request')?.examples ?? [];
const delivery = { id: 'guid', source: 'github.com/demo/app' };
const event = (over: object = {}) =>
  pullRequestEventSchema.parse({
    action: 'opened',
    number: 7,
    pull_request: { head: { sha: 'a'.repeat(40) } },
    ...over,
  });

describe("GitHub's pull request events", () => {
  it('are all understood, and those that bring new commits or a state count', () => {
    expect(recorded.length).toBeGreaterThan(20);
    const triggers = recorded.map((each) => pullRequestTrigger(pullRequestEventSchema.parse(each), delivery));
    const news = triggers.filter((trigger) => trigger !== undefined);
    expect(new Set(news.map(({ expected }) => expected.isOpen))).toEqual(new Set([true, false]));
    expect(news.length).toBeLessThan(recorded.length / 2);
    for (const trigger of news) expect(triggerSchema.parse(trigger)).toEqual(trigger);
  });

  it('say which pull request to ask for, and what it is expected to be at', () => {
    expect(pullRequestTrigger(event(), delivery)).toEqual({
      type: 'pull-request',
      id: 'guid',
      source: 'github.com/demo/app',
      number: 7,
      expected: { commit: 'a'.repeat(40), isOpen: true },
    });
  });

  it('that are to be merged into another branch are news', () => {
    const changes = { base: { ref: { from: 'old' }, sha: { from: 'b'.repeat(40) } } };
    expect(pullRequestTrigger(event({ action: 'edited', changes }), delivery)?.expected.isOpen).toBe(true);
    expect(pullRequestTrigger(event({ action: 'edited', changes: { title: {} } }), delivery)).toBeUndefined();
  });

  it('that say closed expect a pull request that is not open', () => {
    expect(pullRequestTrigger(event({ action: 'closed' }), delivery)?.expected.isOpen).toBe(false);
  });

  it.each(['edited', 'labeled', 'review_requested', 'constructor'])('that say %s are no news', (action) => {
    expect(pullRequestTrigger(event({ action }), delivery)).toBeUndefined();
  });
});
