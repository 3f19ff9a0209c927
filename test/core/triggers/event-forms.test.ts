import { describe, expect, it } from 'vitest';
import { type GitHostKind, gitHostKinds } from '../../../core/model/git-host.ts';
import { triggerSchema } from '../../../core/model/trigger.ts';
import { commentMark } from '../../../core/triggers/approved.ts';
import { hostEvents, type SentEvent } from './events.ts';

const commit = 'a'.repeat(40);
const delivery = { id: 'guid', source: 'git.example/demo/app' };

describe.each(gitHostKinds)('an event of %s', (kind: GitHostKind) => {
  const { form, url, ...events } = hostEvents[kind];
  const read = ({ name, payload }: SentEvent) => form.readers[name]?.(payload, delivery);

  it('says which repository it is of', () => {
    const sent = [events.push('refs/heads/main'), events.pullRequest('opened'), events.comment({ body: 'Hello' })];
    expect(sent.map(({ payload }) => form.repositoryOf(payload))).toEqual([url, url, url]);
    for (const payload of [undefined, null, {}, { repository: 7, project: [] }]) {
      expect(form.repositoryOf(payload)).toBeUndefined();
    }
  });

  it('of a push is a hint: which ref to ask for, and what it is expected to be at', () => {
    const trigger = read(events.push('refs/heads/main'));
    expect(trigger).toEqual({ type: 'push', ...delivery, ref: 'refs/heads/main', expected: commit, pusher: 'ada' });
    expect(triggerSchema.parse(trigger)).toEqual(trigger);
  });

  it('of a tag expects no commit, because it may name an annotated tag', () => {
    expect(read(events.push('refs/tags/v1.0.0'))).toEqual({
      type: 'push',
      ...delivery,
      ref: 'refs/tags/v1.0.0',
      expected: undefined,
      pusher: 'ada',
    });
  });

  it('of a deleted ref expects nothing at it, or starts nothing', () => {
    for (const ref of ['refs/heads/main', 'refs/tags/v1.0.0']) {
      expect(read(events.deleted(ref)) ?? { expected: '0'.repeat(40) }).toMatchObject({ expected: '0'.repeat(40) });
    }
  });

  it.each(['opened', 'moved', 'reopened', 'retargeted'] as const)(
    'of a pull request that was %s asks for its head, of a fork as of the repository',
    (action) => {
      const expected = { commit, isOpen: true };
      const trigger = { type: 'pull-request', ...delivery, number: 7, expected };
      expect([read(events.pullRequest(action)), read(events.pullRequest(action, true))]).toEqual([trigger, trigger]);
    },
  );

  it.each(['closed', 'merged'] as const)('of a pull request that was %s expects one that is not open', (action) => {
    expect(read(events.pullRequest(action))).toMatchObject({ number: 7, expected: { commit, isOpen: false } });
  });

  it.each(['retitled', 'labeled'] as const)('of a pull request that was %s starts nothing', (action) => {
    expect(read(events.pullRequest(action))).toBeUndefined();
  });

  it.each([
    `/ok-to-test ${commit}`,
    `Looks good.\r\n\r\n/ok-to-test ${commit}\r\nThank you!`,
    `/ok-to-test\t${commit}  `,
    `/ok-to-test ${commit.toUpperCase()}`.replace('/OK-TO-TEST', '/ok-to-test'),
  ])('of a comment approves a commit: %j', (body) => {
    const trigger = read(events.comment({ body }));
    expect(trigger).toMatchObject({ type: 'approval', source: delivery.source, number: 7, approver: 'maintainer' });
    expect(trigger).toMatchObject(/[A-F]/.test(body) ? {} : { commit });
    expect(triggerSchema.parse(trigger)).toEqual(trigger);
  });

  it('of a comment has one id, however many webhooks deliver it, and another in another repository', () => {
    const { name, payload } = events.comment({ body: `/ok-to-test ${commit}` });
    const triggerOf = (id: string, source: string) => form.readers[name]?.(payload, { id, source });
    expect(triggerOf('one', 'git.example/demo/app')).toEqual(triggerOf('two', 'git.example/demo/app'));
    const [here, there] = ['git.example', 'other.example'].map((host) => triggerOf('one', `${host}/demo/app`));
    expect(here).not.toMatchObject({ id: (there as { id: string }).id });
  });

  it.each(['/ok-to-test', `/ok-to-test ${commit.slice(0, 12)}`, '/ok-to-test please'])(
    'of a comment asks for something without the whole commit, which is answered: %j',
    (body) => {
      expect(read(events.comment({ body }))).toMatchObject({ type: 'approval', number: 7, commit: undefined });
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
  ])('of a comment approves nothing: %j', (body) => {
    expect(read(events.comment({ body }))).toBeUndefined();
  });

  it('of a comment approves nothing once it was edited, or at an issue', () => {
    const body = `/ok-to-test ${commit}`;
    expect(read(events.comment({ body, isEdited: true }))).toBeUndefined();
    expect(read(events.comment({ body, isElsewhere: true }))).toBeUndefined();
    // Forgejo does not tell: who may write to the repository is asked in any case.
    if (kind !== 'forgejo') expect(read(events.comment({ body, isOfProgram: true }))).toBeUndefined();
  });

  it('that only says that it is one is malformed', () => {
    for (const read of Object.values(form.readers)) {
      for (const payload of [{}, null, { action: 'opened' }, { object_attributes: { action: 'open', iid: -1 } }]) {
        expect(read(payload, delivery)).toBe('malformed');
      }
    }
  });
});
