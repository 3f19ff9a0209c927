import { describe, expect, it } from 'vitest';
import { triggerSchema } from '../../../../core/model/trigger.ts';
import { githubEvents } from '../../../../core/triggers/github/events.ts';
import { readEvent, recordedEvents } from '../recorded-events.ts';

const read = (name: string, payload: unknown) => readEvent(githubEvents, name, payload);

describe("GitHub's recorded events", () => {
  it.each(['push', 'pull_request', 'issue_comment', 'check_run', 'check_suite'])(
    'of the kind %s are all understood',
    (name) => {
      const recorded = recordedEvents(name);
      expect(recorded.length).toBeGreaterThan(5);
      for (const each of recorded) {
        const trigger = read(name, each);
        expect(trigger).not.toBe('malformed');
        if (trigger) expect(triggerSchema.parse(trigger)).toEqual(trigger);
      }
    },
  );

  it('of pushes are told apart from the others', () => {
    const others = ['pull_request', 'issue_comment', 'release', 'create', 'delete'].flatMap(recordedEvents);
    expect(others.filter((event) => read('push', event) !== 'malformed')).toEqual([]);
  });

  it('of pull requests count if they bring new commits or a state, and comments if they approve', () => {
    const news = recordedEvents('pull_request').flatMap((each) => read('pull_request', each) ?? []);
    expect(news.length).toBeGreaterThan(2);
    expect(news.length).toBeLessThan(recordedEvents('pull_request').length / 2);
    expect(recordedEvents('issue_comment').flatMap((each) => read('issue_comment', each) ?? [])).toEqual([]);
  });
});
