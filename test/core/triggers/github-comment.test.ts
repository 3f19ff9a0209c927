import examples from '@octokit/webhooks-examples' with { type: 'json' };
import { describe, expect, it } from 'vitest';
import { triggerSchema } from '../../../core/model/trigger.ts';
import { approvalTrigger, commentEventSchema, commentMark } from '../../../core/triggers/github-comment.ts';

interface Example {
  name: string;
  examples: unknown[];
}

const recorded = (examples as unknown as Example[]).find(({ name }) => name === 'issue_comment')?.examples ?? [];
const commit = 'a1'.repeat(20);

const delivery = { id: 'guid', source: 'github.com/demo/app' };

function read(body: string | null, over: { action?: string; issue?: object; user?: object | null } = {}) {
  const event = commentEventSchema.parse({
    action: over.action ?? 'created',
    issue: over.issue ?? { number: 7, pull_request: { url: 'https://…' } },
    comment: { id: 5, body, user: over.user === undefined ? { login: 'maintainer', type: 'User' } : over.user },
  });
  return approvalTrigger(event, delivery);
}

describe("GitHub's comment events", () => {
  it('are all understood, and approve nothing as long as nobody says so', () => {
    expect(recorded.length).toBeGreaterThan(5);
    for (const each of recorded) {
      expect(approvalTrigger(commentEventSchema.parse(each), delivery)).toBeUndefined();
    }
  });

  it.each([
    `/ok-to-test ${commit}`,
    `Looks good.\r\n\r\n/ok-to-test ${commit}\r\nThank you!`,
    `/ok-to-test\t${commit}  `,
    `/ok-to-test ${commit.toUpperCase()}`.replace('/OK-TO-TEST', '/ok-to-test'),
  ])('approve a commit: %j', (body) => {
    const trigger = read(body);
    expect(trigger).toMatchObject({
      id: 'approval:5',
      type: 'approval',
      number: 7,
      commit,
      approver: 'maintainer',
    });
    expect(triggerSchema.parse(trigger)).toEqual(trigger);
  });

  it.each(['/ok-to-test', `/ok-to-test ${commit.slice(0, 12)}`, '/ok-to-test please'])(
    'ask for something without the whole commit, which is answered: %j',
    (body) => {
      expect(read(body)).toMatchObject({ type: 'approval', number: 7 });
      expect(JSON.parse(JSON.stringify(read(body)))).not.toHaveProperty('commit');
    },
  );

  it.each([
    `> /ok-to-test ${commit}`,
    `    /ok-to-test ${commit}`,
    `Please /ok-to-test ${commit}`,
    `/ok-to-test ${commit} or not`,
    `/ok-to-tests ${commit}`,
    `${commentMark} index -->\n/ok-to-test ${commit}`,
    '',
    null,
  ])('approve nothing: %j', (body) => {
    expect(read(body)).toBeUndefined();
  });

  const body = `/ok-to-test ${commit}`;
  it('approve nothing once they were edited, at an issue, or by a program', () => {
    expect(read(body, { action: 'edited' })).toBeUndefined();
    expect(read(body, { issue: { number: 7 } })).toBeUndefined();
    expect(read(body, { user: { login: 'helper[bot]', type: 'Bot' } })).toBeUndefined();
    expect(read(body, { user: null })).toBeUndefined();
  });
});
