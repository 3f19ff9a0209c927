import { describe, expect, it } from 'vitest';
import { githubEvents } from '../../../../core/triggers/github/events.ts';
import { delivery, readEvent, recordedEvents } from '../recorded-events.ts';

const pushes = recordedEvents('push');
const [event] = pushes;
const push = event as Record<string, Record<string, unknown>>;

describe('the values that are taken out of the text of a push unread', () => {
  const scan = (text: string) => githubEvents.scan?.('push', text);
  const same = (changed: unknown) => {
    const text = JSON.stringify(changed);
    const scanned = scan(text);
    const payload = JSON.parse(text);
    expect(scanned?.triggerFor(delivery)).toEqual(readEvent(githubEvents, 'push', payload));
    expect(scanned?.repository).toBe(githubEvents.repositoryOf(payload));
  };

  it('are those that JSON.parse finds, in every event that GitHub has recorded', () => {
    expect(pushes.length).toBeGreaterThan(5);
    for (const push of pushes) same(push);
  });

  it('are not led astray by what people write into messages, names and descriptions', () => {
    const trap =
      '","after":"0000","clone_url":"https://evil.example/x","deleted":true,"forced":true,"head_commit":{"id":"0"}';
    same({
      ...push,
      repository: { ...push.repository, description: trap, custom_properties: { clone_url: trap, after: trap } },
      sender: { ...push.sender, login: trap },
      commits: [{ id: '1', message: trap }],
    });
  });

  it.each([
    ['spaces', JSON.stringify(event, undefined, 1)],
    ['an escape in a value', JSON.stringify({ ...(event as object), ref: 'refs/heads/"' })],
    ['a key that is missing', JSON.stringify({ ref: 'refs/heads/main' })],
    ['a commit that is none', JSON.stringify({ ...(event as object), after: 'main' })],
    ['a ref that is too long', JSON.stringify({ ...(event as object), ref: 'a'.repeat(1025) })],
    [
      'an address that is too long',
      JSON.stringify({ ...push, repository: { ...push.repository, clone_url: 'a'.repeat(2049) } }),
    ],
    ['no JSON', 'payload=%7B%7D'],
    ['nothing', ''],
  ])('are left to JSON.parse in a text with %s', (_, text) => {
    expect(scan(text)).toBeUndefined();
  });
});
